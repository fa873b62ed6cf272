// RocksDB's statuses as our errors: Corrupt where data cannot be trusted, Unavailable for
// everything else.
#pragma once

#include <rocksdb/status.h>

#include <string_view>

#include "eventual/error.hpp"
#include "ports/store.hpp"

namespace eventual::store {

Error row_error(const rocksdb::Status& status, ports::Table table, std::string_view key);
Error table_error(const rocksdb::Status& status, ports::Table table);
Error status_error(const rocksdb::Status& status, std::string_view what);

}  // namespace eventual::store
