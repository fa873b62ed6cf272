# Tests: a folder of tests/ is one GoogleTest program and one ctest label.
find_package(GTest REQUIRED)
include(GoogleTest)

eventual_precompile(eventual_test_pch ${EVENTUAL_STD_HEADERS} <fmt/format.h> <gmock/gmock.h> <gtest/gtest.h>)
if(TARGET eventual_test_pch)
  target_link_libraries(eventual_test_pch PRIVATE eventual_flags fmt::fmt Threads::Threads GTest::gmock
                                                  GTest::gtest)
endif()

# eventual_add_tests(name label timeout_s folder)
function(eventual_add_tests name label timeout_s folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/tools/[^/]*\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${EVENTUAL_SOURCE_ROOT} ${PROJECT_SOURCE_DIR}
                                             ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE EVENTUAL_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
                                             EVENTUAL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE eventual_flags Eventual::testing Eventual::eventual
                                        eventual_rocksdb GTest::gmock GTest::gtest GTest::gtest_main)
  eventual_reuse_precompiled(${name} eventual_test_pch)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${label}/"
                       PROPERTIES TIMEOUT ${timeout_s} LABELS "${label}")

  # The tests of the command reach its parts and run it.
  if(label MATCHES "^cli(_|$)" AND TARGET eventual_cli)
    target_link_libraries(${name} PRIVATE eventual_cli)
    add_dependencies(${name} eventual-cli)
    if(NOT label STREQUAL "cli")  # and in a terminal
      target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/cli/command.cpp)
    endif()
  endif()

  # tests/<folder>/tools/<program>.cpp: a program that the tests run, found in EVENTUAL_BIN_DIR.
  file(GLOB tools CONFIGURE_DEPENDS ${folder}/tools/*.cpp)
  foreach(tool IN LISTS tools)
    get_filename_component(program ${tool} NAME_WE)
    add_executable(${program} ${tool})
    target_include_directories(${program} PRIVATE ${EVENTUAL_SOURCE_ROOT} ${PROJECT_SOURCE_DIR}
                                                  ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${program} PRIVATE eventual_flags Eventual::testing Eventual::eventual
                                             eventual_rocksdb)
    add_dependencies(${name} ${program})
  endforeach()
endfunction()

set(eventual_test_timeout_s 120)
if(EVENTUAL_SANITIZE)
  set(eventual_test_timeout_s 300)
endif()

file(GLOB eventual_test_folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/tests/*)
foreach(folder IN LISTS eventual_test_folders)
  get_filename_component(label ${folder} NAME)
  if(IS_DIRECTORY ${folder} AND NOT label MATCHES "^(compile_fail|fuzz|long|browser|node)$")
    set(timeout_s ${eventual_test_timeout_s})
    if(label STREQUAL "crash")
      set(timeout_s 900)
    endif()
    eventual_add_tests(test_${label} ${label} ${timeout_s} ${folder})
  endif()
endforeach()

# Its debuggers look at the example, and its processes are the command.
if(TARGET test_time_machine)
  if(TARGET eventual-cli)
    add_dependencies(test_time_machine eventual-cli)
  endif()
  if(EVENTUAL_EXAMPLES)
    add_dependencies(test_time_machine orders)
  endif()
endif()

# The tests that run with sanitizers; the presets asan and tsan select the same labels.
add_custom_target(eventual_core_tests)
foreach(label base schema model workflow ports engine store gateway conformance replay host testing)
  if(TARGET test_${label})
    add_dependencies(eventual_core_tests test_${label})
  endif()
endforeach()

# tests/long/<name>: suites for `make test-all` only, by the label "long".
file(GLOB eventual_long_folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/tests/long/*)
foreach(folder IN LISTS eventual_long_folders)
  if(IS_DIRECTORY ${folder})
    get_filename_component(label ${folder} NAME)
    eventual_add_tests(test_long_${label} long 3600 ${folder})
  endif()
endforeach()

# tests/compile_fail/*.cpp must not compile, with the message that its first line expects.
file(GLOB eventual_compile_fail CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/compile_fail/*.cpp)
foreach(file IN LISTS eventual_compile_fail)
  get_filename_component(name ${file} NAME_WE)
  add_test(NAME compile_fail/${name}
           COMMAND ${CMAKE_CURRENT_LIST_DIR}/compile_fail.sh ${CMAKE_CXX_COMPILER} ${file}
                   ${EVENTUAL_INCLUDE_DIR} ${EVENTUAL_SOURCE_ROOT})
  set_tests_properties(compile_fail/${name} PROPERTIES TIMEOUT 120 LABELS compile_fail)
endforeach()
