// Turns the parts of a commit into one write batch, deciding each part's preconditions in order.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ports/store.hpp"
#include "store/rocksdb/database.hpp"

namespace eventual::store {

/// Ranges with at least this many rows are removed with one marker, which slows later reads of its
/// neighbourhood; smaller ones row by row.
inline constexpr std::size_t k_range_marker_rows_min = 1000;

/// Parts of fewer rows are not worth sorting.
inline constexpr std::size_t k_sorted_rows_min = 8;

/// Used once, by the thread that commits; `parts` and `database` must outlive it.
class CommitBuilder {
 public:
  CommitBuilder(const Database& database, std::span<const ports::Batch> parts,
                rocksdb::WriteBatch& batch);

  /// Fills the batch and says which parts are in it.
  Result<std::vector<ports::PartOutcome>> build();

 private:
  struct RowName {
    ports::Table table;
    std::string_view key;
    bool operator==(const RowName&) const = default;
  };
  struct RowNameHash {
    std::size_t operator()(const RowName& name) const noexcept {
      return std::hash<std::string_view>()(name.key) * 31 + static_cast<std::size_t>(name.table);
    }
  };
  /// A row that some precondition names, as it would be after the parts so far. Read when first
  /// needed.
  struct Row {
    bool known = false;
    std::optional<std::string> value;
  };

  Result<bool> holds(const ports::Precondition& precondition);
  /// Rows in the order of their keys: the store finds the place of each from that of the one before
  /// it. The writes of one row keep their order.
  Result<void> add_all(const ports::Batch& part);
  Result<void> add(const ports::Write& write);
  Result<void> remove_range(const ports::Write& write);
  Result<std::vector<std::string>> stored_keys(const ports::Write& range) const;

  const Database& database_;
  std::span<const ports::Batch> parts_;
  rocksdb::WriteBatch& batch_;
  std::unordered_map<RowName, Row, RowNameHash> required_;
  std::uint32_t tables_required_ = 0;
  std::uint32_t tables_with_ranges_ = 0;
  std::array<std::set<std::string_view>, ports::k_table_count> put_;  // only in tables with ranges
};

}  // namespace eventual::store
