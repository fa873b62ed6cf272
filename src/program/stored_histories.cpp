// Histories of a data folder. Many are read in the order of the store, a stretch of it at a time:
// looking each of them up would take several times as long as replaying it.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <queue>
#include <string_view>
#include <utility>

#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/stored_turns.hpp"
#include "model/records.hpp"
#include "model/stored_keys.hpp"
#include "program/histories.hpp"
#include "store/rocksdb/rocksdb_reader.hpp"

namespace eventual::program {
namespace {

using model::ExecutionRecord;
using ports::Table;

/// Of rows between those that are wanted; beyond, looking up is quicker than reading on.
constexpr std::size_t k_rows_passed_over_max = 256;
/// Of what is held of one stretch.
constexpr std::size_t k_stretch_bytes_max = 16U * 1024 * 1024;

/// The newest of each workflow and status among those that have closed, and all that are open.
class Choice {
 public:
  explicit Choice(const Sample& sample) : sample_(sample) {}

  void offer(HistoryKey key, const ExecutionRecord& record) {
    const Place place{record.started_at, all_.size()};
    if (model::is_closed(record.status)) {
      if (sample_.closed_max == 0) return;
      const std::string_view id = key.execution_id;
      auto& kept = closed_[{std::string(id.substr(0, id.find('/'))), record.status}];
      if (kept.size() == sample_.closed_max) {
        if (place.started_at <= kept.top().started_at) return;
        all_[kept.top().index].reset();
        kept.pop();
      }
      kept.push(place);
    }
    all_.emplace_back(std::move(key));
  }

  /// One that cannot be decoded; reading it tells why.
  void take(HistoryKey key) { all_.emplace_back(std::move(key)); }

  /// In the order in which they were offered.
  std::vector<HistoryKey> take_all() {
    std::vector<HistoryKey> keys;
    for (std::optional<HistoryKey>& key : all_) {
      if (key) keys.push_back(std::move(*key));
    }
    return keys;
  }

 private:
  struct Place {
    Timestamp started_at;
    std::size_t index;
    bool operator>(const Place& other) const noexcept { return started_at > other.started_at; }
  };

  const Sample& sample_;
  std::vector<std::optional<HistoryKey>> all_;
  std::map<std::pair<std::string, model::Status>,
           std::priority_queue<Place, std::vector<Place>, std::greater<>>>
      closed_;
};

/// One history of a stretch, while it is put together.
struct Wanted {
  const HistoryKey* key = nullptr;
  std::string prefix;  ///< of its rows
  std::optional<ExecutionRecord> record;
  std::vector<model::Turn> turns;
  std::optional<Error> failure;
  bool whole = false;  ///< all of its rows were seen

  /// Of the latest run of its execution.
  std::string_view record_key() const { return model::keys::execution_in(prefix); }
};

class StoredHistories final : public Histories {
 public:
  StoredHistories(std::unique_ptr<ports::Store> store, std::uint16_t shards)
      : store_(std::move(store)), shards_(shards) {}

  Result<std::vector<HistoryKey>> list(const Sample& sample) override {
    Choice choice(sample);
    const auto scanned =
        store_->scan(Table::executions, {}, [&](std::string_view key, std::string_view value) {
          const std::string_view id = model::keys::id_in(key);
          if (!sample.workflow.empty() && id.substr(0, id.find('/')) != sample.workflow)
            return true;
          const auto record = model::decode_execution(value);
          if (record) {
            choice.offer(
                {std::string(id), record->run, std::string(model::to_string(record->status)), {}},
                *record);
          } else {
            choice.take({std::string(id), 0, {}, {}});
          }
          return true;
        });
    if (!scanned) return scanned.error();
    return choice.take_all();
  }

  Result<model::ExportedHistory> read(const HistoryKey& key) override {
    auto stored = engine::read_execution(*store_, shards_, key.execution_id, key.run);
    if (!stored) return stored.error();
    return exported(key, stored->record, std::move(stored->turns));
  }

  void read_many(std::span<const HistoryKey> keys, const HistoryVisitor& visit) override {
    std::vector<Wanted> wanted = begin(keys);
    if (wanted.size() > 1) {
      read_records(wanted);
      read_turns(wanted);
    }
    for (Wanted& one : wanted) {
      if (!visit(*one.key, one.whole ? finish(one) : read(*one.key))) return;
    }
  }

 private:
  static model::ExportedHistory exported(const HistoryKey& key, const ExecutionRecord& record,
                                         std::vector<model::Turn> turns) {
    model::ExportedHistory history;
    history.execution_id = key.execution_id;
    history.run = record.run;
    history.status = model::to_string(record.status);
    history.turns = std::move(turns);
    return history;
  }

