// The store port: named, ordered tables of byte keys and values, and one atomic durable write.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"

namespace eventual::ports {

/// The fixed set of tables. The numbers reach disk: never renumber, only add.
enum class Table : std::uint8_t {
  executions = 0,
  history = 1,
  listing = 2,
  timers = 3,
  active = 4,
  messages = 5,
  events = 6,
  deliveries = 7,
  dead_letters = 8,
  entities = 9,
  indexes = 10,
  payloads = 11,
  dedupe = 12,
  schedules = 13,
  limits = 14,
  shards = 15,
  meta = 16,
};
inline constexpr std::size_t k_table_count = 17;

/// The name of a table as people and other databases see it ("dead_letters").
std::string_view table_name(Table table) noexcept;

/// One change of a batch. Keys compare as unsigned bytes.
struct Write {
  enum class Kind : std::uint8_t { put, remove, remove_range };
  Kind kind;
  Table table;
  std::string key;
  std::string value;  ///< put: the value; remove_range: the end of the range, exclusive
};

/// A row that must be as the writer saw it: absent (no value) or exactly this value.
struct Precondition {
  Table table;
  std::string key;
  std::optional<std::string> expected;
};

/// Changes that stand or fall together. All parts of one commit share one sync; each is guarded by
/// its own preconditions.
struct Batch {
  std::vector<Precondition> preconditions;
  std::vector<Write> writes;

  void put(Table table, std::string key, std::string value) {
    writes.push_back({Write::Kind::put, table, std::move(key), std::move(value)});
  }
  void remove(Table table, std::string key) {
    writes.push_back({Write::Kind::remove, table, std::move(key), {}});
  }
  /// Removes every key in [first, last).
  void remove_range(Table table, std::string first, std::string last) {
    writes.push_back({Write::Kind::remove_range, table, std::move(first), std::move(last)});
  }
  void require(Table table, std::string key, std::optional<std::string> expected) {
    preconditions.push_back({table, std::move(key), std::move(expected)});
  }
  bool empty() const noexcept { return writes.empty() && preconditions.empty(); }
};

enum class PartOutcome : std::uint8_t { committed, precondition_failed };

/// What a scan visits: keys in [from, to) in ascending order, or descending when `reverse`. An
/// empty `to` means the table's end.
struct ScanRange {
  std::string_view from;
  std::string_view to;
  bool reverse = false;
};

/// Called per row; the views live until it returns. Return false to stop the scan.
using RowVisitor = std::function<bool(std::string_view key, std::string_view value)>;

struct StoreFigures {
  std::uint64_t syncs = 0;          ///< durable commits since it was opened
  std::uint64_t bytes_written = 0;  ///< bytes handed to the log since it was opened
};

/// A durable, ordered store. Thread rule: get and scan from any thread; commit from one thread at a
/// time (other commits wait).
class Store {
 public:
  virtual ~Store() = default;

  /// The value of a key as of the last commit that returned, or nothing. Unavailable or Corrupt on
  /// failure.
  virtual Result<std::optional<std::string>> get(Table table, std::string_view key) = 0;

  /// Visits rows as of one instant. Unavailable or Corrupt on failure.
  virtual Result<void> scan(Table table, ScanRange range, const RowVisitor& visit) = 0;

  /// Writes all parts whose preconditions hold, atomically each, with one sync for all, and returns
  /// each part's outcome. Parts are applied in order: a precondition sees the writes of the parts
  /// before it. When it returns, what was committed survives power loss. Unavailable when the disk
  /// refused: then nothing is promised, and the same parts may be given again (writing them twice
  /// gives the same rows).
  virtual Result<std::vector<PartOutcome>> commit(std::span<const Batch> parts) = 0;

  /// A consistent copy of everything into `folder`, which must not exist. NotAllowed where the
  /// store has no files.
  virtual Result<void> backup(const std::string& folder) = 0;

  virtual StoreFigures figures() const = 0;
};

}  // namespace eventual::ports
