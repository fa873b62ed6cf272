// Reading rows of an open database.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "ports/store.hpp"
#include "store/rocksdb/database.hpp"

namespace eventual::store {

/// As Store::get and Store::scan.
Result<std::optional<std::string>> get_row(const Database& database, ports::Table table,
                                           std::string_view key);
Result<void> scan_rows(const Database& database, ports::Table table, ports::ScanRange range,
                       const ports::RowVisitor& visit);

}  // namespace eventual::store