  /// In the order of their rows.
  std::vector<Wanted> begin(std::span<const HistoryKey> keys) const {
    std::vector<Wanted> wanted(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::string& id = keys[i].execution_id;
      wanted[i].key = &keys[i];
      wanted[i].prefix = model::keys::run_in(
          model::keys::history(engine::shard_of_id(id, shards_), id, keys[i].run, 0));
    }
    std::sort(wanted.begin(), wanted.end(),
              [](const Wanted& left, const Wanted& right) { return left.prefix < right.prefix; });
    return wanted;
  }

  /// The latest runs of them; an earlier run is looked up.
  void read_records(std::vector<Wanted>& wanted) {
    const std::string from(wanted.front().record_key());
    const std::string to = std::string(wanted.back().record_key()) + '\0';
    std::size_t next = 0;
    std::size_t passed_over = 0;
    (void)store_->scan(
        Table::executions, {from, to}, [&](std::string_view key, std::string_view value) {
          while (next < wanted.size() && wanted[next].record_key() < key) ++next;
          if (next == wanted.size()) return false;
          if (wanted[next].record_key() != key) return ++passed_over <= k_rows_passed_over_max;
          const std::string& id = wanted[next].key->execution_id;
          const auto record =
              engine::read_record_row(*store_, engine::shard_of_id(id, shards_), id, value);
          for (; next < wanted.size() && wanted[next].record_key() == key; ++next) {
            if (record && wanted[next].key->run == record->run) wanted[next].record = *record;
          }
          return true;
        });
  }

  /// What is left out here, for whatever reason, is looked up, and an error told then.
  void read_turns(std::vector<Wanted>& wanted) {
    const std::string from = wanted.front().prefix;
    const std::string to = wanted.back().prefix + "\xff\xff\xff\xff";
    std::size_t next = 0;
    std::size_t passed_over = 0;
    std::size_t bytes = 0;
    bool to_the_end = true;
    const auto scanned =
        store_->scan(Table::history, {from, to}, [&](std::string_view key, std::string_view value) {
          const std::string_view prefix = model::keys::run_in(key);
          for (; next < wanted.size() && wanted[next].prefix < prefix; ++next)
            wanted[next].whole = wanted[next].record.has_value();
          bytes += value.size();
          if (next == wanted.size() || bytes > k_stretch_bytes_max) return to_the_end = false;
          if (wanted[next].prefix != prefix || !wanted[next].record) {
            return to_the_end = ++passed_over <= k_rows_passed_over_max;
          }
          add_turn(wanted[next], value, model::keys::history_turn(key));
          return true;
        });
    if (!scanned || !to_the_end) return;
    for (; next < wanted.size(); ++next) wanted[next].whole = wanted[next].record.has_value();
  }

  void add_turn(Wanted& one, std::string_view bytes, std::uint32_t number) {
    const std::string& id = one.key->execution_id;
    auto turn = engine::read_turn(*store_, engine::shard_of_id(id, shards_), id, one.record->run,
                                  number, bytes);
    if (turn) {
      one.turns.push_back(std::move(*turn));
    } else if (!one.failure) {
      one.failure = Error(turn.error().name(),
                          turn.error().message() + " (history of " + one.key->execution_id + ")");
    }
  }

  /// With the turns that its record holds.
  Result<model::ExportedHistory> finish(Wanted& one) {
    std::vector<model::Turn> between = std::exchange(one.turns, {});
    one.turns.reserve(between.size() + 2);
    add_turn(one, one.record->first_turn, 0);
    std::move(between.begin(), between.end(), std::back_inserter(one.turns));
    if (!one.record->last_turn.empty() && one.record->turns > 0)
      add_turn(one, one.record->last_turn, one.record->turns - 1);
    if (one.failure) return *one.failure;
    return exported(*one.key, *one.record, std::move(one.turns));
  }

  const std::unique_ptr<ports::Store> store_;
  const std::uint16_t shards_;
};

}  // namespace

Result<std::unique_ptr<Histories>> histories_of_data(const std::string& folder) {
  auto store = store::open_rocksdb_reader(folder);
  if (!store) return store.error();
  auto row = (*store)->get(Table::meta, "shards");
  if (!row) return row.error();
  std::uint16_t shards = engine::Options().shards;  // of a folder that no service has used yet
  if (*row) std::from_chars((*row)->data(), (*row)->data() + (*row)->size(), shards);
  if (shards == 0) {
    return Error(std::string(error_names::k_corrupt),
                 "the number of shards in the store cannot be read");
  }
  return std::unique_ptr<Histories>(std::make_unique<StoredHistories>(std::move(*store), shards));
}

}  // namespace eventual::program
