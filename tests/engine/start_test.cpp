// Starting: once for each name, limits in time, listings and histories by pages.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

Service& service() {
  static Service made{"starts"};
  return made;
}

std::vector<std::string> g_done;

const auto undo_it =
    service().task("undoIt", [](const std::string& what) { g_done.push_back("undo " + what); });
const auto quick =
    service().workflow("quick", [](std::int64_t n) -> Future<std::int64_t> { co_return n; });
const auto waits = service().workflow(
    "waits", {.timeout = 1min}, [](std::int64_t) -> Future<void> { co_await sleep_for(24h); });
const auto saga = service().workflow("saga", {.timeout = 1min}, [](std::int64_t) -> Future<void> {
  Saga undo;
  undo.undo(undo_it, std::string("a"));
  co_await sleep_for(24h);
});
const auto steps = service().workflow("steps", [](std::int64_t n) -> Future<void> {
  for (std::int64_t i = 0; i < n; ++i) co_await sleep_for(1ms);
});

const auto number = service().task("number", [](std::int64_t n) { return n; });
const auto counts = service().workflow("counts", [](std::int64_t n) -> Future<std::int64_t> {
  co_return co_await number(n) + co_await number(n + 1);
});

/// A result that arrives with the request to end it: history and code agree on what was decided.
TEST(StartTest, WhatItDecidedInTheTurnInWhichItIsEndedIsInItsHistory) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(counts, std::int64_t{1});
  ASSERT_EQ(world.attempts.size(), 1U);
  world.finish(world.attempts.front());
  ASSERT_TRUE(world.terminate(id, "enough"));
  ASSERT_EQ(world.view(id).status, "terminated");
  EXPECT_EQ(world.replay_difference(id), "");
  const auto stored = read_execution(world.store(), Options().shards, id, 0).value();
  const auto& calls = stored.turns.at(1).calls;
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<model::TaskScheduled>(calls[0]));
}

TEST(StartTest, ItIsClosedAlreadyWhenItDecidedSoInThatTurn) {
  World world(service());
  world.run_tasks = false;
  const std::string id = world.start(counts, std::int64_t{1});
  world.finish(world.attempts.front());
  world.settle();
  ASSERT_EQ(world.attempts.size(), 2U);
  world.finish(world.attempts.back());
  const auto ended = world.terminate(id, "too late");
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().name(), error_names::k_closed);
  EXPECT_EQ(world.view(id).status, "succeeded");
}

TEST(StartTest, TheSameNameAndInputGiveTheExistingOne) {
  World world(service());
  EXPECT_FALSE(world.start_json("waits", "1", "a").value().already_running);
  EXPECT_TRUE(world.start_json("waits", "1", "a").value().already_running);
  EXPECT_EQ(world.start_json("waits", "2", "a").error().name(), "AlreadyExists");
  world.restart();
  EXPECT_TRUE(world.start_json("waits", "1", "a").value().already_running);
  EXPECT_EQ(world.start_json("waits", "2", "a").error().name(), "AlreadyExists");
  world.start_json("quick", "1", "a").value();
  EXPECT_TRUE(world.start_json("quick", "1", "a").value().already_running) << "closed by now";
  EXPECT_EQ(world.start_json("quick", "2", "a").error().name(), "AlreadyExists");
  EXPECT_EQ(world.start_json("nothing", "2", "a").error().name(), "NotFound");
  EXPECT_EQ(world.rows(Table::executions).size(), 2U);
}

TEST(StartTest, TwiceInOneRoundIsOneExecutionAndBothRepliesWaitForItsCommit) {
  World world(service());
  std::vector<bool> replies;
  for (int i = 0; i < 2; ++i) {
    world.engine().start(
        {"waits", "a", "1", {}},
        [&](auto reply) { replies.push_back(reply.value().already_running); }, world.now);
  }
  EXPECT_TRUE(replies.empty());
  Output output = world.engine().take_output();
  // A third while the first batch is being written: its answer belongs to the output after it.
  world.engine().start(
      {"waits", "a", "1", {}},
      [&](auto reply) { replies.push_back(reply.value().already_running); }, world.now);
  Output second = world.engine().take_output();
  EXPECT_EQ(output.replies.size(), 2U);
  EXPECT_EQ(second.replies.size(), 1U);
  EXPECT_TRUE(second.batch.empty());
  EXPECT_GT(second.number, output.number);
}

TEST(StartTest, TimeoutsOfTheDefinitionAndOfTheStart) {
  World world(service());
  world.start(waits, std::int64_t{1}, "a");
  std::optional<Duration> own = 10s;
  world.engine().start({"waits", "b", "1", own}, [](auto) {}, world.now);
  world.engine().start({"waits", "c", "1", k_forever}, [](auto) {}, world.now);
  world.settle();
  world.advance(10s);
  EXPECT_EQ(world.view("waits/b").status, "timed_out");
  EXPECT_EQ(world.view("waits/b").error->name(), "Timeout");
  EXPECT_EQ(world.view("waits/a").status, "running");
  world.restart();
  world.advance(50s);
  EXPECT_EQ(world.view("waits/a").status, "timed_out");
  EXPECT_EQ(world.view("waits/a").closed_at, Timestamp(1min));
  world.advance(24h);
  EXPECT_EQ(world.view("waits/c").status, "succeeded");
  EXPECT_TRUE(world.rows(Table::timers).empty());
}

TEST(StartTest, AnExecutionThatTimesOutClosesAtOnce) {
  World world(service());
  world.start(saga, std::int64_t{1});
  world.advance(1min);
  EXPECT_EQ(world.view("saga/one").status, "timed_out");
  EXPECT_EQ(world.view("saga/one").closed_at, Timestamp(1min));
}

