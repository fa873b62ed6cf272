// What every store does when commits and reads fail, a process dies or power is lost. Harness as in
// store_conformance.hpp, with a FaultyStore in front: `store::FaultyStore& faulty()`.
#pragma once

#include "conformance/store_conformance.hpp"
#include "store/faulty_store.hpp"

namespace eventual::conformance {

using store::CommitFault;

template <class Harness>
class StoreFaults : public testing::Test {
 protected:
  store::FaultyStore& store() { return harness_.faulty(); }
  Harness harness_;
};
TYPED_TEST_SUITE_P(StoreFaults);

inline void expect_unavailable(Result<std::vector<PartOutcome>> result) {
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().name(), error_names::k_unavailable);
}

inline Batch two_rows() {
  Batch batch;
  batch.put(Table::history, "a", "1");
  batch.put(Table::executions, "a", "1");
  return batch;
}

TYPED_TEST_P(StoreFaults, ACommitThatFailsBeforeItWasWrittenLeavesNothing) {
  auto& store = this->store();
  store.fail_commit(1, CommitFault::before);
  const std::vector parts{two_rows()};
  expect_unavailable(store.commit(parts));
  EXPECT_EQ(get(store, Table::history, "a"), std::nullopt);
  EXPECT_EQ(commit(store, parts), std::vector{PartOutcome::committed});
  EXPECT_EQ(get(store, Table::history, "a"), "1");
}

TYPED_TEST_P(StoreFaults, ACommitThatFailsAfterItWasWrittenGivesTheSameRowsWhenRepeated) {
  auto& store = this->store();
  store.fail_commit(1, CommitFault::after);
  const std::vector parts{two_rows()};
  expect_unavailable(store.commit(parts));
  EXPECT_EQ(get(store, Table::executions, "a"), "1");
  this->harness_.reopen();
  EXPECT_EQ(get(store, Table::history, "a"), "1");
  EXPECT_EQ(commit(store, parts), std::vector{PartOutcome::committed});
  EXPECT_EQ(scan(store, Table::history), (Rows{{"a", "1"}}));
}

TYPED_TEST_P(StoreFaults, AnUnsyncedCommitIsLostWithThePower) {
  auto& store = this->store();
  store.fail_commit(2, CommitFault::unsynced);
  put(store, Table::history, "before", "1");
  expect_unavailable(store.commit(std::vector{two_rows()}));
  EXPECT_TRUE(store.has_unsynced());
  store.drop_unsynced();
  this->harness_.reopen();
  EXPECT_EQ(scan(store, Table::history), (Rows{{"before", "1"}}));
}

TYPED_TEST_P(StoreFaults, AnUnsyncedCommitSurvivesTheDeathOfTheProcessAsAWhole) {
  auto& store = this->store();
  store.fail_commit(1, CommitFault::unsynced);
  expect_unavailable(store.commit(std::vector{two_rows()}));
  EXPECT_EQ(get(store, Table::history, "a"), std::nullopt);
  ASSERT_TRUE(store.keep_unsynced().ok());
  this->harness_.reopen();
  EXPECT_EQ(get(store, Table::history, "a"), "1");
  EXPECT_EQ(get(store, Table::executions, "a"), "1");
}

TYPED_TEST_P(StoreFaults, ALaterCommitBuriesAnUnsyncedOne) {
  auto& store = this->store();
  store.fail_commit(1, CommitFault::unsynced);
  expect_unavailable(store.commit(std::vector{two_rows()}));
  put(store, Table::meta, "later", "1");
  ASSERT_TRUE(store.keep_unsynced().ok());
  EXPECT_EQ(get(store, Table::history, "a"), std::nullopt);
}

TYPED_TEST_P(StoreFaults, AFullDiskRefusesEveryCommitAndLosesNothing) {
  auto& store = this->store();
  put(store, Table::meta, "a", "1");
  store.fail_commits_from(1);
  for (int attempt = 0; attempt < 3; ++attempt)
    expect_unavailable(store.commit(std::vector{two_rows()}));
  EXPECT_EQ(get(store, Table::meta, "a"), "1");
  store.heal();
  EXPECT_EQ(commit(store, {two_rows()}), std::vector{PartOutcome::committed});
  this->harness_.reopen();
  EXPECT_EQ(get(store, Table::meta, "a"), "1");
  EXPECT_EQ(get(store, Table::history, "a"), "1");
}

