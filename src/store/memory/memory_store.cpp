#include "store/memory/memory_store.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <utility>

namespace eventual::store {
namespace {

using ports::Batch;
using ports::PartOutcome;
using ports::Precondition;
using ports::Table;
using ports::Write;

// A scan copies rows in chunks, the first small because many scans want a single row.
constexpr std::size_t k_first_chunk_rows = 4;
constexpr std::size_t k_chunk_rows_max = 256;
constexpr std::size_t k_chunk_bytes_max = 256 * 1024;

/// One state of a row, valid from commit `since` until the next newer one. No value: the row was
/// absent.
struct Version {
  std::uint64_t since = 0;
  std::optional<std::string> value;
};

/// The newest version and, only while a scan may need them, older ones (oldest first).
struct Row {
  Version newest;
  std::vector<Version> older;

  const std::optional<std::string>* at(std::uint64_t instant) const {
    if (newest.since <= instant) return &newest.value;
    for (auto version = older.rbegin(); version != older.rend(); ++version) {
      if (version->since <= instant) return &version->value;
    }
    return nullptr;
  }
};

using Rows = std::map<std::string, Row, std::less<>>;

struct Chunk {
  std::vector<std::pair<std::string, std::string>> rows;
  bool complete = false;
};

}  // namespace

struct MemoryStore::State {
  mutable std::shared_mutex mutex;
  std::array<Rows, ports::k_table_count> tables;
  std::uint64_t instant = 0;           // the number of the last commit
  std::multiset<std::uint64_t> scans;  // the instants that running scans see
  std::set<std::pair<std::size_t, std::string>>
      superseded;  // rows with older versions or without a value
  ports::StoreFigures figures;

  Rows& rows(Table table) { return tables.at(static_cast<std::size_t>(table)); }

  bool holds(const Precondition& precondition) {
    const Rows& table = rows(precondition.table);
    const auto found = table.find(precondition.key);
    if (found == table.end()) return !precondition.expected.has_value();
    return found->second.newest.value == precondition.expected;
  }

  void set(Table table, Rows::iterator row, std::optional<std::string> value) {
    Version& newest = row->second.newest;
    if (newest.since != instant && !scans.empty()) {
      row->second.older.push_back(std::move(newest));
      superseded.emplace(static_cast<std::size_t>(table), row->first);
    }
    newest = {instant, std::move(value)};
  }

  void put(Table table, const std::string& key, const std::string& value) {
    set(table, rows(table).try_emplace(key).first, value);
  }

  /// Removes the row and returns the next one. While scans run, a row without a value takes its
  /// place.
  Rows::iterator remove(Table table, Rows::iterator row) {
    if (scans.empty()) return rows(table).erase(row);
    set(table, row, std::nullopt);
    superseded.emplace(static_cast<std::size_t>(table), row->first);
    return ++row;
  }

  void apply(const Write& write) {
    figures.bytes_written += write.key.size() + write.value.size();
    Rows& table = rows(write.table);
    switch (write.kind) {
      case Write::Kind::put:
        put(write.table, write.key, write.value);
        break;
      case Write::Kind::remove:
        if (const auto row = table.find(write.key); row != table.end()) remove(write.table, row);
        break;
      case Write::Kind::remove_range:
        if (write.key >= write.value) break;
        for (auto row = table.lower_bound(write.key);
             row != table.end() && row->first < write.value;) {
          row = remove(write.table, row);
        }
        break;
    }
  }

  std::uint64_t begin_scan() {
    const std::unique_lock lock(mutex);
    scans.insert(instant);
    return instant;
  }

  void end_scan(std::uint64_t scan) {
    const std::unique_lock lock(mutex);
    scans.erase(scans.find(scan));
    if (!scans.empty()) return;
    for (const auto& [table, key] : superseded) {
      const auto row = tables[table].find(key);
      if (row == tables[table].end()) continue;
      row->second.older.clear();
      if (!row->second.newest.value) tables[table].erase(row);
    }
    superseded.clear();
  }

