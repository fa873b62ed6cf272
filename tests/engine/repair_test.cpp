// Pause and resume, forks and retries, and a kill at any commit on the way.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

/// What the outside saw: attempts by idempotency key, and which tasks fail now.
struct Outside {
  std::map<std::string, int> charges;
  std::map<std::string, int> refunds;
  bool shipping_fails = false;
  bool code_throws = false;
};
Outside& outside() {
  static Outside made;
  return made;
}

Service& service() {
  static Service made{"repair"};
  return made;
}

const auto charge = service().task("charge", [](const std::string& id, TaskContext& context) {
  outside().charges[std::string(context.idempotency_key())]++;
  return "charge-" + id;
});
const auto refund =
    service().task("refund", [](const std::string& id) { outside().refunds[id]++; });
const auto ship =
    service().task("ship", {.retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}},
                   [](const std::string& id, TaskContext& context) -> std::string {
                     if (outside().shipping_fails) throw Error("NoCarrier", id);
                     return "track-" + std::string(context.idempotency_key());
                   });
const auto go = service().signal<std::string>("go");

const auto buy = service().workflow("buy", [](std::string id) -> Future<std::string> {
  const std::string paid = co_await charge(id);
  co_return paid + " " + co_await ship(id);
});
const auto careful = service().workflow("careful", [](std::string id) -> Future<std::string> {
  Saga saga;
  const std::string paid = co_await charge(id);
  saga.undo(refund, paid);
  co_return paid + " " + co_await ship(id);
});
const auto buggy = service().workflow("buggy", [](std::string id) -> Future<std::string> {
  const std::string paid = co_await charge(id);
  if (outside().code_throws) throw Error("Bug", "of the code");
  co_return paid + "!";
});
const auto both = service().workflow("both", [](std::string id) -> Future<std::string> {
  auto shipping = ship(id);
  auto paying = charge(id);
  const auto shipped = co_await settle(shipping);
  const std::string paid = co_await paying;
  co_await sleep_for(1h);
  if (!shipped) throw shipped.error();
  co_return paid + " " + *shipped;
});
const auto patient = service().workflow("patient", [](std::string id) -> Future<std::string> {
  std::string heard;
  auto listening = go.on([&](std::string word) { heard += word; });
  const std::string paid = co_await charge(id);
  co_await sleep_for(1h);
  co_await condition([&] { return heard.size() >= 2; });
  co_return paid + " " + heard + " " + new_id();
});
const auto leaf = service().workflow("leaf", [](std::string id) -> Future<std::string> {
  co_await sleep_for(1min);
  co_return co_await ship(id);
});
const auto parent = service().workflow("parent", [](std::string id) -> Future<std::string> {
  const std::string paid = co_await charge(id);
  co_return paid + " " + co_await leaf(id);
});

class Repair : public testing::Test {
 protected:
  void SetUp() override { outside() = {}; }
};

std::string kind_of(World& world, const std::string& id, std::size_t place = 0) {
  const auto waiting = world.view(id).waiting_for;
  return place < waiting.size() ? waiting[place].kind : std::string();
}

std::string result_of(World& world, const std::string& id) {
  const auto view = world.view(id);
  if (view.result_json) return *view.result_json;
  return view.status + (view.error ? " " + view.error->name() : "");
}

