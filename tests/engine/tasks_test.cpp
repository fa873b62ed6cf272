// Task calls: attempts, retries, limits in time, and what of them reaches the store.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

struct Job {
  std::string name;
  std::int64_t fail_times = 0;
};

Service& service() {
  static Service made{"tasks"};
  return made;
}

std::map<std::string, int> g_runs;  // attempts by idempotency key

std::string work(const Job& job, TaskContext& context) {
  const int run = ++g_runs[context.idempotency_key()];
  if (run <= job.fail_times) throw Error(job.name, "attempt " + std::to_string(run));
  return job.name;
}

const auto flaky = service().task("flaky",
                                  {.retry = {.max_attempts = 6,
                                             .initial_interval = 100ms,
                                             .multiplier = 10,
                                             .max_interval = 5s,
                                             .jitter = 0.5,
                                             .non_retryable = {"Final"}}},
                                  work);
const auto slow = service().task(
    "slow", {.timeout = 1s, .retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}},
    work);
const auto bounded =
    service().task("bounded",
                   {.timeout = 10s,
                    .deadline = 15s,
                    .retry = {.max_attempts = 9, .initial_interval = 1s, .jitter = 0}},
                   work);
const auto once = service().task(
    "once", {.retry = {.max_attempts = 3}, .delivery = Delivery::at_most_once}, work);
const auto plain =
    service().task("plain", {.retry = {.max_attempts = 2, .initial_interval = 1s}}, work);
const auto endless = service().task("endless",
                                    {.retry = {.max_attempts = 100,
                                               .initial_interval = k_forever,
                                               .multiplier = 1e9,
                                               .max_interval = k_forever}},
                                    work);
const auto careful = service().task("careful", {.on_cancel = OnCancel::wait}, work);
constexpr Task<Job, std::string> unknown("unknown");
const auto note = service().signal<std::string>("note");

template <const auto& task>
Future<std::string> call_it(Job job) {
  co_return co_await task(job);
}
const auto run_flaky = service().workflow("runFlaky", &call_it<flaky>);
const auto run_slow = service().workflow("runSlow", &call_it<slow>);
const auto run_bounded = service().workflow("runBounded", &call_it<bounded>);
const auto run_once = service().workflow("runOnce", &call_it<once>);
const auto run_plain = service().workflow("runPlain", &call_it<plain>);
const auto run_careful = service().workflow("runCareful", &call_it<careful>);
const auto run_endless = service().workflow("runEndless", &call_it<endless>);
const auto run_unknown = service().workflow("runUnknown", [](Job job) -> Future<std::string> {
  const Result<std::string> result = co_await settle(unknown(job));
  std::string after = co_await plain(Job{"after", 0});
  co_return result.error().name() + " " + after;
});
const auto many = service().workflow("many", [](Job job) -> Future<std::int64_t> {
  std::vector<Future<std::string>> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(plain(Job{job.name + std::to_string(i), 0}));
  std::int64_t right = 0;
  const std::vector<std::string> results = co_await all(std::move(calls));
  for (std::size_t i = 0; i < results.size(); ++i)
    right += results[i] == job.name + std::to_string(i) ? 1 : 0;
  co_return right;
});
const auto listener = service().workflow(
    "listener", []() -> Future<std::string> { co_return co_await note.expect(); });
const auto leaves = service().workflow("leaves", [](Job job) -> Future<std::string> {
  detach(plain(job));
  co_await sleep_for(1s);
  co_return "left";
});

struct TasksTest : testing::Test {
  void SetUp() override { g_runs.clear(); }
};

TEST_F(TasksTest, PausesGrowWithinTheirJitterAndNeverBeyondTheMaximum) {
  World world(service());
  std::vector<Timestamp> seen;
  for (int i = 0; i < 50; ++i) world.start(run_flaky, Job{"Oops", 9}, "n" + std::to_string(i));
  world.advance(1min);
  for (int i = 0; i < 50; ++i) {
    const std::string id = "runFlaky/n" + std::to_string(i);
    EXPECT_EQ(world.view(id).status, "failed");
    EXPECT_EQ(world.view(id).error->message(), "attempt 6");
    std::vector<Duration> pauses;
    for (const model::Turn& turn : world.stored(id).turns) {
      for (const model::Event& event : turn.events) {
        if (const auto* failed = std::get_if<model::TaskAttemptFailed>(&event))
          pauses.push_back(failed->next_at - turn.at);
      }
    }
    ASSERT_EQ(pauses.size(), 5U);
    const Duration expected[] = {100ms, 1s, 5s, 5s, 5s};
    for (std::size_t n = 0; n < 5; ++n) {
      EXPECT_GE(pauses[n], expected[n] / 2) << n;
      EXPECT_LE(pauses[n], std::min<Duration>(expected[n] * 3 / 2, 5s))
          << "no pause is longer than the maximum";
    }
  }
  EXPECT_TRUE(world.rows(Table::timers).empty());
  EXPECT_TRUE(world.rows(Table::active).empty());
}

