// What every store does, as tests. A harness is a type with
//
//   ports::Store& store();   the store under test, empty at first
//   void reopen();           closes and opens it, as a restart does; a store without files keeps
//   its rows
//
// A file per store instantiates the suites: INSTANTIATE_TYPED_TEST_SUITE_P(Memory,
// StoreConformance, MemoryHarness).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ports/store.hpp"
#include "store/memory/memory_store.hpp"

namespace eventual::conformance {

using ports::Batch;
using ports::PartOutcome;
using ports::ScanRange;
using ports::Store;
using ports::Table;
using Rows = std::vector<std::pair<std::string, std::string>>;

inline std::optional<std::string> get(Store& store, Table table, std::string_view key) {
  auto result = store.get(table, key);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return result.ok() ? *result : std::nullopt;
}

inline Rows scan(Store& store, Table table, ScanRange range = {}, std::size_t rows_max = ~0u) {
  Rows rows;
  auto result = store.scan(table, range, [&](std::string_view key, std::string_view value) {
    rows.emplace_back(key, value);
    return rows.size() < rows_max;
  });
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return rows;
}

/// Commits and returns the outcomes; fails the test when the commit fails.
inline std::vector<PartOutcome> commit(Store& store, const std::vector<Batch>& parts) {
  auto result = store.commit(parts);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return result.ok() ? *result : std::vector<PartOutcome>();
}

inline PartOutcome commit_one(Store& store, const Batch& batch) {
  const auto outcomes = commit(store, {batch});
  return outcomes.size() == 1 ? outcomes.front() : PartOutcome::precondition_failed;
}

inline void put(Store& store, Table table, std::string key, std::string value) {
  Batch batch;
  batch.put(table, std::move(key), std::move(value));
  EXPECT_EQ(commit_one(store, batch), PartOutcome::committed);
}

/// Random commits over few keys, so that preconditions, ranges and overwrites meet. The same seed
/// gives the same commits as long as `model` holds the same rows.
class RandomCommits {
 public:
  explicit RandomCommits(std::uint64_t seed) : random_(seed) {}

  std::vector<Batch> next(Store& model) {
    std::vector<Batch> parts(below(5) + 1);
    for (Batch& part : parts) {
      for (std::size_t count = below(3); count > 0; --count) add_precondition(model, part);
      for (std::size_t count = below(6); count > 0; --count) add_write(part);
    }
    return parts;
  }

  std::size_t below(std::size_t end) { return random_() % end; }
  std::string key() {
    return std::string(1, static_cast<char>('a' + below(3))) + std::to_string(below(40));
  }
  Table table() { return below(2) == 0 ? Table::history : Table::executions; }

 private:
  void add_precondition(Store& model, Batch& part) {
    const Table where = table();
    std::string what = key();
    // Mostly as the row is, so that parts pass; earlier parts of the same commit may still change
    // it.
    std::optional<std::string> expected = get(model, where, what);
    if (below(8) == 0) expected = "unlikely";
    if (below(8) == 0) expected.reset();
    part.require(where, std::move(what), std::move(expected));
  }

  void add_write(Batch& part) {
    switch (below(8)) {
      case 0:
        part.remove(table(), key());
        break;
      case 1: {
        std::string first = key();
        std::string last = key();
        part.remove_range(table(), std::move(first), std::move(last));
        break;
      }
      default:
        part.put(table(), key(), std::string(below(100), static_cast<char>('a' + below(26))));
    }
  }