/// What it kept ends it: what it kept behind that is not lost, it was acknowledged.
TEST_F(Repair, ASignalThatWasKeptBehindTheEndOfAPausedExecutionIsInItsHistory) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(patient, std::string("p"));
  ASSERT_EQ(world.attempts.size(), 1U);
  ASSERT_TRUE(world.pause(id, "the bank is down").value());
  AttemptResult failed = world.result_of(world.attempts.front());
  failed.error = Error("NoBank", "it is down");
  world.engine().attempt_finished(std::move(failed), world.now);
  ASSERT_TRUE(world.signal(id, "go", "\"on\"", "message-1").value());
  ASSERT_TRUE(world.resume(id).value());
  EXPECT_EQ(result_of(world, id), "failed NoBank");
  std::size_t found = 0;
  const auto stored = read_execution(world.store(), Options().shards, id, 0).value();
  for (const model::Turn& turn : stored.turns) {
    for (const model::Event& event : turn.events) {
      const auto* signal = std::get_if<model::SignalReceived>(&event);
      if (signal != nullptr && signal->message_id == "message-1") ++found;
    }
  }
  EXPECT_EQ(found, 1U);
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST_F(Repair, APausedExecutionKeepsWhatArrivesAndGoesOnWithItLater) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(patient, std::string("p"));
  ASSERT_EQ(world.attempts.size(), 1U);
  EXPECT_TRUE(world.pause(id, "the bank is down").value());
  EXPECT_FALSE(world.pause(id).value());
  EXPECT_EQ(world.view(id).status, "paused");
  EXPECT_FALSE(world.view(id).error);

  world.run_tasks = true;
  world.settle();  // the running attempt ends; its result is kept
  EXPECT_TRUE(world.signal(id, "go", "\"a\"").ok());
  world.advance(2h);
  EXPECT_TRUE(world.signal(id, "go", "\"b\"").ok());
  EXPECT_EQ(world.history_types(id),
            (std::vector<std::string>{"execution_started", "task_scheduled", "execution_paused"}));
  const auto waiting = world.view(id).waiting_for;
  ASSERT_FALSE(waiting.empty());
  EXPECT_EQ(waiting[0].kind, "paused");
  EXPECT_EQ(waiting[0].details["reason"].as_string(), "the bank is down");
  EXPECT_EQ(waiting[0].details["kept"].as_uint64(), 3U);
  EXPECT_EQ(waiting[0].since, Timestamp());

  world.restart();
  EXPECT_EQ(world.view(id).status, "paused");
  EXPECT_TRUE(world.resume(id).value());
  EXPECT_FALSE(world.resume(id).value());
  EXPECT_EQ(kind_of(world, id), "timer");
  world.advance(1h);
  EXPECT_TRUE(result_of(world, id).starts_with("\"charge-p ab "));
  EXPECT_EQ(world.replay_difference(id), "");
  EXPECT_EQ(world.resume(id).error().name(), "Closed");
  EXPECT_EQ(world.pause(id).error().name(), "Closed");
}

TEST_F(Repair, NoAttemptBeginsWhileItIsPaused) {
  World world(service());
  outside().shipping_fails = true;
  const std::string id = world.start(buy, std::string("p"));
  EXPECT_EQ(kind_of(world, id), "task");  // between two attempts
  EXPECT_TRUE(world.pause(id).value());
  world.advance(1h);
  EXPECT_EQ(world.count(id, "task_attempt_started"), 0U);
  EXPECT_EQ(kind_of(world, id), "paused");
  EXPECT_EQ(kind_of(world, id, 1), "task");
  outside().shipping_fails = false;
  EXPECT_TRUE(world.resume(id).value());
  EXPECT_EQ(result_of(world, id), "\"charge-p track-buy/one/1/1\"");
}

TEST_F(Repair, AnAttemptThatACrashInterruptsWhileItIsPausedRunsWhenItIsResumed) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(buy, std::string("p"));
  EXPECT_TRUE(world.pause(id).value());
  world.restart();
  world.settle();
  EXPECT_TRUE(world.attempts.empty());
  world.run_tasks = true;
  EXPECT_TRUE(world.resume(id).value());
  EXPECT_EQ(world.view(id).status, "succeeded");
  EXPECT_EQ(outside().charges.size(), 1U);
}

TEST_F(Repair, APausedExecutionCanBeTerminatedAndCancelledLater) {
  World world(service());
  const std::string id = world.start(patient, std::string("p"));
  EXPECT_TRUE(world.pause(id).value());
  EXPECT_TRUE(world.cancel(id).ok());
  EXPECT_EQ(world.view(id).status, "paused");
  EXPECT_TRUE(world.resume(id).value());
  EXPECT_EQ(world.view(id).status, "cancelled");
  const std::string other = world.start(patient, std::string("p"), "two");
  EXPECT_TRUE(world.pause(other).value());
  EXPECT_TRUE(world.signal(other, "go", "\"a\"").ok());
  EXPECT_TRUE(world.terminate(other).value());
  EXPECT_EQ(world.view(other).status, "terminated");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST_F(Repair, ARetryMakesTheFailingCallAgainAndNothingElse) {
  World world(service());
  outside().shipping_fails = true;
  const std::string id = world.start(buy, std::string("p"));
  world.advance(1min);
  EXPECT_EQ(result_of(world, id), "failed NoCarrier");
  outside().shipping_fails = false;
  const auto retried = world.retry(id);
  ASSERT_TRUE(retried.ok()) << retried.error().message();
  EXPECT_EQ(retried->run, 2U);
  EXPECT_EQ(result_of(world, id), "\"charge-p track-buy/one/1/1\"");  // the key of the first run
  EXPECT_EQ(outside().charges.size(), 1U);
  EXPECT_EQ(world.view(id).execution.run, 2U);
  EXPECT_EQ(world.replay_difference(id), "");
  const auto first = read_execution(world.store(), Options().shards, id, 1);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->record.status, model::Status::failed);
  const auto list = list_executions(world.store(), Options().shards, {}).value();
  EXPECT_EQ(list.executions.size(), 2U);
  std::optional<Result<ports::ExecutionView>> earlier;
  world.engine().describe(
      {"buy", "one", 1}, [&](auto given) { earlier = std::move(given); }, world.now);
  world.settle();
  EXPECT_EQ(earlier->value().status, "failed");
  EXPECT_EQ(earlier->value().execution.run, 1U);
  EXPECT_EQ(world.retry(id).error().name(), "NotAllowed");  // it succeeded
}

