# eventual_add_service(name sources… [TESTS test.cpp…] [LIBRARIES library…] [SIMULATED_SEEDS count])
#
# The executable `name` from the sources, in <build>/bin. The sources are linked as objects, so that the linker drops no
# declaration. With TESTS, `name_test` links the tests with the same objects, without main.cpp, and ctest runs it.
# With SIMULATED_SEEDS, ctest also runs `name sim` with so many seeds.
#
# <build>/eventual-services/<name> holds the path of the executable: `eventual dev` reads it.
include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/EventualPrecompile.cmake)

find_program(EVENTUAL_LLD NAMES ld.lld-19 ld.lld)
find_library(EVENTUAL_JEMALLOC_LIBRARY jemalloc)
mark_as_advanced(EVENTUAL_LLD EVENTUAL_JEMALLOC_LIBRARY)

# Debug builds keep the system's, which their tools know; sanitizers bring their own.
option(EVENTUAL_JEMALLOC "Services allocate with jemalloc where it is installed" ON)

# The program allocates with jemalloc: a third less processor time for a step (docs/performance.md).
function(eventual_use_jemalloc target)
  if(EVENTUAL_JEMALLOC AND EVENTUAL_JEMALLOC_LIBRARY AND NOT EVENTUAL_SANITIZE)
    target_link_libraries(${target} PRIVATE $<$<NOT:$<CONFIG:Debug>>:${EVENTUAL_JEMALLOC_LIBRARY}>)
  endif()
endfunction()

# What each executable and object library of a service gets.
function(_eventual_service_target target)
  if(EVENTUAL_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
      target_link_options(${target} PRIVATE --ld-path=${EVENTUAL_LLD})
      if(NOT EVENTUAL_SERVICE_FLAGS)  # all of Eventual's own tree is linked so
        set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/eventual_quick_link.ld)
        target_link_options(${target} PRIVATE $<$<CONFIG:Debug>:LINKER:-T,${script}>
                                              $<$<CONFIG:Debug>:LINKER:-O0>)
      endif()
    endif()
  endif()
  if(NOT CMAKE_RUNTIME_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  endif()
  # Debug information that stays out of the link: the edit-run loop is the product.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-gsplit-dwarf>)
  target_link_libraries(${target} PRIVATE ${EVENTUAL_SERVICE_FLAGS})
  eventual_reuse_precompiled(${target} eventual_service_pch)
endfunction()

function(eventual_add_service name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SIMULATED_SEEDS" "TESTS;LIBRARIES")
  set(sources ${arg_UNPARSED_ARGUMENTS})
  set(mains ${sources})
  list(FILTER mains INCLUDE REGEX "(^|/)main\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(^|/)main\\.cpp$")

  if(NOT TARGET eventual_service_pch)
    include(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/EventualPrecompile.cmake)
    eventual_precompile(eventual_service_pch ${EVENTUAL_STD_HEADERS} <eventual/eventual.hpp>)
    if(TARGET eventual_service_pch)
      target_compile_options(eventual_service_pch PRIVATE $<$<CONFIG:Debug>:-gsplit-dwarf>)
      target_link_libraries(eventual_service_pch PRIVATE ${EVENTUAL_SERVICE_FLAGS} Eventual::eventual)
    endif()
  endif()

  set(objects "")
  if(sources)
    add_library(${name}_objects OBJECT ${sources})
    target_link_libraries(${name}_objects PUBLIC Eventual::eventual ${arg_LIBRARIES})
    _eventual_service_target(${name}_objects)
    set(objects ${name}_objects)
  endif()

  add_executable(${name} ${mains})
  target_link_libraries(${name} PRIVATE ${objects} Eventual::eventual ${arg_LIBRARIES})
  _eventual_service_target(${name})
  eventual_use_jemalloc(${name})
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/eventual-services/${name} CONTENT "$<TARGET_FILE:${name}>\n")

  if(NOT DEFINED EVENTUAL_SERVICE_TESTS)
    set(EVENTUAL_SERVICE_TESTS ON)
    if(DEFINED BUILD_TESTING)
      set(EVENTUAL_SERVICE_TESTS ${BUILD_TESTING})
    endif()
  endif()
  set(prefix "")
  set(labels ${name})
  if(EVENTUAL_SERVICE_TEST_LABEL)
    set(prefix "${EVENTUAL_SERVICE_TEST_LABEL}/${name}/")
    set(labels ${EVENTUAL_SERVICE_TEST_LABEL})
  endif()
  if(arg_TESTS AND EVENTUAL_SERVICE_TESTS)
    find_package(GTest REQUIRED)
    include(GoogleTest)
    add_executable(${name}_test ${arg_TESTS})
    target_include_directories(${name}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name}_test PRIVATE ${objects} Eventual::testing Eventual::eventual
                                               ${arg_LIBRARIES} GTest::gmock GTest::gtest
                                               GTest::gtest_main)
    _eventual_service_target(${name}_test)
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX "${prefix}"
                         PROPERTIES TIMEOUT 120 LABELS ${labels})
  endif()
  if(arg_SIMULATED_SEEDS AND EVENTUAL_SERVICE_TESTS)
    add_test(NAME "${prefix}sim" COMMAND ${name} sim --seeds ${arg_SIMULATED_SEEDS})
    set_tests_properties("${prefix}sim" PROPERTIES TIMEOUT 600 LABELS ${labels})
  endif()
endfunction()
