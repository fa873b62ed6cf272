# eventual_add_service(name sources… [TESTS test.cpp…] [LIBRARIES library…])
#
# The executable `name` from the sources, in <build>/bin. The sources are linked as objects, so that the linker drops no
# declaration. With TESTS, `name_test` links the tests with the same objects, without main.cpp, and ctest runs it.
file(GLOB eventual_umbrella CONFIGURE_DEPENDS ${EVENTUAL_INCLUDE_DIR}/eventual/eventual.hpp)
if(eventual_umbrella)
  eventual_precompile(eventual_service_pch ${EVENTUAL_STD_HEADERS} <eventual/eventual.hpp>)
  if(TARGET eventual_service_pch)
    target_link_libraries(eventual_service_pch PRIVATE eventual_flags Eventual::eventual)
  endif()
endif()

function(eventual_add_service name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "TESTS;LIBRARIES")
  set(sources ${arg_UNPARSED_ARGUMENTS})
  set(mains ${sources})
  list(FILTER mains INCLUDE REGEX "(^|/)main\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(^|/)main\\.cpp$")

  set(objects "")
  if(sources)
    add_library(${name}_objects OBJECT ${sources})
    target_link_libraries(${name}_objects PUBLIC Eventual::eventual ${arg_LIBRARIES}
                                          PRIVATE eventual_flags)
    if(TARGET eventual_service_pch)
      eventual_reuse_precompiled(${name}_objects eventual_service_pch)
    endif()
    set(objects ${name}_objects)
  endif()

  add_executable(${name} ${mains})
  target_link_libraries(${name} PRIVATE ${objects} Eventual::eventual ${arg_LIBRARIES} eventual_flags)
  if(mains AND TARGET eventual_service_pch)
    eventual_reuse_precompiled(${name} eventual_service_pch)
  endif()

  if(arg_TESTS AND EVENTUAL_TESTS)
    add_executable(${name}_test ${arg_TESTS})
    target_include_directories(${name}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name}_test PRIVATE ${objects} Eventual::testing Eventual::eventual
                                               ${arg_LIBRARIES} eventual_flags GTest::gmock
                                               GTest::gtest GTest::gtest_main)
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX "examples/${name}/"
                         PROPERTIES TIMEOUT 120 LABELS examples)
  endif()
endfunction()