TYPED_TEST_P(StoreFaults, AFailingReadSaysSoAndTheNextOneWorks) {
  auto& store = this->store();
  put(store, Table::meta, "a", "1");
  store.fail_read(1);
  store.fail_read(2);
  EXPECT_EQ(store.get(Table::meta, "a").error().name(), error_names::k_unavailable);
  EXPECT_EQ(store.scan(Table::meta, {}, [](auto, auto) { return true; }).error().name(),
            error_names::k_unavailable);
  EXPECT_EQ(get(store, Table::meta, "a"), "1");
  EXPECT_EQ(store.counts().reads_failed, 2u);
}

TYPED_TEST_P(StoreFaults, ACorruptRowIsNamedAndOthersStayReadable) {
  auto& store = this->store();
  for (const char* key : {"a", "b", "c"}) put(store, Table::meta, key, key);
  store.corrupt(Table::meta, "b");
  const auto result = store.get(Table::meta, "b");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().name(), error_names::k_corrupt);
  EXPECT_EQ(result.error().details_json(), R"({"table":"meta","key":"b"})");
  EXPECT_EQ(get(store, Table::meta, "c"), "c");
  Rows seen;
  const auto scanned =
      store.scan(Table::meta, {}, [&](std::string_view key, std::string_view value) {
        seen.emplace_back(key, value);
        return true;
      });
  ASSERT_FALSE(scanned.ok());
  EXPECT_EQ(scanned.error().name(), error_names::k_corrupt);
  EXPECT_EQ(seen, (Rows{{"a", "a"}}));
  put(store, Table::meta, "b", "repaired");
  EXPECT_EQ(get(store, Table::meta, "b"), "repaired");
}

/// After every commit, failed or not, the rows are those of the model, over restarts and power
/// losses.
TYPED_TEST_P(StoreFaults, HoldsWhatTheModelHoldsUnderRandomFaults) {
  auto& store = this->store();
  store::MemoryStore model;
  RandomCommits random(99);
  store.fail_by_chance(7, {.commit_before = 0.1, .commit_after = 0.1, .commit_unsynced = 0.1});
  for (int number = 0; number < 200; ++number) {
    const auto parts = random.next(model);
    const CommitFault faults[] = {CommitFault::before, CommitFault::after, CommitFault::unsynced};
    const bool scripted = random.below(10) == 0;
    const CommitFault fault = faults[random.below(3)];
    if (scripted) store.fail_commit(1, fault);
    auto outcomes = store.commit(parts);
    if (outcomes.ok()) {
      ASSERT_EQ(*outcomes, commit(model, parts));
    } else if (store.has_unsynced() && random.below(2) == 0) {
      ASSERT_TRUE(store.keep_unsynced().ok());
      commit(model, parts);
    } else if (store.has_unsynced()) {
      store.drop_unsynced();
    } else if (scan(store, Table::history) != scan(model, Table::history) ||
               scan(store, Table::executions) != scan(model, Table::executions)) {
      commit(model, parts);  // it failed after it was written: then all of it is there
    }
    if (random.below(40) == 0) this->harness_.reopen();
    ASSERT_EQ(scan(store, Table::history), scan(model, Table::history)) << number;
    ASSERT_EQ(scan(store, Table::executions), scan(model, Table::executions)) << number;
  }
  EXPECT_GT(store.counts().commits_failed, 30u);
}

TYPED_TEST_P(StoreFaults, TheSameSeedFailsAlike) {
  auto& store = this->store();
  const auto failures = [&] {
    std::string pattern;
    store.fail_by_chance(42, {.commit_before = 0.3, .commit_after = 0.2});
    for (int number = 0; number < 40; ++number) {
      pattern += store.commit(std::vector{two_rows()}).ok() ? '.' : 'x';
    }
    return pattern;
  };
  const std::string first = failures();
  EXPECT_EQ(failures(), first);
  EXPECT_NE(first.find('x'), std::string::npos);
}

REGISTER_TYPED_TEST_SUITE_P(StoreFaults, ACommitThatFailsBeforeItWasWrittenLeavesNothing,
                            ACommitThatFailsAfterItWasWrittenGivesTheSameRowsWhenRepeated,
                            AnUnsyncedCommitIsLostWithThePower,
                            AnUnsyncedCommitSurvivesTheDeathOfTheProcessAsAWhole,
                            ALaterCommitBuriesAnUnsyncedOne,
                            AFullDiskRefusesEveryCommitAndLosesNothing,
                            AFailingReadSaysSoAndTheNextOneWorks,
                            ACorruptRowIsNamedAndOthersStayReadable,
                            HoldsWhatTheModelHoldsUnderRandomFaults, TheSameSeedFailsAlike);

}  // namespace eventual::conformance
