# `cmake --install`: public headers, static libraries, the programs, and the CMake package (find_package(Eventual)). The
# build folder is a package too: Eventual_ROOT=<build folder> serves a project that is built next to these sources.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(eventual_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Eventual)
set(eventual_packaged eventual_flags eventual_rocksdb eventual_boost)
foreach(layer IN LISTS EVENTUAL_LAYERS)
  list(APPEND eventual_packaged eventual_${layer})
  set_target_properties(eventual_${layer} PROPERTIES EXPORT_NAME ${layer})
endforeach()
set_target_properties(eventual_program PROPERTIES EXPORT_NAME eventual)
set_target_properties(eventual_boost PROPERTIES EXCLUDE_FROM_ALL OFF)

install(TARGETS ${eventual_packaged} EXPORT EventualTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${EVENTUAL_INCLUDE_DIR}/eventual DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
if(TARGET eventual-cli)
  install(TARGETS eventual-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(EXPORT EventualTargets NAMESPACE Eventual:: DESTINATION ${eventual_package_dir})

# Another minor version may change the interface of a 0.x library.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/EventualConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
set(eventual_package_files ${CMAKE_CURRENT_LIST_DIR}/package/EventualConfig.cmake
                           ${CMAKE_CURRENT_LIST_DIR}/package/EventualCompilerCheck.cmake
                           ${CMAKE_CURRENT_LIST_DIR}/EventualPrecompile.cmake
                           ${CMAKE_CURRENT_LIST_DIR}/eventual_quick_link.ld
                           ${CMAKE_CURRENT_LIST_DIR}/EventualService.cmake)
install(FILES ${eventual_package_files} ${PROJECT_BINARY_DIR}/EventualConfigVersion.cmake
        DESTINATION ${eventual_package_dir})

# The same in the build folder.
export(EXPORT EventualTargets NAMESPACE Eventual:: FILE ${PROJECT_BINARY_DIR}/EventualTargets.cmake)
foreach(file IN LISTS eventual_package_files)
  configure_file(${file} ${PROJECT_BINARY_DIR} COPYONLY)
endforeach()