TEST_F(TasksTest, ANonRetryableNameIsFinalAtOnce) {
  World world(service());
  const std::string id = world.start(run_flaky, Job{"Final", 9});
  EXPECT_EQ(world.view(id).status, "failed");
  EXPECT_EQ(world.count(id, "task_attempt_failed"), 0U);
}

TEST_F(TasksTest, AFailureThatPassesIsRetriedUntilItSucceeds) {
  World world(service());
  const std::string id = world.start(run_flaky, Job{"Oops", 3});
  world.advance(1min);
  EXPECT_EQ(world.view(id).result_json, R"("Oops")");
  EXPECT_EQ(world.count(id, "task_attempt_failed"), 3U);
  EXPECT_EQ(world.count(id, "task_attempt_started"), 3U);
  EXPECT_EQ(g_runs.size(), 1U) << "one key for all attempts";
  EXPECT_EQ(world.replay_difference(id), "");
}

TEST_F(TasksTest, PausesWithoutEndDoNotOverflow) {
  World world(service());
  const std::string id = world.start(run_endless, Job{"Oops", 99});
  world.advance(24h);
  EXPECT_EQ(world.view(id).status, "running");
  EXPECT_EQ(g_runs.begin()->second, 1)
      << "the pause never ends; a negative one would retry at once";
  ASSERT_EQ(world.view(id).waiting_for.size(), 1U);
}

TEST_F(TasksTest, AnAttemptThatTakesTooLongIsStoppedAndRetriedAndItsLateResultIgnored) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_slow, Job{"x", 0});
  ASSERT_EQ(world.attempts.size(), 1U);
  const Attempt first = world.attempts.front();
  world.attempts.clear();
  world.advance(999ms);
  EXPECT_TRUE(world.stops.empty());
  world.advance(1ms);
  ASSERT_EQ(world.stops.size(), 1U);
  EXPECT_EQ(world.stops[0].attempt, 1U);
  EXPECT_TRUE(world.attempts.empty());
  world.finish(first);  // late
  world.settle();
  EXPECT_EQ(world.view(id).status, "running");
  world.advance(1s);
  ASSERT_EQ(world.attempts.size(), 1U);
  EXPECT_EQ(world.attempts[0].attempt, 2U);
  world.finish(first);  // later still
  world.settle();
  EXPECT_EQ(world.view(id).status, "running");
  world.advance(1s);
  EXPECT_EQ(world.view(id).status, "failed");
  EXPECT_EQ(world.view(id).error->name(), "Timeout");
  EXPECT_EQ(world.replay_difference(id), "");
}

TEST_F(TasksTest, TimeInWhichTheProcessStoodStillCountsForNoAttempt) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_slow, Job{"x", 0});
  world.advance(400ms);
  world.now += 1h;  // in a debugger
  world.engine().stood_still(1h);
  world.settle();
  EXPECT_TRUE(world.stops.empty());
  EXPECT_EQ(world.engine().next_due(), world.now + 600ms);
  world.start(run_slow, Job{"x", 0}, "two");  // has its own second
  world.advance(600ms);
  EXPECT_EQ(world.stops.size(), 1U);
  EXPECT_EQ(world.view(id).waiting_for.size(), 1U);
  world.advance(399ms);
  EXPECT_EQ(world.stops.size(), 1U);
  world.advance(1ms);
  EXPECT_EQ(world.stops.size(), 2U);
}

TEST_F(TasksTest, DurableTimersFireWhenDueHoweverLongTheProcessStoodStill) {
  World world(service());
  const std::string id = world.start(leaves, Job{"x", 0});
  world.now += 1h;
  world.engine().stood_still(1h);
  world.settle();
  EXPECT_EQ(world.view(id).status, "succeeded");
}