TEST_F(Repair, WhatSucceededBesideTheFailureIsKept) {
  World world(service());
  outside().shipping_fails = true;
  const std::string id = world.start(both, std::string("p"));
  world.advance(2h);
  EXPECT_EQ(result_of(world, id), "failed NoCarrier");
  outside().shipping_fails = false;
  ASSERT_TRUE(world.retry(id).ok());
  world.advance(2h);
  EXPECT_EQ(result_of(world, id), "\"charge-p track-both/one/1/0\"");
  EXPECT_EQ(outside().charges.size(), 1U);
  EXPECT_EQ(outside().charges.begin()->second, 1);
  EXPECT_EQ(world.replay_difference(id), "");
}

TEST_F(Repair, WhatWasUndoneIsDoneAgain) {
  World world(service());
  outside().shipping_fails = true;
  const std::string id = world.start(careful, std::string("p"));
  world.advance(1min);
  EXPECT_EQ(result_of(world, id), "failed NoCarrier");
  EXPECT_EQ(outside().refunds.size(), 1U);
  outside().shipping_fails = false;
  ASSERT_TRUE(world.retry(id).ok());
  EXPECT_EQ(result_of(world, id), "\"charge-p track-careful/one/2/1\"");
  EXPECT_EQ(outside().charges.size(), 2U);  // under a key of its own
  EXPECT_EQ(world.replay_difference(id), "");
}

TEST_F(Repair, CodeThatWasRepairedGoesOnFromWhereItThrew) {
  World world(service());
  outside().code_throws = true;
  const std::string id = world.start(buggy, std::string("p"));
  EXPECT_EQ(result_of(world, id), "failed Bug");
  ASSERT_TRUE(world.retry(id).ok());
  EXPECT_EQ(result_of(world, id), "failed Bug");
  outside().code_throws = false;
  EXPECT_EQ(world.retry(id)->run, 3U);
  EXPECT_EQ(result_of(world, id), "\"charge-p!\"");
  EXPECT_EQ(outside().charges.size(), 1U);
  EXPECT_EQ(world.replay_difference(id), "");
}

TEST_F(Repair, ATerminatedExecutionGoesOnWithItsOpenCalls) {
  World world(service());
  const std::string id = world.start(patient, std::string("p"));
  EXPECT_TRUE(world.signal(id, "go", "\"ab\"").ok());
  world.advance(10min);
  EXPECT_TRUE(world.terminate(id).value());
  EXPECT_EQ(world.rows(Table::timers).size(), 0U);
  ASSERT_TRUE(world.retry(id).ok());
  EXPECT_EQ(kind_of(world, id), "timer");
  world.restart();
  world.advance(50min);
  EXPECT_TRUE(result_of(world, id).starts_with("\"charge-p ab "));
  EXPECT_EQ(outside().charges.size(), 1U);
  EXPECT_EQ(world.replay_difference(id), "");
}

TEST_F(Repair, AnOpenExecutionIsNotRetried) {
  World world(service());
  const std::string id = world.start(patient, std::string("p"));
  EXPECT_EQ(world.retry(id).error().name(), "NotClosed");
  EXPECT_EQ(world.retry("patient/none").error().name(), "NotFound");
}

TEST_F(Repair, ARetriedParentRetriesTheChildThatFailed) {
  World world(service());
  outside().shipping_fails = true;
  const std::string id = world.start(parent, std::string("p"));
  world.advance(2min);
  EXPECT_EQ(result_of(world, id), "failed NoCarrier");
  outside().shipping_fails = false;
  ASSERT_TRUE(world.retry(id).ok());
  const auto list = list_executions(world.store(), Options().shards, {}).value();
  EXPECT_EQ(list.executions.size(), 4U);  // two runs each
  const std::string result = result_of(world, id);
  EXPECT_TRUE(result.starts_with("\"charge-p track-leaf/~")) << result;
  EXPECT_EQ(outside().charges.size(), 1U);
}

TEST_F(Repair, ARetriedParentAdoptsAChildThatIsOpen) {
  World world(service());
  const std::string id = world.start(parent, std::string("p"));
  EXPECT_TRUE(world.terminate(id).value());
  ASSERT_TRUE(world.retry(id).ok());
  EXPECT_EQ(list_executions(world.store(), Options().shards, {}).value().executions.size(), 3U);
  world.restart();
  world.advance(2min);
  EXPECT_EQ(world.view(id).status, "succeeded");
}

