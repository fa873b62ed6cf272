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

/// Bytes of files that wait to be merged: what reads and disk space pay until it is done. 0 for
/// other stores. Any thread.
std::uint64_t compaction_debt_bytes(const ports::Store& store);

}  // namespace eventual::store