TEST(StartTest, GeneratedNamesAreUniqueAlsoOverARestart) {
  World world(service());
  std::set<std::string> ids;
  for (int process = 0; process < 3; ++process) {
    for (int i = 0; i < 500; ++i) {
      world.engine().start(
          {"quick", std::nullopt, "1", {}},
          [&](auto reply) { ids.insert(reply.value().execution_id); }, world.now);
    }
    world.settle();
    world.restart();
  }
  EXPECT_EQ(ids.size(), 1500U);
  EXPECT_EQ(world.rows(Table::executions).size(), 1500U);
}

TEST(StartTest, AListingIsNewestFirstByPagesAndFilters) {
  World world(service());
  for (int i = 0; i < 25; ++i) {
    world.start(quick, std::int64_t{i}, "q" + std::to_string(i));
    world.start(waits, std::int64_t{i}, "w" + std::to_string(i));
    world.now += 1ms;
  }
  std::vector<std::string> seen;
  ports::ListRequest request;
  request.limit = 7;
  do {
    const auto page = list_executions(world.store(), 64, request).value();
    EXPECT_LE(page.executions.size(), 7U);
    for (const auto& view : page.executions) seen.push_back(view.execution.id());
    request.cursor = page.cursor;
  } while (!request.cursor.empty());
  ASSERT_EQ(seen.size(), 50U);
  EXPECT_EQ(seen.front().back(), '4');
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 50U);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].substr(7), std::to_string(24 - i / 2)) << "newest first";
  }
  const auto list = [&](std::string workflow, std::string status, std::string cursor = {}) {
    return list_executions(world.store(), 64,
                           {std::move(workflow), std::move(status), 100, std::move(cursor)});
  };
  EXPECT_EQ(list("quick", "").value().executions.size(), 25U);
  EXPECT_EQ(list("", "running").value().executions.size(), 25U);
  EXPECT_EQ(list("quick", "running").value().executions.size(), 0U);
  EXPECT_EQ(list("", "odd").error().name(), "InvalidInput");
  EXPECT_EQ(list("", "", "xyz").error().name(), "InvalidInput");
}

TEST(StartTest, AHistoryComesByPages) {
  World world(service());
  world.start(steps, std::int64_t{20});
  world.advance(20ms);
  for (const std::uint32_t limit : {1U, 3U, 1000U}) {
    std::vector<std::string> types;
    ports::HistoryRequest request{{"steps", "one", 0}, limit, {}};
    do {
      const auto page = read_history(world.store(), 64, request).value();
      EXPECT_LE(page.events.size(), limit);
      for (const Json& event : page.events) types.emplace_back(event["type"].as_string());
      request.cursor = page.cursor;
    } while (!request.cursor.empty());
    EXPECT_EQ(types, world.history_types("steps/one")) << limit;
  }
  EXPECT_EQ(read_history(world.store(), 64, {{"steps", "one", 0}, 10, "x"}).error().name(),
            "InvalidInput");
  EXPECT_EQ(read_history(world.store(), 64, {{"steps", "one", 3}, 10, ""}).error().name(),
            "NotFound");
  EXPECT_EQ(read_history(world.store(), 64, {{"steps", "two", 0}, 10, ""}).error().name(),
            "NotFound");
}

TEST(StartTest, WaitingForACloseEndsWithTheCloseOrTheTime) {
  World world(service());
  world.start(waits, std::int64_t{1});
  std::vector<std::string> statuses;
  const auto note = [&](Result<ports::ExecutionView> view) {
    statuses.push_back(view ? view->status : view.error().name());
  };
  world.engine().wait_closed({"waits", "one", 0}, 1s, note, world.now);
  world.engine().wait_closed({"waits", "one", 0}, 2min, note, world.now);
  world.engine().wait_closed({"waits", "one", 0}, k_forever, note, world.now);
  world.engine().wait_closed({"waits", "none", 0}, 1s, note, world.now);
  world.engine().wait_closed({"waits", "one", 9}, 1s, note, world.now);
  world.settle();
  EXPECT_EQ(statuses, (std::vector<std::string>{"NotFound", "NotFound"}));
  world.advance(1s);
  ASSERT_EQ(statuses.size(), 3U);
  EXPECT_EQ(statuses[2], "running");
  world.advance(1min);
  ASSERT_EQ(statuses.size(), 5U);
  EXPECT_EQ(statuses[3], "timed_out");
  EXPECT_EQ(world.engine().figures().timers_in_memory_only, 0U) << "nobody waits any more";
}

TEST(StartTest, CallersWhoGaveUpAreForgotten) {
  World world(service());
  world.start(waits, std::int64_t{1});
  for (int i = 0; i < 100; ++i) {
    world.engine().wait_closed({"waits", "one", 0}, 10ms, [](auto) {}, world.now);
    world.advance(10ms);
  }
  EXPECT_EQ(world.engine().figures().callers_waiting, 0U);
}

TEST(StartTest, AsksToCancelAreKeptOnce) {
  World world(service());
  world.start(steps, std::int64_t{20});
  world.engine().cancel({"steps", "one", 0}, [](auto) {}, world.now);
  world.engine().cancel({"steps", "one", 0}, [](auto) {}, world.now);
  world.settle();
  EXPECT_EQ(world.view("steps/one").status, "cancelled");
  EXPECT_EQ(world.count("steps/one", "cancel_requested"), 1U);
  EXPECT_EQ(world.cancel("steps/one").error().name(), "Closed");
}

}  // namespace
}  // namespace eventual::engine