TEST_F(Repair, AForkSharesTheHistoryUpToTheCall) {
  World world(service());
  const std::string id = world.start(patient, std::string("p"));
  EXPECT_TRUE(world.signal(id, "go", "\"ab\"").ok());
  world.advance(1h);
  const std::string first = result_of(world, id);
  ASSERT_TRUE(first.starts_with("\"charge-p ab ")) << first;

  const auto forked = world.fork(id, 1, "again");
  ASSERT_TRUE(forked.ok()) << forked.error().message();
  EXPECT_EQ(forked->execution_id, "patient/again");
  EXPECT_FALSE(forked->already_running);
  EXPECT_EQ(outside().charges.size(), 1U);  // shared
  EXPECT_EQ(kind_of(world, "patient/again"), "timer");
  EXPECT_TRUE(world.signal("patient/again", "go", "\"cd\"").ok());
  world.advance(1h);
  const std::string second = result_of(world, "patient/again");
  EXPECT_TRUE(second.starts_with("\"charge-p cd ")) << second;
  // Ids that it makes later are its own.
  EXPECT_NE(first.substr(first.size() - 20), second.substr(second.size() - 20));
  EXPECT_EQ(world.replay_difference("patient/again"), "");
  EXPECT_EQ(result_of(world, id), first);

  EXPECT_TRUE(world.fork(id, 1, "again")->already_running);
  EXPECT_EQ(world.fork(id, 0, "again").error().name(), "AlreadyExists");
  EXPECT_EQ(world.fork(id, 9, "other").error().name(), "NotFound");
  EXPECT_EQ(world.fork("patient/none", 0, "other").error().name(), "NotFound");
}

TEST_F(Repair, AForkFromTheFirstCallDoesEverythingAgain) {
  World world(service());
  const std::string id = world.start(buy, std::string("p"));
  ASSERT_TRUE(world.fork(id, 0, "again").ok());
  EXPECT_EQ(result_of(world, "buy/again"), "\"charge-p track-buy/again/1/1\"");
  EXPECT_EQ(outside().charges.size(), 2U);
  EXPECT_EQ(world.replay_difference("buy/again"), "");
}

TEST_F(Repair, AForkStartsChildrenOfItsOwn) {
  World world(service());
  const std::string id = world.start(parent, std::string("p"));
  ASSERT_TRUE(world.fork(id, 1, "again").ok());
  ASSERT_TRUE(world.fork("parent/again", 1, "and-again").ok());
  world.advance(2min);
  std::set<std::string> results;
  for (const char* name : {"one", "again", "and-again"}) {
    results.insert(result_of(world, "parent/" + std::string(name)));
    EXPECT_EQ(world.replay_difference("parent/" + std::string(name)), "");
  }
  EXPECT_EQ(results.size(), 3U);
  EXPECT_EQ(outside().charges.size(), 1U);
}

/// A client asks again when the process died before it answered.
template <class Ask>
auto persistent(Ask&& ask) {
  try {
    return ask();
  } catch (const std::bad_optional_access&) {
    return ask();
  }
}

/// A retry, a pause and a fork, with a kill at the commit of that number.
std::string story(std::size_t kill_at, bool before_write, std::size_t& commits) {
  outside() = {};
  outside().shipping_fails = true;
  World world(service());
  world.kill_at = kill_at;
  world.kill_before_write = before_write;
  const std::string id = "parent/one";
  persistent([&] { return world.start_json("parent", "\"p\"", "one"); }).value();
  world.advance(2min);
  outside().shipping_fails = false;
  persistent([&] { return world.view(id).execution.run == 1 ? world.retry(id).ok() : true; });
  persistent([&] { return world.pause(id).ok(); });
  world.advance(1min);
  persistent([&] { return world.view(id).status == "paused" ? world.resume(id).ok() : true; });
  persistent([&] { return world.fork(id, 1, "again"); }).value();
  world.advance(5min);
  commits = world.commits;
  EXPECT_EQ(outside().charges.size(), 1U) << kill_at;
  EXPECT_EQ(world.replay_difference(id), "");
  EXPECT_EQ(world.replay_difference("parent/again"), "");
  EXPECT_TRUE(world.rows(Table::messages).empty());
  EXPECT_TRUE(world.rows(Table::timers).empty());
  return world.view(id).status + " " + std::to_string(world.view(id).execution.run) + " " +
         world.view("parent/again").status;
}

TEST_F(Repair, AKillAtAnyCommitChangesNothing) {
  for (const bool before_write : {false, true}) {
    std::size_t commits = 1000;
    for (std::size_t kill_at = 1; kill_at <= commits; ++kill_at)
      EXPECT_EQ(story(kill_at, before_write, commits), "succeeded 2 succeeded") << kill_at;
    EXPECT_GT(commits, 15U);
  }
}

}  // namespace
}  // namespace eventual::engine
