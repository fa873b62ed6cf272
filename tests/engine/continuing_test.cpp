// Continue-as-new in the engine: one batch ends a run and begins the next; what was acknowledged
// goes with it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/verify.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

Service& service() {
  static Service made{"continuing"};
  return made;
}

struct Tally {
  std::int64_t total = 0;
  std::int64_t runs_left = 0;
};

const auto add = service().signal<std::int64_t>("add");
const auto finish = service().signal<void>("finish");
const auto work = service().task("work", [](std::int64_t n) { return n; });

/// Three numbers a run, one at a time.
const auto tally = service().workflow("tally", [](Tally tally) -> Future<std::int64_t> {
  for (int i = 0; i < 3; ++i) tally.total += co_await work(co_await add.expect());
  if (--tally.runs_left <= 0) co_return tally.total;
  co_await sleep_for(10ms);
  co_return co_await continue_as_new(tally);
});
const auto parent = service().workflow("parent", [](std::int64_t runs) -> Future<std::string> {
  Child<std::int64_t> child = tally.start_child(Tally{0, runs}, {.name = "kid"});
  for (std::int64_t i = 0; i < runs * 3; ++i) co_await child.signal(add, i);
  co_return std::to_string(co_await child.result());
});
const auto limited =
    service().workflow("limited", {.timeout = 25ms}, [](std::int64_t n) -> Future<void> {
      co_await sleep_for(10ms);
      co_await continue_as_new(n + 1);
    });
const auto restless = service().workflow(
    "restless", [](std::int64_t n) -> Future<void> { co_await continue_as_new(n + 1); });
const auto patient = service().workflow("patient", [](std::int64_t n) -> Future<std::int64_t> {
  co_await finish.expect();
  if (n == 2) co_return n;
  co_return co_await continue_as_new(n + 1);
});
const auto growing = service().workflow("growing", []() -> Future<void> {
  for (;;) co_await add.expect();
});

TEST(ContinuingTest, EachRunHasItsRecordAndItsHistory) {
  World world(service());
  world.start(tally, Tally{0, 3});
  for (int i = 1; i <= 9; ++i) {
    ASSERT_TRUE(world.signal("tally/one", "add", std::to_string(i), "id-" + std::to_string(i)));
    world.advance(20ms);
  }
  const auto view = world.view("tally/one");
  EXPECT_EQ(view.status, "succeeded");
  EXPECT_EQ(view.execution.run, 3U);
  EXPECT_EQ(view.result_json, "45");
  for (std::uint32_t run = 1; run <= 3; ++run) {
    const auto stored = read_execution(world.store(), 64, "tally/one", run).value();
    EXPECT_EQ(stored.record.run, run);
    EXPECT_EQ(model::to_string(stored.record.status), run == 3 ? "succeeded" : "continued");
    const auto& started = std::get<model::ExecutionStarted>(stored.turns.at(0).events.at(0));
    EXPECT_EQ(started.continued_from_run.value_or(0), run - 1);
    EXPECT_EQ(find_difference(service().declarations(), "tally/one", stored), std::nullopt);
  }
  ports::ListRequest request;
  EXPECT_EQ(list_executions(world.store(), 64, request).value().executions.size(), 3U);
  EXPECT_TRUE(world.rows(Table::timers).empty());
  EXPECT_TRUE(world.rows(Table::active).empty());

  // An earlier run is described as it was; what is asked of it comes too late.
  std::optional<Result<ports::ExecutionView>> earlier;
  world.engine().describe(
      {"tally", "one", 1}, [&](auto given) { earlier = std::move(given); }, world.now);
  world.settle();
  EXPECT_EQ((*earlier)->status, "continued");
  EXPECT_EQ((*earlier)->input_json, R"({"total":0,"runs_left":3})");
}

TEST(ContinuingTest, UnreadSignalsAndTheirIdsGoWithIt) {
  World world(service());
  world.start(tally, Tally{0, 2});
  for (int i = 1; i <= 6; ++i)
    ASSERT_TRUE(world.signal("tally/one", "add", std::to_string(i), "id-" + std::to_string(i)));
  world.advance(10ms);
  EXPECT_EQ(world.view("tally/one").result_json, "21");

  world.start_json("tally", R"({"total":0,"runs_left":3})", "two").value();
  for (int i = 1; i <= 3; ++i)
    ASSERT_TRUE(world.signal("tally/two", "add", "1", "id-" + std::to_string(i)));
  world.advance(1s);
  EXPECT_EQ(world.view("tally/two").execution.run, 2U);
  world.restart();  // the ids of the first run are not in memory any more
  for (int i = 1; i <= 6; ++i)
    ASSERT_TRUE(world.signal("tally/two", "add", "1", "id-" + std::to_string(i)));
  world.advance(1s);
  EXPECT_EQ(world.view("tally/two").execution.run, 3U);
  EXPECT_EQ(world.view("tally/two").input_json, R"({"total":6,"runs_left":1})");
}

