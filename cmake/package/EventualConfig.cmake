# find_package(Eventual): the targets Eventual::eventual and Eventual::testing, and eventual_add_service.
include(${CMAKE_CURRENT_LIST_DIR}/EventualCompilerCheck.cmake)
if(NOT Eventual_FOUND)
  return()
endif()

include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(fmt)
find_dependency(simdjson)
find_dependency(spdlog)
find_dependency(OpenSSL)
find_dependency(date)
find_dependency(ZLIB)
find_dependency(prometheus-cpp)

include(${CMAKE_CURRENT_LIST_DIR}/EventualTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/EventualService.cmake)
