#include "store/rocksdb/scan.hpp"

#include <rocksdb/db.h>

#include <memory>

#include "store/rocksdb/status.hpp"

namespace eventual::store {

Result<std::optional<std::string>> get_row(const Database& database, ports::Table table,
                                           std::string_view key) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database.db().Get(rocksdb::ReadOptions(), database.family(table), to_slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return row_error(status, table, key);
  return std::optional<std::string>(std::in_place, value.data(), value.size());
}

Result<void> scan_rows(const Database& database, ports::Table table, ports::ScanRange range,
                       const ports::RowVisitor& visit) {
  if (!range.to.empty() && range.to <= range.from) return {};
  const rocksdb::Slice lower = to_slice(range.from);
  const rocksdb::Slice upper = to_slice(range.to);
  rocksdb::ReadOptions options;
  if (!range.from.empty()) options.iterate_lower_bound = &lower;
  if (!range.to.empty()) options.iterate_upper_bound = &upper;
  // The iterator sees the instant of its creation.
  const std::unique_ptr<rocksdb::Iterator> row(
      database.db().NewIterator(options, database.family(table)));
  if (range.reverse) {
    row->SeekToLast();
  } else {
    row->SeekToFirst();
  }
  while (row->Valid()) {
    if (!visit(to_view(row->key()), to_view(row->value()))) return {};
    if (range.reverse) {
      row->Prev();
    } else {
      row->Next();
    }
  }
  if (!row->status().ok()) return table_error(row->status(), table);
  return {};
}

}  // namespace eventual::store