TEST(ContinuingTest, WhoWaitsFollows) {
  World world(service());
  world.start(patient, std::int64_t{0});
  std::optional<Result<ports::ExecutionView>> latest;
  std::optional<Result<ports::ExecutionView>> first;
  world.engine().wait_closed(
      {"patient", "one", 0}, 1h, [&](auto given) { latest = std::move(given); }, world.now);
  world.engine().wait_closed(
      {"patient", "one", 1}, 1h, [&](auto given) { first = std::move(given); }, world.now);
  world.settle();
  ASSERT_TRUE(world.signal("patient/one", "finish"));
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->status, "continued");
  ASSERT_TRUE(world.signal("patient/one", "finish"));
  EXPECT_FALSE(latest);
  ASSERT_TRUE(world.signal("patient/one", "finish"));
  ASSERT_TRUE(latest);
  EXPECT_EQ((*latest)->result_json, "2");
  EXPECT_EQ((*latest)->execution.run, 3U);
  EXPECT_EQ(world.engine().figures().callers_waiting, 0U);
}

TEST(ContinuingTest, StartingAgainWithTheFirstInputFindsIt) {
  World world(service());
  world.start(patient, std::int64_t{0});
  ASSERT_TRUE(world.signal("patient/one", "finish"));
  const auto again = world.start_json("patient", "0", "one");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->already_running);
  EXPECT_EQ(again->run, 2U);
  EXPECT_FALSE(world.start_json("patient", "1", "one"));
}

TEST(ContinuingTest, AParentGetsTheResultOfTheLastRun) {
  World world(service());
  world.start(parent, std::int64_t{3});
  world.advance(1s);
  EXPECT_EQ(world.view("parent/one").result_json, "\"36\"");
  EXPECT_EQ(world.view("tally/kid").execution.run, 3U);
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST(ContinuingTest, TheTimeLimitIsThatOfTheWhole) {
  World world(service());
  world.start(limited, std::int64_t{0});
  world.advance(1s);
  const auto view = world.view("limited/one");
  EXPECT_EQ(view.status, "timed_out");
  EXPECT_EQ(view.execution.run, 3U);
  EXPECT_EQ(*view.closed_at, Timestamp(25ms));
  EXPECT_TRUE(world.rows(Table::timers).empty());
}

TEST(ContinuingTest, RunsThatEndAsTheyBeginAreStopped) {
  World world(service());
  world.start(restless, std::int64_t{0});
  const auto view = world.view("restless/one");
  EXPECT_EQ(view.status, "terminated");
  EXPECT_NE(view.error->message().find("without waiting"), std::string::npos);
}

TEST(ContinuingTest, CancellingReachesTheRunThatIsOpen) {
  World world(service());
  world.start(patient, std::int64_t{0});
  ASSERT_TRUE(world.signal("patient/one", "finish"));
  ASSERT_TRUE(world.cancel("patient/one"));
  EXPECT_EQ(world.view("patient/one").status, "cancelled");
}

TEST(ContinuingTest, ALongHistoryIsWarnedOfBeforeItIsParked) {
  Options options;
  options.history_events_warn = 5;
  options.history_events_max = 8;
  World world(service(), options);
  world.start_json("growing", "null", "one").value();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.signal("growing/one", "add", "1"));
  ASSERT_EQ(world.log.size(), 1U);
  EXPECT_NE(
      world.log[0].find("growing/one: its history has 5 events; with more than 8 it is parked"),
      std::string::npos)
      << world.log[0];
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.signal("growing/one", "add", "1"));
  EXPECT_EQ(world.view("growing/one").status, "parked");
  EXPECT_EQ(world.view("growing/one").error->name(), error_names::k_limit_exceeded);
}

TEST(ContinuingTest, AKillAtAnyCommitLosesAndDoublesNothing) {
  for (std::size_t kill_at = 0; kill_at < 40; ++kill_at) {
    for (const bool before_commit : {false, true}) {
      World world(service());
      const auto begin = [&] {
        world.engine().start({"parent", "one", "2", {}, {}}, [](auto) {}, world.now);
      };
      begin();
      std::size_t commit = 0;
      for (int guard = 0; guard < 400; ++guard) {
        while (!world.attempts.empty()) world.run_attempt();
        if (!world.engine().has_output()) {
          const auto due = world.engine().next_due();
          world.now = std::max(world.now, due.value());
          world.engine().tick(world.now);
          continue;
        }
        if (commit++ == kill_at) {
          Output output = world.engine().take_output();
          if (!before_commit) world.store().commit({&output.batch, 1}).value();
          world.restart();
          begin();
        } else {
          world.commit();
        }
      }
      EXPECT_EQ(world.view("parent/one").result_json, "\"15\"") << kill_at;
      EXPECT_EQ(world.view("tally/kid").execution.run, 2U) << kill_at;
      EXPECT_EQ(world.rows(Table::executions).size(), 3U) << kill_at;
      EXPECT_TRUE(world.rows(Table::messages).empty());
      EXPECT_TRUE(world.rows(Table::timers).empty());
      EXPECT_TRUE(world.rows(Table::active).empty());
    }
  }
}

}  // namespace
}  // namespace eventual::engine
