// The default store: RocksDB in a local data folder, a column family per table, one synced write
// per commit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ports/store.hpp"
#include "store/open.hpp"

namespace eventual::store {

/// Opens or creates the data folder (see data_folder.hpp) and the database in it. Errors as
/// open_store.
///
/// After a failed commit the store serves reads and recovers by itself on the next commit.
Result<std::unique_ptr<ports::Store>> open_rocksdb_store(const std::string& folder,
                                                         StoreOptions options);

/// What RocksDB holds at this moment.
struct RocksdbFigures {
  std::uint64_t compaction_debt_bytes = 0;  ///< files that wait to be merged
  std::uint64_t write_buffer_bytes = 0;     ///< memory of rows that are not in a file yet
  std::uint64_t cache_bytes = 0;            ///< memory of blocks that were read
  std::uint64_t open_file_bytes = 0;        ///< memory of open files outside of the cache
};

/// All zero for other stores. Any thread.
RocksdbFigures rocksdb_figures(const ports::Store& store);

}  // namespace eventual::store
