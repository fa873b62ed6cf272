// Children: results, failures, names, and a kill at any commit.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

Service& service() {
  static Service made{"children"};
  return made;
}

const auto go = service().signal<void>("go");
const auto child = service().workflow("child", [](std::int64_t n) -> Future<std::int64_t> {
  if (n < 0) throw Error("Negative", "no", R"({"n":1})");
  co_await sleep_for(1s);
  co_return n * 2;
});
const auto middle = service().workflow(
    "middle", [](std::int64_t n) -> Future<std::int64_t> { co_return co_await child(n) + 1; });
const auto grand = service().workflow("grand", [](std::int64_t n) -> Future<std::int64_t> {
  co_return co_await middle(n) + co_await child(n);
});
const auto fails = service().workflow("fails", [](std::int64_t n) -> Future<std::string> {
  const auto result = co_await settle(child(n));
  co_return result.ok() ? "ok" : result.error().name() + " " + result.error().details_json();
});
const auto starts = service().workflow("starts", [](std::int64_t n) -> Future<std::string> {
  const auto started = co_await child.start(n, {.name = "mine"});
  co_return started.id();
});
const auto clash = service().workflow("clash", [](std::int64_t n) -> Future<std::string> {
  const auto started = co_await settle(child.start(n, {.name = "taken"}));
  const auto waited = co_await settle(child(n, {.name = "taken"}));
  co_return (started.ok() ? "ok" : started.error().name()) + " " +
      (waited.ok() ? "ok" : waited.error().name());
});
const auto leaves = service().workflow("leaves", [](std::int64_t n) -> Future<std::string> {
  auto running = child(n, {.name = "orphan"});
  co_return "left";
});
const auto many = service().workflow("manyChildren", [](std::int64_t n) -> Future<std::int64_t> {
  std::vector<Future<std::int64_t>> running;
  for (std::int64_t i = 0; i < n; ++i) running.push_back(child(i));
  std::int64_t total = 0;
  for (const std::int64_t each : co_await all(std::move(running))) total += each;
  co_return total;
});
constexpr Workflow<std::int64_t, std::int64_t> nowhere("nowhere");
const auto lost = service().workflow("lost", [](std::int64_t n) -> Future<std::string> {
  const auto a = co_await settle(nowhere(n));
  const auto b = co_await settle(nowhere.start(n));
  const auto c = co_await settle(child(n, {.name = "a/b"}));
  co_return a.error().name() + " " + b.error().name() + " " + c.error().name();
});
const auto limited = service().workflow("limited", [](std::int64_t n) -> Future<std::string> {
  const auto result = co_await settle(child(n, {.timeout = 10ms}));
  co_return result.ok() ? "ok" : result.error().name();
});

TEST(ChildrenTest, GiveTheirResultAndTheirFailure) {
  World world(service());
  world.start(grand, std::int64_t{4});
  world.advance(2s);
  EXPECT_EQ(world.view("grand/one").result_json, "17");
  EXPECT_EQ(world.replay_difference("grand/one"), "");
  world.start(fails, std::int64_t{-1});
  EXPECT_EQ(world.view("fails/one").result_json, R"("Negative {\"n\":1}")");
  EXPECT_TRUE(world.rows(Table::messages).empty());
  EXPECT_TRUE(world.rows(Table::timers).empty());
}

TEST(ChildrenTest, StartingWithoutWaitingEndsWithTheStart) {
  World world(service());
  world.start(starts, std::int64_t{1});
  EXPECT_EQ(world.view("starts/one").result_json, R"("child/mine")");
  EXPECT_EQ(world.view("child/mine").status, "running");
  world.advance(1s);
  EXPECT_EQ(world.view("child/mine").result_json, "2");
}

TEST(ChildrenTest, ATakenNameWithAnotherInputFailsTheCall) {
  World world(service());
  world.start(child, std::int64_t{7}, "taken");
  world.start(clash, std::int64_t{1}, "other");
  EXPECT_EQ(world.view("clash/other").result_json, R"("AlreadyExists AlreadyExists")");
  world.start(clash, std::int64_t{7}, "same");
  EXPECT_EQ(world.view("clash/same").result_json, R"("ok AlreadyExists")");
  world.advance(1s);
  EXPECT_EQ(world.view("child/taken").result_json, "14");
}

TEST(ChildrenTest, OutliveAParentThatClosesFirst) {
  World world(service());
  world.start(leaves, std::int64_t{3});
  EXPECT_EQ(world.view("leaves/one").status, "succeeded");
  EXPECT_EQ(world.view("child/orphan").status, "running");
  world.advance(1s);
  EXPECT_EQ(world.view("child/orphan").result_json, "6");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST(ChildrenTest, WhatCannotStartFailsItsCall) {
  World world(service());
  world.start(lost, std::int64_t{3});
  EXPECT_EQ(world.view("lost/one").result_json, R"("NotFound NotFound InvalidInput")");
}

TEST(ChildrenTest, ATimeoutOfTheChildReachesTheParent) {
  World world(service());
  world.start(limited, std::int64_t{3});
  world.advance(10ms);
  EXPECT_EQ(world.view("limited/one").result_json, R"("Timeout")");
}

TEST(ChildrenTest, TwoHundredRunInParallel) {
  World world(service());
  world.start(many, std::int64_t{200});
  world.advance(1s);
  EXPECT_EQ(world.view("manyChildren/one").result_json, std::to_string(199 * 200));
  EXPECT_TRUE(world.rows(Table::messages).empty());
  EXPECT_TRUE(world.rows(Table::timers).empty());
}

TEST(ChildrenTest, AKillAtAnyCommitLosesAndDoublesNothing) {
  for (std::size_t kill_at = 0; kill_at < 16; ++kill_at) {
    for (const bool before_commit : {false, true}) {
      World world(service());
      const auto begin = [&] {
        world.engine().start({"grand", "one", "4", {}}, [](auto) {}, world.now);
      };
      begin();
      std::size_t commit = 0;
      for (int guard = 0; guard < 300; ++guard) {
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
      EXPECT_EQ(world.view("grand/one").result_json, "17") << kill_at;
      EXPECT_EQ(world.replay_difference("grand/one"), "") << kill_at;
      EXPECT_EQ(world.rows(Table::executions).size(), 4U) << kill_at;
      EXPECT_TRUE(world.rows(Table::messages).empty());
      EXPECT_TRUE(world.rows(Table::timers).empty());
    }
  }
}

}  // namespace
}  // namespace eventual::engine