  /// The next rows of a scan. Forward: keys from `from` up to `to`; reverse: the same range from
  /// its end.
  Chunk read(Table table, std::string_view from, std::string_view to, bool reverse,
             std::uint64_t scan, std::size_t rows_max) {
    const std::shared_lock lock(mutex);
    const Rows& all = rows(table);
    Chunk chunk;
    std::size_t bytes = 0;
    const auto take = [&](const std::string& key, const Row& row) {
      const std::optional<std::string>* value = row.at(scan);
      if (value == nullptr || !*value) return true;
      chunk.rows.emplace_back(key, **value);
      bytes += key.size() + (*value)->size();
      return chunk.rows.size() < rows_max && bytes < k_chunk_bytes_max;
    };
    const auto first = all.lower_bound(from);
    const auto last = to.empty() ? all.end() : all.lower_bound(to);
    if (!to.empty() && to <= from) {
      chunk.complete = true;
    } else if (reverse) {
      auto row = last;
      while (row != first && (--row, take(row->first, row->second))) {
      }
      chunk.complete = row == first;
    } else {
      auto row = first;
      while (row != last && take(row->first, row->second)) ++row;
      chunk.complete = row == last;
    }
    return chunk;
  }
};

MemoryStore::MemoryStore() : state_(std::make_unique<State>()) {}
MemoryStore::~MemoryStore() = default;

Result<std::optional<std::string>> MemoryStore::get(Table table, std::string_view key) {
  const std::shared_lock lock(state_->mutex);
  const Rows& rows = state_->rows(table);
  const auto found = rows.find(key);
  if (found == rows.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second.newest.value);
}

Result<void> MemoryStore::scan(Table table, ports::ScanRange range,
                               const ports::RowVisitor& visit) {
  struct Scan {
    explicit Scan(State& owner) : state(owner), instant(owner.begin_scan()) {}
    ~Scan() { state.end_scan(instant); }
    Scan(const Scan&) = delete;
    Scan& operator=(const Scan&) = delete;
    State& state;
    const std::uint64_t instant;
  };
  std::string from(range.from);
  std::string to(range.to);
  if (!to.empty() && to <= from) return {};
  const Scan scan(*state_);
  std::size_t rows_max = k_first_chunk_rows;
  while (true) {
    const Chunk chunk = state_->read(table, from, to, range.reverse, scan.instant, rows_max);
    for (const auto& [key, value] : chunk.rows) {
      if (!visit(key, value)) return {};
    }
    if (chunk.complete) return {};
    if (range.reverse) {
      to = chunk.rows.back().first;
      if (to.empty()) return {};  // the empty key is the smallest
    } else {
      from = chunk.rows.back().first + '\0';
    }
    rows_max = std::min(rows_max * 4, k_chunk_rows_max);
  }
}

Result<std::vector<PartOutcome>> MemoryStore::commit(std::span<const Batch> parts) {
  const std::unique_lock lock(state_->mutex);
  std::vector<PartOutcome> outcomes;
  outcomes.reserve(parts.size());
  ++state_->instant;
  bool written = false;
  for (const Batch& part : parts) {
    const bool holds = std::ranges::all_of(
        part.preconditions,
        [this](const Precondition& precondition) { return state_->holds(precondition); });
    outcomes.push_back(holds ? PartOutcome::committed : PartOutcome::precondition_failed);
    if (!holds) continue;
    for (const Write& write : part.writes) state_->apply(write);
    written = written || !part.writes.empty();
  }
  if (written) ++state_->figures.syncs;
  return outcomes;
}

Result<void> MemoryStore::backup(const std::string&) {
  return Error(std::string(error_names::k_not_allowed),
               "the memory store has no files to back up; use the rocksdb store");
}

ports::StoreFigures MemoryStore::figures() const {
  const std::shared_lock lock(state_->mutex);
  return state_->figures;
}

}  // namespace eventual::store
