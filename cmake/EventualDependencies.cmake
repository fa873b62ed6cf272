# Third-party libraries, all from Debian packages (docs/dependencies.md says why each). Their targets are global: a
# project that adds these sources as a folder links them too.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(date REQUIRED)
find_package(ZLIB REQUIRED)
find_package(prometheus-cpp REQUIRED)

# RocksDB's own CMake package asks for the development packages of all it uses; the shared library needs none of them.
find_path(EVENTUAL_ROCKSDB_INCLUDE rocksdb/db.h REQUIRED)
find_library(EVENTUAL_ROCKSDB_LIBRARY rocksdb REQUIRED)
add_library(eventual_rocksdb INTERFACE)
target_link_libraries(eventual_rocksdb INTERFACE $<BUILD_INTERFACE:${EVENTUAL_ROCKSDB_LIBRARY}>
                                                 $<INSTALL_INTERFACE:rocksdb>)

find_path(EVENTUAL_BOOST_INCLUDE boost/beast.hpp REQUIRED)
file(STRINGS ${EVENTUAL_BOOST_INCLUDE}/boost/version.hpp eventual_boost_version
     REGEX "^#define BOOST_VERSION ")
if(NOT eventual_boost_version MATCHES "([0-9]+)$" OR CMAKE_MATCH_1 LESS 108100)
  message(FATAL_ERROR "Boost 1.81 is needed; run scripts/setup")
endif()

# Asio and Beast are compiled once here, not again in each file that includes them.
add_library(eventual_boost STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/boost_asio.cpp)
target_compile_definitions(eventual_boost PUBLIC BOOST_ASIO_SEPARATE_COMPILATION
                                                 BOOST_BEAST_SEPARATE_COMPILATION
                                                 BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(eventual_boost PUBLIC OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
