#include "store/rocksdb/commit_builder.hpp"

#include <algorithm>

#include "store/errors.hpp"
#include "store/rocksdb/status.hpp"

namespace eventual::store {

using ports::Batch;
using ports::PartOutcome;
using ports::Precondition;
using ports::Table;
using ports::Write;

namespace {

constexpr std::uint32_t bit(Table table) { return 1u << static_cast<unsigned>(table); }
static_assert(ports::k_table_count <= 32);

bool has_ranges(const Batch& part) {
  return std::ranges::any_of(
      part.writes, [](const Write& write) { return write.kind == Write::Kind::remove_range; });
}

}  // namespace

CommitBuilder::CommitBuilder(const Database& database, std::span<const Batch> parts,
                             rocksdb::WriteBatch& batch)
    : database_(database), parts_(parts), batch_(batch) {
  for (const Batch& part : parts_) {
    for (const Precondition& precondition : part.preconditions) {
      required_.try_emplace({precondition.table, precondition.key});
      tables_required_ |= bit(precondition.table);
    }
    for (const Write& write : part.writes) {
      if (write.kind == Write::Kind::remove_range) tables_with_ranges_ |= bit(write.table);
    }
  }
}

Result<std::vector<PartOutcome>> CommitBuilder::build() {
  std::vector<PartOutcome> outcomes;
  outcomes.reserve(parts_.size());
  for (const Batch& part : parts_) {
    bool all_hold = true;
    for (const Precondition& precondition : part.preconditions) {
      auto result = holds(precondition);
      if (!result) return std::move(result).error();
      all_hold = *result;
      if (!all_hold) break;
    }
    outcomes.push_back(all_hold ? PartOutcome::committed : PartOutcome::precondition_failed);
    if (!all_hold) continue;
    if (auto added = add_all(part); !added) return std::move(added).error();
  }
  return outcomes;
}

Result<bool> CommitBuilder::holds(const Precondition& precondition) {
  Row& row = required_.find({precondition.table, precondition.key})->second;
  if (!row.known) {
    std::string value;
    const rocksdb::Status status =
        database_.db().Get(rocksdb::ReadOptions(), database_.family(precondition.table),
                           to_slice(precondition.key), &value);
    if (status.ok()) {
      row.value = std::move(value);
    } else if (!status.IsNotFound()) {
      return row_error(status, precondition.table, precondition.key);
    }
    row.known = true;
  }
  return row.value == precondition.expected;
}

Result<void> CommitBuilder::add_all(const Batch& part) {
  if (part.writes.size() < k_sorted_rows_min || has_ranges(part)) {
    for (const Write& write : part.writes) {
      if (auto added = add(write); !added) return added;
    }
    return {};
  }
  std::vector<const Write*> in_order;
  in_order.reserve(part.writes.size());
  for (const Write& write : part.writes) in_order.push_back(&write);
  std::ranges::sort(in_order, [](const Write* a, const Write* b) {
    if (a->table != b->table) return a->table < b->table;
    const int order = a->key.compare(b->key);
    return order != 0 ? order < 0 : a < b;
  });
  for (const Write* write : in_order) {
    if (auto added = add(*write); !added) return added;
  }
  return {};
}

Result<void> CommitBuilder::add(const Write& write) {
  if (write.kind == Write::Kind::remove_range) return remove_range(write);
  const bool is_put = write.kind == Write::Kind::put;
  rocksdb::ColumnFamilyHandle* family = database_.family(write.table);
  const rocksdb::Status status =
      is_put ? batch_.Put(family, to_slice(write.key), to_slice(write.value))
             : batch_.Delete(family, to_slice(write.key));
  if (!status.ok()) return status_error(status, "building a commit");
  if ((tables_required_ & bit(write.table)) != 0) {
    if (const auto row = required_.find({write.table, write.key}); row != required_.end()) {
      row->second.known = true;
      row->second.value = is_put ? std::optional(write.value) : std::nullopt;
    }
  }
  if (is_put && (tables_with_ranges_ & bit(write.table)) != 0) {
    put_[static_cast<std::size_t>(write.table)].insert(write.key);
  }
  return {};
}

Result<std::vector<std::string>> CommitBuilder::stored_keys(const Write& range) const {
  const rocksdb::Slice end = to_slice(range.value);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> row(
      database_.db().NewIterator(options, database_.family(range.table)));
  std::vector<std::string> keys;
  for (row->Seek(to_slice(range.key)); row->Valid() && keys.size() < k_range_marker_rows_min;
       row->Next()) {
    keys.emplace_back(to_view(row->key()));
  }
  if (!row->status().ok()) return table_error(row->status(), range.table);
  return keys;
}

Result<void> CommitBuilder::remove_range(const Write& write) {
  if (write.key >= write.value) return {};
  rocksdb::ColumnFamilyHandle* family = database_.family(write.table);
  auto keys = stored_keys(write);
  if (!keys) return std::move(keys).error();
  rocksdb::Status status;
  if (keys->size() >= k_range_marker_rows_min) {
    status = batch_.DeleteRange(family, to_slice(write.key), to_slice(write.value));
  } else {
    for (const std::string& key : *keys) {
      if (status.ok()) status = batch_.Delete(family, to_slice(key));
    }
  }
  auto& put = put_[static_cast<std::size_t>(write.table)];
  for (auto key = put.lower_bound(write.key); key != put.end() && *key < write.value;) {
    if (status.ok()) status = batch_.Delete(family, to_slice(*key));
    key = put.erase(key);
  }
  if (!status.ok()) return status_error(status, "building a commit");
  for (auto& [name, row] : required_) {
    if (name.table != write.table || name.key < write.key || name.key >= write.value) continue;
    row.known = true;
    row.value.reset();
  }
  return {};
}

}  // namespace eventual::store
