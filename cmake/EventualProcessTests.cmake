# eventual_add_process_test(name sources… DEPENDS program…): tests of an example that run its programs as processes.
include(GoogleTest)

function(eventual_add_process_test name)
  if(NOT EVENTUAL_TESTS)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "DEPENDS")
  find_package(GTest REQUIRED)
  set(demo ${PROJECT_SOURCE_DIR}/examples/orders/demo)
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS} ${demo}/process.cpp)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${demo}
                                             ${PROJECT_SOURCE_DIR}/examples/processes)
  target_compile_definitions(${name} PRIVATE EVENTUAL_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  target_link_libraries(${name} PRIVATE eventual_flags Eventual::eventual GTest::gtest
                                        GTest::gtest_main Threads::Threads)
  add_dependencies(${name} ${arg_DEPENDS})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "examples/"
                       PROPERTIES TIMEOUT 180 LABELS examples)
endfunction()