TEST_F(TasksTest, TheDeadlineEndsTheCallWithTheAttemptItReached) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_bounded, Job{"x", 0});
  world.advance(10s);  // the first attempt timed out
  world.advance(1s);
  ASSERT_EQ(world.attempts.back().attempt, 2U);
  world.advance(4s);
  EXPECT_EQ(world.view(id).status, "failed");
  EXPECT_EQ(world.view(id).error->name(), "Timeout");
  EXPECT_EQ(world.view(id).closed_at, Timestamp(15s));
  for (const model::Turn& turn : world.stored(id).turns) {
    for (const model::Event& event : turn.events) {
      if (const auto* failed = std::get_if<model::TaskFailed>(&event))
        EXPECT_EQ(failed->attempt, 2U);
    }
  }
}

TEST_F(TasksTest, ADeadlineCountsOverARestart) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_bounded, Job{"x", 0});
  world.advance(9s);
  world.restart();
  world.settle();
  EXPECT_EQ(world.attempts.size(), 1U);
  world.advance(6s);
  EXPECT_EQ(world.view(id).status, "failed");
}

TEST_F(TasksTest, AnAttemptThatMayRunOnlyOnceFailsAsInterruptedHoweverManyItsPolicyAllows) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_once, Job{"x", 0});
  ASSERT_EQ(world.attempts.size(), 1U);
  world.restart();
  world.advance(1h);
  EXPECT_TRUE(world.attempts.empty()) << "it ran, or may have run, once";
  EXPECT_EQ(world.view(id).status, "failed");
  EXPECT_EQ(world.view(id).error->name(), "Interrupted");
}

TEST_F(TasksTest, ACrashRepeatsAnAttemptWithoutUsingOneUp) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_plain, Job{"Oops", 1});
  const std::string key = world.attempts.front().idempotency_key;
  for (int i = 0; i < 5; ++i) {
    world.restart();
    world.settle();
    ASSERT_EQ(world.attempts.size(), 1U);
    EXPECT_EQ(world.attempts[0].attempt, 1U);
    EXPECT_EQ(world.attempts[0].idempotency_key, key);
  }
  world.run_attempt();
  world.advance(2s);
  ASSERT_EQ(world.attempts.size(), 1U);
  EXPECT_EQ(world.attempts[0].attempt, 2U);
  world.restart();
  world.settle();
  ASSERT_EQ(world.attempts.size(), 1U);
  EXPECT_EQ(world.attempts[0].attempt, 2U);
  world.run_attempt();
  world.settle();
  EXPECT_EQ(world.view(id).status, "succeeded");
}

TEST_F(TasksTest, DoubleAndForeignResultsAreIgnored) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_plain, Job{"x", 0});
  const AttemptResult good = world.result_of(world.attempts.front());
  AttemptResult other = good;
  other.seq = 7;
  world.engine().attempt_finished(other, world.now);
  other = good;
  other.run = 2;
  world.engine().attempt_finished(other, world.now);
  other = good;
  other.attempt = 2;
  world.engine().attempt_finished(other, world.now);
  other = good;
  other.execution_id = "runPlain/nobody";
  world.engine().attempt_finished(other, world.now);
  world.settle();
  EXPECT_EQ(world.view(id).status, "running");
  world.engine().attempt_finished(good, world.now);
  world.engine().attempt_finished(good, world.now);
  world.settle();
  world.engine().attempt_finished(good, world.now);
  world.settle();
  EXPECT_EQ(world.count(id, "task_succeeded"), 1U);
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST_F(TasksTest, AnUnknownTaskFailsItsCallAndTheWorkflowGoesOn) {
  World world(service());
  const std::string id = world.start(run_unknown, Job{"x", 0});
  EXPECT_EQ(world.view(id).result_json, R"("NotFound after")");
  EXPECT_EQ(world.replay_difference(id), "");
  EXPECT_TRUE(world.rows(Table::active).empty());
}

TEST_F(TasksTest, AThousandTasksRunInParallelAndResultsKeepTheirPlaces) {
  World world(service());
  const std::string id = world.start(many, Job{"t", 0});
  EXPECT_EQ(world.view(id).result_json, "1000");
  EXPECT_EQ(world.count(id, "task_succeeded"), 1000U);
  EXPECT_EQ(world.replay_difference(id), "");
  EXPECT_EQ(world.engine().figures().attempts_in_flight, 0U);
}

TEST_F(TasksTest, AThousandTasksSurviveAKillHalfWay) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(many, Job{"t", 0});
  ASSERT_EQ(world.attempts.size(), 1000U);
  for (int i = 0; i < 500; ++i) world.run_attempt();
  world.settle();
  world.restart();
  world.settle();
  EXPECT_EQ(world.attempts.size(), 500U);
  EXPECT_EQ(world.engine().figures().attempts_in_flight, 500U);
  while (!world.attempts.empty()) world.run_attempt();
  world.settle();
  EXPECT_EQ(world.view(id).result_json, "1000");
}

