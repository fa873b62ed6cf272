# The scripts for gdb and lldb: inside every service's program, and installed for debugging without one.
set(eventual_debugger_scripts ${EVENTUAL_SOURCE_ROOT}/program/replay/debugger/eventual_gdb.py
                              ${EVENTUAL_SOURCE_ROOT}/program/replay/debugger/eventual_lldb.py)
set(eventual_debugger_cpp ${PROJECT_BINARY_DIR}/generated/debugger_scripts.cpp)
add_custom_command(
  OUTPUT ${eventual_debugger_cpp}
  COMMAND ${CMAKE_COMMAND} -DOUTPUT=${eventual_debugger_cpp} "-DSCRIPTS=${eventual_debugger_scripts}"
          -P ${CMAKE_CURRENT_LIST_DIR}/embed_debugger_scripts.cmake
  DEPENDS ${eventual_debugger_scripts} ${CMAKE_CURRENT_LIST_DIR}/embed_debugger_scripts.cmake
  VERBATIM)
target_sources(eventual_program PRIVATE ${eventual_debugger_cpp})

if(EVENTUAL_INSTALL)
  include(GNUInstallDirs)
  install(FILES ${eventual_debugger_scripts} DESTINATION ${CMAKE_INSTALL_DATADIR}/eventual)
endif()
