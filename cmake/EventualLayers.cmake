# One library a folder of src/, in the order of DESIGN: a layer links those before it, and nothing else.
set(EVENTUAL_LAYERS base schema model workflow ports engine store gateway client host testing program)

set(EVENTUAL_LINKS_base fmt::fmt Threads::Threads)
set(EVENTUAL_PRIVATE_LINKS_base date::date-tz)
set(EVENTUAL_LINKS_schema simdjson::simdjson)
set(EVENTUAL_LINKS_store eventual_rocksdb)
set(EVENTUAL_LINKS_gateway eventual_boost ZLIB::ZLIB)
set(EVENTUAL_LINKS_client eventual_boost)
set(EVENTUAL_LINKS_host spdlog::spdlog OpenSSL::Crypto prometheus-cpp::core)

set(EVENTUAL_INCLUDE_DIR ${PROJECT_SOURCE_DIR}/include)
set(EVENTUAL_SOURCE_ROOT ${PROJECT_SOURCE_DIR}/src)

eventual_precompile(eventual_pch ${EVENTUAL_STD_HEADERS} <fmt/format.h>)
if(TARGET eventual_pch)
  target_link_libraries(eventual_pch PRIVATE eventual_flags fmt::fmt Threads::Threads)
endif()

set(eventual_above "")
foreach(layer IN LISTS EVENTUAL_LAYERS)
  set(target eventual_${layer})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${EVENTUAL_SOURCE_ROOT}/${layer}/*.cpp)
  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${EVENTUAL_INCLUDE_DIR}>
                                         PRIVATE ${EVENTUAL_SOURCE_ROOT})
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_link_libraries(${target} PUBLIC ${eventual_above} ${EVENTUAL_LINKS_${layer}}
                                    PRIVATE eventual_flags ${EVENTUAL_PRIVATE_LINKS_${layer}})
    eventual_reuse_precompiled(${target} eventual_pch)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${EVENTUAL_INCLUDE_DIR}>)
    target_compile_features(${target} INTERFACE cxx_std_20)
    target_link_libraries(${target} INTERFACE ${eventual_above} ${EVENTUAL_LINKS_${layer}})
  endif()
  set(eventual_above ${target})
endforeach()

# What a service links, and what its tests link.
add_library(Eventual::eventual ALIAS eventual_program)
add_library(Eventual::testing ALIAS eventual_testing)

# Headers of every folder compile alone: one generated file each, built by `make check`.
file(GLOB_RECURSE eventual_headers CONFIGURE_DEPENDS ${EVENTUAL_INCLUDE_DIR}/*.hpp
     ${EVENTUAL_SOURCE_ROOT}/*.hpp)
set(eventual_header_checks "")
foreach(header IN LISTS eventual_headers)
  file(RELATIVE_PATH relative ${PROJECT_SOURCE_DIR} ${header})
  string(REGEX REPLACE "^(include|src)/" "" included ${relative})
  set(EVENTUAL_HEADER ${included})
  set(unit ${CMAKE_BINARY_DIR}/headers/${relative}.cpp)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/header_check.cpp.in ${unit} @ONLY)
  list(APPEND eventual_header_checks ${unit})
endforeach()
if(eventual_header_checks)
  add_library(eventual_header_checks OBJECT EXCLUDE_FROM_ALL ${eventual_header_checks})
  target_include_directories(eventual_header_checks PRIVATE ${EVENTUAL_SOURCE_ROOT})
  target_link_libraries(eventual_header_checks PRIVATE eventual_flags Eventual::eventual)
endif()
