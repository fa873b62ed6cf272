// Changes of entities on virtual time: what is told, when, in which order, and what is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "eventual/testing.hpp"

namespace changes {
namespace {

namespace ev = eventual;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Account {
  std::string id;
  std::int64_t balance = 0;
};

/// "modify a 1 -> 2 v2"
std::string text_of(const ev::EntityChange<Account>& change) {
  std::string text = change.kind == ev::ChangeKind::insert   ? "insert "
                     : change.kind == ev::ChangeKind::modify ? "modify "
                                                             : "remove ";
  text += change.now ? change.now->id : change.before->id;
  if (change.before) text += " " + std::to_string(change.before->balance);
  if (change.now) text += " -> " + std::to_string(change.now->balance);
  return text + " v" + std::to_string(change.version);
}

struct Log {
  std::vector<std::string> lines;
  std::map<std::string, int> failures;  ///< how often a line still fails
  std::vector<std::string> take() { return std::exchange(lines, {}); }
};

// [on-change]
inline ev::Service bank{"bank"};
inline const auto accounts = bank.entity("accounts", ev::key(&Account::id));
inline const auto audit =
    accounts.on_change("audit", {.retry = {.max_attempts = 3, .initial_interval = 1s, .jitter = 0}},
                       [](const ev::EntityChange<Account>& change, Log& log) {
                         const std::string line = text_of(change);
                         if (log.failures[line]-- > 0) throw ev::Error("Busy", line);
                         log.lines.push_back(line);
                       });
// [/on-change]
inline Log& told = bank.provide<Log>();

inline const auto put =
    bank.task("put", [](const Account& account) { accounts.put(account).get(); });
inline const auto grow = bank.workflow("grow", [](std::string id) -> ev::Future<void> {
  co_await accounts.put({id, 1});
  co_await put(Account{id, 2});
  co_await accounts.put({id, 3});
  co_await accounts.remove(id);
});
struct Move {
  std::string from;
  std::string to;
  std::int64_t amount = 0;
};
inline const auto transfer = bank.transaction(
    "transfer", {.max_attempts = 5}, [](const Move& move, ev::TransactionContext& tx) {
      Account from = tx.get(accounts, move.from).value_or(Account{move.from, 100});
      Account to = tx.get(accounts, move.to).value_or(Account{move.to, 100});
      from.balance -= move.amount;
      to.balance += move.amount;
      tx.put(accounts, to);
      tx.put(accounts, {move.from, -1});  // only the last of several counts
      tx.put(accounts, from);
      tx.put(accounts, {"passing", 1});
      tx.remove(accounts, "passing");
      if (from.balance < 0) throw ev::Error("InsufficientFunds", move.from);
    });

class EntityChanges : public testing::Test {
 protected:
  EntityChanges() { told = Log(); }
};

TEST_F(EntityChanges, AreToldWithWhatWasThereBefore) {
  ev::TestEnvironment env(bank);
  env.in_handler([] {
    accounts.put({"a", 1}).get();
    accounts.put({"a", 2}).get();
    accounts.put({"a", 2}).get();  // a new version is a change
    accounts.remove("a").get();
    accounts.remove("a").get();
    accounts.put({"a", 9}).get();
  });
  EXPECT_THAT(told.lines, ElementsAre("insert a -> 1 v1", "modify a 1 -> 2 v2",
                                      "modify a 2 -> 2 v3", "remove a 2 v3", "insert a -> 9 v1"));
}

TEST_F(EntityChanges, ComeFromWorkflowsAndTasksToo) {
  ev::TestEnvironment env(bank);
  auto growing = env.start(grow, "a");
  env.tick(1min);
  EXPECT_EQ(growing.status(), "succeeded");
  EXPECT_THAT(told.lines, ElementsAre("insert a -> 1 v1", "modify a 1 -> 2 v2",
                                      "modify a 2 -> 3 v3", "remove a 3 v3"));
}

TEST_F(EntityChanges, OfATransactionAreItsOutcomeAndOnlyIfItIsCommitted) {
  ev::TestEnvironment env(bank);
  env.run(transfer, Move{"a", "b", 30});
  EXPECT_THAT(told.take(), UnorderedElementsAre("insert a -> 70 v1", "insert b -> 130 v1"));
  EXPECT_THROW(env.run(transfer, Move{"a", "b", 71}), ev::Error);
  EXPECT_THAT(told.take(), IsEmpty());
  env.in_handler([] {
    auto first = transfer({"a", "b", 1});
    auto second = transfer({"a", "b", 1});  // reads before the first is committed, and runs again
    first.get();
    second.get();
  });
  EXPECT_THAT(told.lines, UnorderedElementsAre("modify a 70 -> 69 v2", "modify a 69 -> 68 v3",
                                               "modify b 130 -> 131 v2", "modify b 131 -> 132 v3"));
}

TEST_F(EntityChanges, OfOneItemWaitForAnEarlierOneThatFailsAndOthersPassBy) {
  ev::TestEnvironment env(bank);
  told.failures = {{"modify a 1 -> 2 v2", 1}, {"insert b -> 1 v1", 9}};
  env.in_handler([] {
    for (const std::int64_t balance : {1, 2, 3}) {
      accounts.put({"a", balance}).get();
      accounts.put({"b", balance}).get();
      accounts.put({"c", balance}).get();
    }
  });
  EXPECT_THAT(told.take(), ElementsAre("insert a -> 1 v1", "insert c -> 1 v1", "modify c 1 -> 2 v2",
                                       "modify c 2 -> 3 v3"));
  env.restart();  // what failed and what waits behind it is kept
  EXPECT_THAT(told.take(), IsEmpty());
  env.tick(1s);
  EXPECT_THAT(told.take(), ElementsAre("modify a 1 -> 2 v2", "modify a 2 -> 3 v3"));
  env.tick(2s);  // the third attempt of b's insertion: a dead letter, and its key goes on
  EXPECT_THAT(told.take(), ElementsAre("modify b 1 -> 2 v2", "modify b 2 -> 3 v3"));
  ASSERT_EQ(env.dead_letters(audit).size(), 1U);
  const ev::Json letter = env.dead_letters(audit)[0];
  EXPECT_EQ(letter["event"]["name"].as_string(), "~changes/accounts");
  EXPECT_EQ(letter["event"]["key"].as_string(), R"(["b"])");
  EXPECT_EQ(letter["event"]["payload"].dump(),
            R"({"kind":"insert","version":1,"now":{"id":"b","balance":1}})");
  told.failures.clear();
  EXPECT_EQ(env.redrive(audit), 1U);
  EXPECT_THAT(told.lines, ElementsAre("insert b -> 1 v1"));
}

TEST_F(EntityChanges, NobodyButTheFrameworkEmitsThem) {
  ev::TestEnvironment env(bank);
  try {
    env.emit_json("~changes/accounts", R"({"kind":"insert","version":1})", {});
    FAIL() << "it was taken";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "NotAllowed");
  }
  EXPECT_THAT(told.lines, IsEmpty());
}

TEST_F(EntityChanges, CanBeFilteredBatchedAndTakenWithOtherEvents) {
  struct Seen {
    std::vector<std::string> rich, removed, together;
  };
  Seen seen;
  ev::Service service("filters");
  const auto purses = service.entity("purses", ev::key(&Account::id));
  const auto closed = service.event<std::string>("Closed");
  using Change = ev::EntityChange<Account>;
  // [changes]
  service.subscription(
      "rich",
      ev::on(purses.changes().where(ev::where<&Change::now, &Account::balance>() >= 100 &&
                                    ev::where<&Change::kind>() == ev::ChangeKind::modify)),
      [&seen](const Change& change) { seen.rich.push_back(text_of(change)); });
  // [/changes]
  service.subscription(
      "removed",
      ev::on(purses.changes().where(ev::where<&Change::kind>() == ev::ChangeKind::remove)),
      {.batch = {.max = 10, .wait = 5s}}, [&seen](const std::vector<Change>& changes) {
        for (const Change& change : changes) seen.removed.push_back(text_of(change));
      });
  service.subscription(
      "together", ev::on(purses.changes(), closed),
      ev::overloads{[&seen](const Change& change) { seen.together.push_back(text_of(change)); },
                    [&seen](const std::string& id) { seen.together.push_back("closed " + id); }});
  ASSERT_TRUE(service.declarations().defects().empty());
  ev::TestEnvironment env(service);
  env.in_handler([&] {
    purses.put({"a", 200}).get();
    purses.put({"a", 100}).get();
    purses.put({"a", 99}).get();
    purses.remove("a").get();
  });
  env.emit(closed, "a");
  EXPECT_THAT(seen.rich, ElementsAre("modify a 200 -> 100 v2"));
  EXPECT_THAT(seen.removed, IsEmpty());
  env.tick(5s);
  EXPECT_THAT(seen.removed, ElementsAre("remove a 99 v3"));
  EXPECT_THAT(seen.together, ElementsAre("insert a -> 200 v1", "modify a 200 -> 100 v2",
                                         "modify a 100 -> 99 v3", "remove a 99 v3", "closed a"));
}

TEST_F(EntityChanges, ThatNobodyCouldTakeAnyMoreAreRefusedWithTheWrite) {
  ev::Service service("full");
  const auto purses = service.entity("purses", ev::key(&Account::id));
  purses.on_change("stuck",
                   {.retry = {.max_attempts = 2, .initial_interval = 1h}, .backlog_max = 2},
                   [](const ev::EntityChange<Account>&) { throw ev::Error("Stuck", "for good"); });
  ev::TestEnvironment env(service);
  env.in_handler([&] {
    purses.put({"a", 1}).get();
    purses.put({"b", 1}).get();
    try {
      purses.put({"c", 1}).get();
      ADD_FAILURE() << "it was taken";
    } catch (const ev::Error& error) {
      EXPECT_EQ(error.name(), "LimitExceeded");
      EXPECT_THAT(error.message(), HasSubstr("subscription stuck has 2 events to deliver"));
    }
    EXPECT_FALSE(purses.get("c").get());
  });
  env.tick(2h);  // both are dead letters
  env.in_handler([&] { purses.put({"c", 1}).get(); });
}

TEST_F(EntityChanges, OfAnEntityThatNobodyFollowsAreNotStored) {
  ev::Service service("quiet");
  const auto purses = service.entity("purses", ev::key(&Account::id));
  const auto followed = service.entity("followed", ev::key(&Account::id));
  int changes = 0;
  followed.on_change("count", [&changes](const ev::EntityChange<Account>&) { ++changes; });
  EXPECT_TRUE(service.declarations().find_entity("purses")->changes.empty());
  ev::TestEnvironment env(service);
  env.in_handler([&] {
    purses.put({"a", 1}).get();
    followed.put({"a", 1}).get();
  });
  EXPECT_EQ(changes, 1);
}

}  // namespace
}  // namespace changes
