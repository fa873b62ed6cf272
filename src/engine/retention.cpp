// Forgets executions that have been closed for long: a slice of the listing at a time, so that it
// costs little at any moment, and no row is written for it while executions run.
#include <utility>

#include "base/bytes.hpp"
#include "engine/engine.hpp"
#include "engine/stored_turns.hpp"
#include "model/entities.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

constexpr std::size_t k_rows_of_slice = 128;
constexpr Duration k_pause_in_haste{10};  ///< after a slice of which most could go
constexpr Duration k_pause_in_pass{100};
constexpr Duration k_pause_between_passes{60'000};
/// More turns than these are removed as a range: one row that later reads have to step over.
constexpr std::uint32_t k_turns_removed_singly_max = 64;

}  // namespace

void Engine::begin_retention(Timestamp now) {
  if (options_.retention != k_forever) retention_at_ = now + k_pause_between_passes;
}

/// Looks at the next rows of the listing that are old enough, oldest last, and forgets what has
/// been closed for long enough.
void Engine::forget_old(Timestamp now) {
  const Timestamp until = now - options_.retention;
  if (retention_from_.empty()) retention_from_ = keys::listing(until, {}, 0);
  std::vector<std::string> rows;
  const auto scanned = store_.scan(Table::listing, {retention_from_, {}},
                                   [&](std::string_view row, std::string_view) {
                                     rows.emplace_back(row);
                                     return rows.size() <= k_rows_of_slice;
                                   });
  if (!scanned) {
    log_(LogLevel::error, {}, "closed executions were not removed: " + scanned.error().message());
    retention_at_ = now + k_pause_between_passes;
    return;
  }
  const bool more = rows.size() > k_rows_of_slice;
  retention_from_ = more ? std::move(rows.back()) : std::string();
  if (more) rows.pop_back();
  std::size_t gone = 0;
  for (const std::string& row : rows) gone += forget_listed(row, until) ? 1 : 0;
  if (!more) {
    retention_at_ = now + k_pause_between_passes;
  } else {
    retention_at_ = now + (2 * gone > rows.size() ? k_pause_in_haste : k_pause_in_pass);
  }
}

/// False: it stays, for it is open, has not been closed for long, or is being worked on.
bool Engine::forget_listed(const std::string& row, Timestamp until) {
  const auto listed = keys::parse_listing(row);
  if (!listed) return false;
  const std::uint16_t shard = shard_of(listed->id);
  bool latest = true;
  auto read_record = [&](const std::string& key) -> std::optional<model::ExecutionRecord> {
    const auto stored = store_.get(Table::executions, key);
    if (!stored || !*stored) return std::nullopt;
    auto record = model::decode_execution(**stored);
    return record ? std::optional(std::move(*record)) : std::nullopt;
  };
  const auto stored = store_.get(Table::executions, keys::execution(shard, listed->id));
  if (!stored) return false;
  std::optional<model::ExecutionRecord> record = read_record(keys::execution(shard, listed->id));
  if (*stored && !record) return false;  // it cannot be read: somebody has to look at it
  if (record && record->run != listed->run) {
    latest = false;
    record = read_record(keys::execution(shard, listed->id, listed->run));
  }
  if (!record || keys::listing(record->started_at, listed->id, record->run) != row) {
    output_.batch.remove(Table::listing, row);  // its run went with a later one
    return true;
  }
  if (!model::is_closed(record->status) || !record->closed_at || *record->closed_at > until) {
    return false;
  }
  if (latest) {
    if (Live* live = find(listed->id)) {
      if (live->in_turn || live->touched > outputs_committed_ || !live->unwritten.empty())
        return false;
      by_use_.erase(live->place);
      live_.erase(live_.find(listed->id));
    }
  }
  forget_run(shard, listed->id, *record, latest);
  output_.batch.remove(Table::listing, row);
  ++figures_.forgotten;
  return true;
}

/// With the latest run go those before it: no run of an execution that exists no more may meet a
/// new one of the same name.
void Engine::forget_run(std::uint16_t shard, std::string_view id,
                        const model::ExecutionRecord& record, bool latest) {
  ports::Batch& batch = output_.batch;
  remove_turn_values(store_, batch, shard, id, latest ? 0 : record.run, record.run);
  if (latest && record.run > 1) {
    batch.remove_range(Table::history, keys::history(shard, id, 0, 0),
                       keys::history_end(shard, id, record.run));
    batch.remove_range(Table::executions, keys::execution(shard, id, 0),
                       keys::execution(shard, id, record.run));
    batch.remove_range(Table::payloads, keys::view(shard, id, 0),
                       keys::view(shard, id, record.run));
    batch.remove_range(Table::dedupe, keys::dedupe(shard, id, {}), keys::dedupe_end(shard, id));
  } else if (record.turns > k_turns_removed_singly_max) {
    batch.remove_range(Table::history, keys::history(shard, id, record.run, 0),
                       keys::history_end(shard, id, record.run));
  } else {
    for (std::uint32_t turn = 1; turn < record.turns; ++turn)
      batch.remove(Table::history, keys::history(shard, id, record.run, turn));
  }
  if (latest) {
    batch.remove(Table::executions, keys::execution(shard, id));
    batch.remove(Table::payloads, keys::view(shard, id));
  } else {
    batch.remove(Table::executions, keys::execution(shard, id, record.run));
    batch.remove(Table::payloads, keys::view(shard, id, record.run));
  }
  // Of calls on entities that were under way when it closed.
  const std::string calls = keys::open_store_call(
      std::string(id) + "/" + (latest ? std::string() : std::to_string(record.run) + "/"));
  (void)store_.scan(Table::dedupe, {calls, base::prefix_end(calls).value()},
                    [&](std::string_view row, std::string_view) {
                      batch.remove(Table::dedupe, std::string(row));
                      return true;
                    });
}

}  // namespace eventual::engine