TEST_F(TasksTest, WhatAnAttemptSignalsLeavesWithItsSuccessAndOnlyThen) {
  World world(service());
  world.run_tasks = false;
  world.start_json("listener", "null", "l").value();
  const std::string id = world.start(run_plain, Job{"x", 0});
  AttemptResult failed = world.result_of(world.attempts.front());
  failed.error = Error("Oops", "");
  failed.signals.push_back({"listener/l", "note", R"("early")", "m1"});
  world.engine().attempt_finished(failed, world.now);
  world.settle();
  EXPECT_EQ(world.view("listener/l").status, "running");
  world.attempts.clear();
  world.advance(2s);
  ASSERT_EQ(world.attempts.size(), 1U);
  AttemptResult good = world.result_of(world.attempts.front());
  good.signals.push_back({"listener/l", "note", R"("done")", "m2"});
  world.engine().attempt_finished(good, world.now);
  world.restart();  // before the commit: neither the success nor the signal happened
  EXPECT_EQ(world.view("listener/l").status, "running");
  EXPECT_EQ(world.view(id).status, "running");
  ASSERT_EQ(world.attempts.size(), 1U);
  world.engine().attempt_finished(good, world.now);
  Output output = world.engine().take_output();
  world.store().commit({&output.batch, 1}).value();
  world.restart();  // after it: both did
  world.settle();
  EXPECT_EQ(world.view("listener/l").result_json, R"("done")");
  EXPECT_EQ(world.view(id).status, "succeeded");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST_F(TasksTest, SignalsOfAResultThatComesTooLateStayBehind) {
  World world(service());
  world.run_tasks = false;
  world.start_json("listener", "null", "l").value();
  const std::string id = world.start(leaves, Job{"x", 0});
  AttemptResult good = world.result_of(world.attempts.front());
  good.signals.push_back({"listener/l", "note", R"("done")", "m2"});
  world.now += 1s;
  world.engine().tick(world.now);  // the workflow returns in this round
  world.engine().attempt_finished(good, world.now);
  world.settle();
  EXPECT_EQ(world.view(id).status, "succeeded");
  EXPECT_EQ(world.view("listener/l").status, "running")
      << "the result was ignored, and with it its signals";
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST_F(TasksTest, TheActiveRowIsThereExactlyWhileAttemptsAreInFlight) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_plain, Job{"Oops", 1});
  EXPECT_EQ(world.rows(Table::active).size(), 1U);
  world.run_attempt();
  world.settle();
  EXPECT_TRUE(world.rows(Table::active).empty()) << "between attempts a timer is enough";
  EXPECT_EQ(world.rows(Table::timers).size(), 1U);
  world.advance(2s);
  EXPECT_EQ(world.rows(Table::active).size(), 1U);
  EXPECT_TRUE(world.rows(Table::timers).empty());
  world.run_attempt();
  world.settle();
  EXPECT_TRUE(world.rows(Table::active).empty());
  EXPECT_EQ(world.view(id).status, "succeeded");
  world.start(leaves, Job{"x", 0});
  EXPECT_EQ(world.rows(Table::active).size(), 1U);
  world.advance(1s);
  EXPECT_TRUE(world.rows(Table::active).empty()) << "closed is closed";
}

TEST_F(TasksTest, CancellingGivesTasksInFlightTheirStop) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(run_careful, Job{"x", 0});
  EXPECT_TRUE(world.cancel(id).ok());
  ASSERT_EQ(world.stops.size(), 1U);
  EXPECT_EQ(world.stops[0].seq, 0U);
  EXPECT_EQ(world.view(id).status, "running") << "it delivers its outcome first";
  world.run_attempt();
  world.settle();
  EXPECT_EQ(world.view(id).result_json, R"("x")");
}

TEST_F(TasksTest, FinishedAttemptsLeaveNoTimerBehind) {
  World world(service());
  for (int i = 0; i < 100; ++i) world.start(run_bounded, Job{"x", 0}, "n" + std::to_string(i));
  // Nothing is due before the next look at the store's timers: not the limits of attempts that are
  // over.
  EXPECT_EQ(world.engine().figures().timers_in_memory_only, 0U);
}

}  // namespace
}  // namespace eventual::engine
