# Sets Eventual_FOUND: whether the project's compiler is one that compiles coroutines as it should.
set(Eventual_FOUND TRUE)
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  set(Eventual_FOUND FALSE)
  string(CONCAT Eventual_NOT_FOUND_MESSAGE
         "Eventual needs clang 19 or newer, and the compiler is ${CMAKE_CXX_COMPILER_ID} "
         "${CMAKE_CXX_COMPILER_VERSION} (GCC 12 miscompiles coroutines). Use a preset of the project "
         "(cmake --preset dev) or -DCMAKE_CXX_COMPILER=clang++-19, in a new build folder.")
endif()
