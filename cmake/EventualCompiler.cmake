# Language, warnings, sanitizers, linker: what every target of this project is built with.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  message(FATAL_ERROR "GCC miscompiles coroutines; use clang 19 (cmake --preset dev, or "
                      "-DCMAKE_CXX_COMPILER=clang++-19)")
endif()

# -g1 in release: stack traces with lines, without the size of full debug information.
# EVENTUAL_ASSERT does not depend on NDEBUG.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

add_library(eventual_flags INTERFACE)
target_compile_options(eventual_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion
                                                -fno-omit-frame-pointer)
if(EVENTUAL_WERROR)
  target_compile_options(eventual_flags INTERFACE -Werror)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT EVENTUAL_SANITIZE)
  # Each test program links everything; debug information in .dwo files keeps those links short.
  add_compile_options(-gsplit-dwarf)
endif()
if(EVENTUAL_SANITIZE)
  add_compile_options(-fsanitize=${EVENTUAL_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${EVENTUAL_SANITIZE})
endif()
if(EVENTUAL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(EVENTUAL_LLD NAMES ld.lld-19)
if(EVENTUAL_LLD)
  add_link_options(--ld-path=${EVENTUAL_LLD})
  if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT EVENTUAL_SANITIZE)
    add_link_options(LINKER:-T,${CMAKE_CURRENT_LIST_DIR}/eventual_quick_link.ld LINKER:-O0)
  endif()
endif()

# ccache may reuse precompiled headers only when told that their time stamps do not matter.
find_program(EVENTUAL_CCACHE NAMES ccache)
if(EVENTUAL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${EVENTUAL_CCACHE})
endif()