  std::mt19937_64 random_;
};

inline void expect_same_rows(Store& store, Store& model) {
  for (const Table table : {Table::history, Table::executions}) {
    EXPECT_EQ(scan(store, table), scan(model, table));
  }
}

template <class Harness>
class StoreConformance : public testing::Test {
 protected:
  Store& store() { return harness_.store(); }
  Harness harness_;
};
TYPED_TEST_SUITE_P(StoreConformance);

TYPED_TEST_P(StoreConformance, ReadsBackWhatWasPut) {
  Store& store = this->store();
  EXPECT_EQ(get(store, Table::executions, "a"), std::nullopt);
  put(store, Table::executions, "a", "1");
  EXPECT_EQ(get(store, Table::executions, "a"), "1");
  put(store, Table::executions, "a", "2");
  EXPECT_EQ(get(store, Table::executions, "a"), "2");
  EXPECT_EQ(get(store, Table::history, "a"), std::nullopt) << "tables are apart";
}

TYPED_TEST_P(StoreConformance, KeepsEmptyValuesApartFromAbsentRows) {
  Store& store = this->store();
  put(store, Table::meta, "empty", "");
  EXPECT_EQ(get(store, Table::meta, "empty"), "");
  EXPECT_EQ(scan(store, Table::meta), (Rows{{"empty", ""}}));
}

TYPED_TEST_P(StoreConformance, KeepsEveryByteOfKeysAndValues) {
  Store& store = this->store();
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  put(store, Table::payloads, all, all + all);
  EXPECT_EQ(get(store, Table::payloads, all), all + all);
}

TYPED_TEST_P(StoreConformance, KeepsLargeValues) {
  Store& store = this->store();
  const std::string large(5u << 20, 'x');
  put(store, Table::payloads, "large", large);
  EXPECT_EQ(get(store, Table::payloads, "large"), large);
}

TYPED_TEST_P(StoreConformance, WritesToEveryTable) {
  Store& store = this->store();
  Batch batch;
  for (std::size_t number = 0; number < ports::k_table_count; ++number) {
    batch.put(static_cast<Table>(number), "key", std::to_string(number));
  }
  commit_one(store, batch);
  for (std::size_t number = 0; number < ports::k_table_count; ++number) {
    EXPECT_EQ(get(store, static_cast<Table>(number), "key"), std::to_string(number));
  }
}

TYPED_TEST_P(StoreConformance, ScansInOrderOfUnsignedBytes) {
  Store& store = this->store();
  for (const char* key : {"b", "\xff", "a", "a\x01", "\x7f", "\x80"}) {
    put(store, Table::timers, key, "v");
  }
  put(store, Table::timers, std::string("a\0", 2), "v");
  std::vector<std::string> keys;
  for (const auto& row : scan(store, Table::timers)) keys.push_back(row.first);
  const std::vector<std::string> expected{
      "a", std::string("a\0", 2), "a\x01", "b", "\x7f", "\x80", "\xff"};
  EXPECT_EQ(keys, expected);
}

TYPED_TEST_P(StoreConformance, ScansFromInclusiveToExclusive) {
  Store& store = this->store();
  for (const char* key : {"a", "b", "c", "d"}) put(store, Table::timers, key, key);
  EXPECT_EQ(scan(store, Table::timers, {"b", "d"}), (Rows{{"b", "b"}, {"c", "c"}}));
  EXPECT_EQ(scan(store, Table::timers, {"b", ""}), (Rows{{"b", "b"}, {"c", "c"}, {"d", "d"}}));
  EXPECT_EQ(scan(store, Table::timers, {"", "b"}), (Rows{{"a", "a"}}));
  EXPECT_EQ(scan(store, Table::timers, {"bb", "c"}), Rows{});
  EXPECT_EQ(scan(store, Table::timers, {"b", "b"}), Rows{});
  EXPECT_EQ(scan(store, Table::timers, {"c", "b"}), Rows{});
  EXPECT_EQ(scan(store, Table::timers, {"x", ""}), Rows{});
}

TYPED_TEST_P(StoreConformance, ScansBackwardsOverTheSameRange) {
  Store& store = this->store();
  for (const char* key : {"a", "b", "c", "d"}) put(store, Table::timers, key, key);
  EXPECT_EQ(scan(store, Table::timers, {"b", "d", true}), (Rows{{"c", "c"}, {"b", "b"}}));
  EXPECT_EQ(scan(store, Table::timers, {"c", "", true}), (Rows{{"d", "d"}, {"c", "c"}}));
  EXPECT_EQ(scan(store, Table::timers, {"", "", true}, 1), (Rows{{"d", "d"}}));
  EXPECT_EQ(scan(store, Table::timers, {"c", "b", true}), Rows{});
}

TYPED_TEST_P(StoreConformance, ScansLongTablesBothWaysAndStopsWhenTold) {
  Store& store = this->store();
  Batch batch;
  for (int number = 0; number < 3000; ++number) {
    batch.put(Table::events, std::to_string(100000 + number), std::string(300, 'v'));
  }
  commit_one(store, batch);
  const Rows rows = scan(store, Table::events);
  ASSERT_EQ(rows.size(), 3000u);
  EXPECT_EQ(rows[2999].first, "102999");
  const Rows reversed = scan(store, Table::events, {"", "", true});
  EXPECT_TRUE(std::equal(rows.begin(), rows.end(), reversed.rbegin(), reversed.rend()));
  EXPECT_EQ(scan(store, Table::events, {}, 7).size(), 7u);
}

TYPED_TEST_P(StoreConformance, AScanSeesOneInstantAndItsVisitorMayReadAndCommit) {
  Store& store = this->store();
  Batch batch;
  for (int number = 0; number < 1000; ++number) {
    batch.put(Table::timers, std::to_string(1000 + number), "old");
  }
  commit_one(store, batch);
  for (const bool reverse : {false, true}) {
    put(store, Table::timers, "1500", "old");
    std::size_t visited = 0;
    auto result = store.scan(
        Table::timers, {"", "2000", reverse}, [&](std::string_view key, std::string_view value) {
          EXPECT_EQ(value, "old") << key;
          ++visited;
          Batch change;
          change.put(Table::timers, std::string(key), "new");
          change.put(Table::timers, std::string(key) + "-added", "new");
          if (visited == 1) change.remove_range(Table::timers, "1400", "1600");
          EXPECT_EQ(commit_one(store, change), PartOutcome::committed);
          EXPECT_EQ(get(store, Table::timers, std::string(key) + "-added"), "new");
          return true;
        });
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(visited, 1000u);
    Batch reset;
    reset.remove_range(Table::timers, "", "9");
    for (int number = 0; number < 1000; ++number) {
      reset.put(Table::timers, std::to_string(1000 + number), "old");
    }
    commit_one(store, reset);
    EXPECT_EQ(scan(store, Table::timers).size(), 1000u);
  }
}

TYPED_TEST_P(StoreConformance, RemovesRowsAndRanges) {
  Store& store = this->store();
  for (const char* key : {"a", "b", "c", "d", "e"}) put(store, Table::active, key, key);
  Batch batch;
  batch.remove(Table::active, "a");
  batch.remove(Table::active, "missing");
  batch.remove_range(Table::active, "c", "e");
  batch.remove_range(Table::active, "z", "y");
  EXPECT_EQ(commit_one(store, batch), PartOutcome::committed);
  EXPECT_EQ(scan(store, Table::active), (Rows{{"b", "b"}, {"e", "e"}}));
  EXPECT_EQ(get(store, Table::active, "c"), std::nullopt);
}

TYPED_TEST_P(StoreConformance, RemovesLargeRangesAndWritesIntoThemAgain) {
  Store& store = this->store();
  Batch batch;
  for (int number = 0; number < 2500; ++number) {
    batch.put(Table::active, std::to_string(10000 + number), "v");
  }
  commit_one(store, batch);
  Batch removal;
  removal.put(Table::active, "10500x", "early");
  removal.remove_range(Table::active, "10100", "12400");
  removal.put(Table::active, "10700", "late");
  commit_one(store, removal);
  EXPECT_EQ(get(store, Table::active, "10500x"), std::nullopt);
  EXPECT_EQ(get(store, Table::active, "10500"), std::nullopt);
  EXPECT_EQ(get(store, Table::active, "10700"), "late");
  EXPECT_EQ(scan(store, Table::active).size(), 201u);
}

TYPED_TEST_P(StoreConformance, AppliesWritesOfABatchInOrder) {
  Store& store = this->store();
  Batch batch;
  batch.put(Table::active, "a", "1");
  batch.put(Table::active, "a", "2");
  batch.put(Table::active, "b", "1");
  batch.remove(Table::active, "b");
  batch.put(Table::active, "c", "1");
  batch.remove_range(Table::active, "c", "d");
  batch.put(Table::active, "cc", "after the range");
  commit_one(store, batch);
  EXPECT_EQ(scan(store, Table::active), (Rows{{"a", "2"}, {"cc", "after the range"}}));
}

TYPED_TEST_P(StoreConformance, AppliesWritesOfOneRowInOrderHoweverManyRowsTheBatchHas) {
  Store& store = this->store();
  Batch batch;
  for (int row = 99; row >= 0; --row) {
    const std::string key = std::to_string(row);
    batch.put(Table::active, key, "early");
    batch.put(Table::timers, key, "early");
  }
  Rows kept;
  for (int row = 0; row < 100; ++row) {
    const std::string key = std::to_string(row);
    batch.remove(Table::timers, key);
    batch.remove(Table::active, key);
    if (row % 3 == 0) {
      batch.put(Table::active, key, "late");
      kept.emplace_back(key, "late");
    }
  }
  std::ranges::sort(kept);
  commit_one(store, batch);
  EXPECT_EQ(scan(store, Table::active), kept);
  EXPECT_EQ(scan(store, Table::timers), Rows{});
}

TYPED_TEST_P(StoreConformance, LeavesOutAPartWhosePreconditionFails) {
  Store& store = this->store();
  put(store, Table::shards, "epoch", "7");
  Batch current;
  current.require(Table::shards, "epoch", "7");
  current.put(Table::history, "a", "current");
  Batch deposed;
  deposed.require(Table::shards, "epoch", "6");
  deposed.put(Table::history, "b", "deposed");
  deposed.put(Table::history, "c", "deposed");
  Batch free;
  free.put(Table::history, "d", "free");
  EXPECT_EQ(commit(store, {current, deposed, free}),
            (std::vector{PartOutcome::committed, PartOutcome::precondition_failed,
                         PartOutcome::committed}));
  EXPECT_EQ(scan(store, Table::history), (Rows{{"a", "current"}, {"d", "free"}}));
}

TYPED_TEST_P(StoreConformance, RequiresAbsenceAndExactValues) {
  Store& store = this->store();
  put(store, Table::entities, "there", "");
  const auto outcome = [&](const char* key, std::optional<std::string> expected) {
    Batch batch;
    batch.require(Table::entities, key, std::move(expected));
    return commit_one(store, batch);
  };
  EXPECT_EQ(outcome("there", ""), PartOutcome::committed);
  EXPECT_EQ(outcome("there", std::nullopt), PartOutcome::precondition_failed);
  EXPECT_EQ(outcome("there", "x"), PartOutcome::precondition_failed);
  EXPECT_EQ(outcome("missing", std::nullopt), PartOutcome::committed);
  EXPECT_EQ(outcome("missing", ""), PartOutcome::precondition_failed);
}

TYPED_TEST_P(StoreConformance, NeedsEveryPreconditionOfAPart) {
  Store& store = this->store();
  Batch batch;
  batch.require(Table::entities, "a", std::nullopt);
  batch.require(Table::entities, "b", "missing");
  batch.put(Table::entities, "a", "1");
  EXPECT_EQ(commit_one(store, batch), PartOutcome::precondition_failed);
  EXPECT_EQ(get(store, Table::entities, "a"), std::nullopt);
}

TYPED_TEST_P(StoreConformance, PreconditionsSeeTheWritesOfEarlierParts) {
  Store& store = this->store();
  put(store, Table::entities, "removed", "1");
  put(store, Table::entities, "ranged", "1");
  Batch first;
  first.put(Table::entities, "added", "1");
  first.remove(Table::entities, "removed");
  first.remove_range(Table::entities, "ranged", "rangee~");
  first.remove_range(Table::entities, "ranged", "rangedz");
  Batch sees;
  sees.require(Table::entities, "added", "1");
  sees.require(Table::entities, "removed", std::nullopt);
  sees.require(Table::entities, "ranged", std::nullopt);
  sees.put(Table::entities, "added", "2");
  Batch stale;
  stale.require(Table::entities, "added", "1");
  stale.put(Table::entities, "never", "");
  Batch after_failed;
  after_failed.require(Table::entities, "never", std::nullopt);
  EXPECT_EQ(commit(store, {first, sees, stale, after_failed}),
            (std::vector{PartOutcome::committed, PartOutcome::committed,
                         PartOutcome::precondition_failed, PartOutcome::committed}));
  EXPECT_EQ(scan(store, Table::entities), (Rows{{"added", "2"}}));
}

TYPED_TEST_P(StoreConformance, AnEmptyCommitIsNoSync) {
  Store& store = this->store();
  put(store, Table::meta, "a", "1");
  const auto before = store.figures();
  EXPECT_TRUE(commit(store, {}).empty());
  EXPECT_EQ(commit_one(store, Batch{}), PartOutcome::committed);
  Batch failing;
  failing.require(Table::meta, "a", "2");
  failing.put(Table::meta, "b", "1");
  EXPECT_EQ(commit_one(store, failing), PartOutcome::precondition_failed);
  EXPECT_EQ(store.figures().syncs, before.syncs);
}

TYPED_TEST_P(StoreConformance, ManyPartsShareOneSync) {
  Store& store = this->store();
  const auto before = store.figures();
  std::vector<Batch> parts(100);
  for (std::size_t number = 0; number < parts.size(); ++number) {
    parts[number].put(Table::history, std::to_string(number), std::string(100, 'v'));
  }
  commit(store, parts);
  EXPECT_EQ(store.figures().syncs, before.syncs + 1);
  EXPECT_GE(store.figures().bytes_written, before.bytes_written + 100 * 100);
}

TYPED_TEST_P(StoreConformance, KeepsEverythingOverAReopen) {
  store::MemoryStore model;
  RandomCommits random(4711);
  for (int round = 0; round < 5; ++round) {
    for (int number = 0; number < 20; ++number) {
      const auto parts = random.next(model);
      EXPECT_EQ(commit(this->store(), parts), commit(model, parts));
    }
    this->harness_.reopen();
    expect_same_rows(this->store(), model);
  }
}

TYPED_TEST_P(StoreConformance, BehavesAsTheModelUnderRandomCommits) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    store::MemoryStore model;
    Store& store = this->store();
    Batch clear;
    for (const Table table : {Table::history, Table::executions})
      clear.remove_range(table, "", "\xff");
    commit_one(store, clear);
    RandomCommits random(seed);
    for (int number = 0; number < 150; ++number) {
      const auto parts = random.next(model);
      ASSERT_EQ(commit(store, parts), commit(model, parts))
          << "seed " << seed << ", commit " << number;
      const std::string from = random.key();
      const std::string to = random.key();
      const ScanRange range{from, to, random.below(2) == 0};
      const Table table = random.table();
      ASSERT_EQ(scan(store, table, range), scan(model, table, range)) << "seed " << seed;
      ASSERT_EQ(get(store, table, from), get(model, table, from)) << "seed " << seed;
    }
    expect_same_rows(store, model);
  }
}

