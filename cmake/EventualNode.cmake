# Tests that drive running services with other people's clients from npm: each tests/node/<topic>/<name>.test.mjs is one
# ctest test, node/<topic>/<name>. scripts/setup-node fetches the packages; where they are missing the test is skipped,
# loudly.
#
# tests/node/<topic>/*.cpp are services, each a program node_<topic>_<name> that the tests of the folder start.
function(eventual_add_node_tests root)
  file(GLOB topics CONFIGURE_DEPENDS LIST_DIRECTORIES true ${root}/*)
  foreach(folder IN LISTS topics)
    get_filename_component(topic ${folder} NAME)
    if(NOT IS_DIRECTORY ${folder} OR topic STREQUAL "node_modules")
      continue()
    endif()
    file(GLOB services CONFIGURE_DEPENDS ${folder}/*.cpp)
    foreach(source IN LISTS services)
      get_filename_component(name ${source} NAME_WE)
      set(program node_${topic}_${name})
      add_executable(${program} ${source})
      target_link_libraries(${program} PRIVATE eventual_flags Eventual::eventual)
      target_compile_options(${program} PRIVATE $<$<CONFIG:Debug>:-gsplit-dwarf>)
      eventual_reuse_precompiled(${program} eventual_service_pch)
    endforeach()
    file(GLOB tests CONFIGURE_DEPENDS ${folder}/*.test.mjs)
    foreach(test IN LISTS tests)
      get_filename_component(name ${test} NAME_WE)
      add_test(NAME node/${topic}/${name} COMMAND ${PROJECT_SOURCE_DIR}/cmake/node_test.sh ${test})
      set_tests_properties(node/${topic}/${name} PROPERTIES
        ENVIRONMENT "EVENTUAL_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
        TIMEOUT ${eventual_test_timeout_s} LABELS node SKIP_RETURN_CODE 77)
    endforeach()
  endforeach()
endfunction()

eventual_add_node_tests(${PROJECT_SOURCE_DIR}/tests/node)
