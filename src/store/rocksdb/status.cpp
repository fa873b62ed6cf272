#include "store/rocksdb/status.hpp"

#include <fmt/format.h>

#include "store/errors.hpp"

namespace eventual::store {

Error row_error(const rocksdb::Status& status, ports::Table table, std::string_view key) {
  if (status.IsCorruption()) return corrupt_row(table, key, status.ToString());
  return unavailable(fmt::format("reading the row \"{}\" of table {} failed: {}",
                                 printable_key(key), ports::table_name(table), status.ToString()));
}

Error table_error(const rocksdb::Status& status, ports::Table table) {
  if (status.IsCorruption()) return corrupt_table(table, status.ToString());
  return unavailable(
      fmt::format("reading table {} failed: {}", ports::table_name(table), status.ToString()));
}

Error status_error(const rocksdb::Status& status, std::string_view what) {
  const std::string message = fmt::format("{} failed: {}", what, status.ToString());
  if (status.IsCorruption()) return Error(std::string(error_names::k_corrupt), message);
  return unavailable(message);
}

}  // namespace eventual::store