TYPED_TEST_P(StoreConformance, ReadersSeeWholeCommitsWhileAnotherThreadCommits) {
  Store& store = this->store();
  const auto write = [&](int number) {
    Batch batch;
    for (int row = 0; row < 10; ++row) {
      batch.put(Table::limits, "row" + std::to_string(row), std::to_string(number));
    }
    commit_one(store, batch);
  };
  write(0);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      int last = 0;
      while (!done) {
        const Rows rows = scan(store, Table::limits);
        ASSERT_EQ(rows.size(), 10u);
        for (const auto& row : rows) ASSERT_EQ(row.second, rows.front().second);
        const int seen = std::stoi(rows.front().second);
        ASSERT_GE(seen, last);
        last = seen;
        ASSERT_GE(std::stoi(get(store, Table::limits, "row3").value_or("-1")), last);
      }
    });
  }
  for (int number = 1; number <= 300; ++number) write(number);
  done = true;
  for (std::thread& reader : readers) reader.join();
}

TYPED_TEST_P(StoreConformance, CommitsFromSeveralThreadsWaitForEachOther) {
  Store& store = this->store();
  put(store, Table::limits, "counter", "0");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&] {
      for (int added = 0; added < 30;) {
        const auto seen = get(store, Table::limits, "counter");
        Batch batch;
        batch.require(Table::limits, "counter", seen);
        batch.put(Table::limits, "counter", std::to_string(std::stoi(seen.value()) + 1));
        if (commit_one(store, batch) == PartOutcome::committed) ++added;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(get(store, Table::limits, "counter"), "90");
}

REGISTER_TYPED_TEST_SUITE_P(
    StoreConformance, ReadsBackWhatWasPut, KeepsEmptyValuesApartFromAbsentRows,
    KeepsEveryByteOfKeysAndValues, KeepsLargeValues, WritesToEveryTable,
    ScansInOrderOfUnsignedBytes, ScansFromInclusiveToExclusive, ScansBackwardsOverTheSameRange,
    ScansLongTablesBothWaysAndStopsWhenTold, AScanSeesOneInstantAndItsVisitorMayReadAndCommit,
    RemovesRowsAndRanges, RemovesLargeRangesAndWritesIntoThemAgain, AppliesWritesOfABatchInOrder,
    AppliesWritesOfOneRowInOrderHoweverManyRowsTheBatchHas, LeavesOutAPartWhosePreconditionFails,
    RequiresAbsenceAndExactValues, NeedsEveryPreconditionOfAPart,
    PreconditionsSeeTheWritesOfEarlierParts, AnEmptyCommitIsNoSync, ManyPartsShareOneSync,
    KeepsEverythingOverAReopen, BehavesAsTheModelUnderRandomCommits,
    ReadersSeeWholeCommitsWhileAnotherThreadCommits, CommitsFromSeveralThreadsWaitForEachOther);

}  // namespace eventual::conformance
