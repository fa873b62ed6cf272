// Timers: never early, in order, and none left behind.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

Service& service() {
  static Service made{"timers"};
  return made;
}

std::vector<std::pair<std::string, Timestamp>> g_fired;

const auto stop = service().signal<void>("stop");
const auto go = service().signal<void>("go");
const auto sleeper = service().workflow("sleeper", [](std::int64_t ms) -> Future<void> {
  co_await sleep_for(Duration(ms));
  g_fired.emplace_back(this_execution().id, now());
});
const auto order = service().workflow("order", []() -> Future<std::string> {
  std::string seen;
  std::vector<Future<void>> naps;
  for (const int ms : {30, 10, 20, 10, 30}) {
    naps.push_back([](std::string* out, int n, int delay) -> Future<void> {
      co_await sleep_for(Duration(delay));
      *out += std::to_string(n);
    }(&seen, static_cast<int>(naps.size()), ms));
  }
  co_await all(std::move(naps));
  co_return seen;
});
const auto window = service().workflow("window", []() -> Future<std::string> {
  bool stopped = false;
  auto listening = stop.on([&] { stopped = true; });
  co_await go.expect();
  co_return co_await condition([&] { return stopped; }, {.timeout = 1h}) ? "stopped" : "timed out";
});
const auto raced = service().workflow("raced", []() -> Future<std::string> {
  auto nap = sleep_for(2h);
  co_await sleep_for(1s);
  co_return "left";
});
const auto chain = service().workflow("chain", [](std::int64_t ms) -> Future<std::int64_t> {
  for (int i = 0; i < 50; ++i) co_await sleep_for(Duration(ms));
  co_return now().time_since_epoch().count();
});

struct TimersTest : testing::Test {
  void SetUp() override { g_fired.clear(); }
};

TEST_F(TimersTest, TimersOfOneExecutionFireByDueTimeAndThenAsTheyWereSet) {
  World world(service());
  world.start_json("order", "null", "one").value();
  world.advance(30ms);
  EXPECT_EQ(world.view("order/one").result_json, R"("13204")");
  world.start_json("order", "null", "late").value();
  world.now += 1h;  // all are overdue at once
  world.settle();
  EXPECT_EQ(world.view("order/late").result_json, R"("13204")");
  EXPECT_EQ(world.replay_difference("order/late"), "");
}

TEST_F(TimersTest, NoTimerFiresEarly) {
  World world(service());
  world.start(sleeper, std::int64_t{1000});
  world.advance(999ms);
  EXPECT_EQ(world.view("sleeper/one").status, "running");
  world.advance(1ms);
  EXPECT_EQ(world.view("sleeper/one").status, "succeeded");
  EXPECT_EQ(world.view("sleeper/one").closed_at, Timestamp(1s));
}

TEST_F(TimersTest, TimersBeyondTheWindowFireOnTheMillisecond) {
  World world(service());
  std::vector<std::int64_t> delays;
  for (std::int64_t ms = 14'900; ms < 62'000; ms += 97) delays.push_back(ms);
  for (const std::int64_t ms : delays) world.start(sleeper, ms, std::to_string(ms));
  world.advance(24h);
  ASSERT_EQ(g_fired.size(), delays.size());
  for (std::size_t i = 0; i < delays.size(); ++i) {
    EXPECT_EQ(g_fired[i].first, "sleeper/" + std::to_string(delays[i]));
    EXPECT_EQ(g_fired[i].second, Timestamp(Duration(delays[i])));
  }
}

TEST_F(TimersTest, ATimerSetWhileTheWindowMovesIsNotLost) {
  World world(service());
  world.now += 14s;
  world.settle();
  // 35 s is beyond the window that ends at 30 s. Its row is still being written when the window
  // moves to 45 s.
  world.engine().start({"sleeper", "edge", "21000", {}}, [](auto) {}, world.now);
  Output output = world.engine().take_output();
  world.now += 1s;
  world.engine().tick(world.now);
  world.store().commit({&output.batch, 1}).value();
  for (auto& reply : output.replies) reply();
  world.engine().committed(output, world.now);
  world.advance(21s);
  EXPECT_EQ(world.view("sleeper/edge").status, "succeeded");
}

TEST_F(TimersTest, ATimerSetInTheRoundThatMovesTheWindowIsNotLost) {
  World world(service());
  world.now += 15s;
  world.engine().start({"sleeper", "edge", "20000", {}}, [](auto) {}, world.now);
  world.engine().tick(world.now);
  world.settle();
  world.advance(20s);
  EXPECT_EQ(world.view("sleeper/edge").status, "succeeded");
}

TEST_F(TimersTest, TimersSurviveARestartAndOverdueOnesFireAfterIt) {
  World world(service());
  world.start(sleeper, std::int64_t{1000}, "a");
  world.start(sleeper, std::int64_t{90'000}, "b");
  world.start(sleeper, std::int64_t{7'200'000}, "c");
  world.restart();
  world.advance(1s);
  EXPECT_EQ(world.view("sleeper/a").status, "succeeded");
  world.now += 1h;  // downtime
  world.restart();
  world.settle();
  EXPECT_EQ(world.view("sleeper/b").status, "succeeded");
  EXPECT_EQ(world.view("sleeper/c").status, "running");
  world.advance(1h);
  EXPECT_EQ(world.view("sleeper/c").closed_at, Timestamp(2h));
}

TEST_F(TimersTest, AConditionThatHoldsTakesItsTimerAway) {
  World world(service());
  world.start_json("window", "null", "one").value();
  world.signal("window/one", "go").value();
  EXPECT_EQ(world.rows(Table::timers).size(), 1U);
  world.signal("window/one", "stop").value();
  EXPECT_TRUE(world.rows(Table::timers).empty());
  EXPECT_EQ(world.view("window/one").result_json, R"("stopped")");
}

const auto settles = service().workflow("settles", []() -> Future<std::string> {
  bool stopped = false;
  auto listening = stop.on([&] { stopped = true; });
  co_await go.expect();
  const bool held = co_await condition([&] { return stopped; }, {.timeout = 1h});
  co_await go.expect();
  co_return held ? "stopped" : "timed out";
});

TEST_F(TimersTest, AConditionMadeAndAnsweredInOneRoundLeavesNoTimer) {
  World world(service());
  world.start_json("settles", "null", "one").value();
  world.engine().signal({{"settles", "one", 0}, "go", "null", ""}, [](auto) {}, world.now);
  world.engine().signal({{"settles", "one", 0}, "stop", "null", ""}, [](auto) {}, world.now);
  world.settle();
  EXPECT_EQ(world.view("settles/one").status, "running");
  EXPECT_TRUE(world.rows(Table::timers).empty())
      << "the condition was answered in the turn that made it";
  world.restart();
  EXPECT_EQ(world.view("settles/one").status, "running");
  world.advance(2h);
  EXPECT_EQ(world.count("settles/one", "call_timed_out"), 0U);
  world.signal("settles/one", "go").value();
  EXPECT_EQ(world.view("settles/one").result_json, R"("stopped")");
  EXPECT_EQ(world.replay_difference("settles/one"), "");
}

TEST_F(TimersTest, ClosingTakesEveryTimerAway) {
  World world(service());
  world.start_json("raced", "null", "one").value();
  EXPECT_EQ(world.rows(Table::timers).size(), 2U);
  world.advance(1s);
  EXPECT_EQ(world.view("raced/one").status, "succeeded");
  EXPECT_TRUE(world.rows(Table::timers).empty());
  world.start_json("raced", "null", "two").value();
  world.terminate("raced/two").value();
  EXPECT_TRUE(world.rows(Table::timers).empty());
}

TEST_F(TimersTest, TenThousandDueAtOnceAllFire) {
  World world(service());
  for (int i = 0; i < 10'000; ++i) {
    world.engine().start({"sleeper", std::to_string(i), "3600000", {}}, [](auto) {}, world.now);
  }
  world.settle();
  EXPECT_EQ(world.rows(Table::timers).size(), 10'000U);
  world.advance(1h - 1ms);
  EXPECT_TRUE(g_fired.empty());
  world.advance(1ms);
  EXPECT_EQ(g_fired.size(), 10'000U);
  EXPECT_TRUE(world.rows(Table::timers).empty());
  EXPECT_EQ(world.engine().figures().timers_loaded, 0U);
}

TEST_F(TimersTest, AChainOfSleepsDoesNotDrift) {
  World world(service());
  world.start(chain, std::int64_t{7777});
  world.advance(Duration(50 * 7777));
  EXPECT_EQ(world.view("chain/one").result_json, std::to_string(50 * 7777));
  EXPECT_EQ(world.replay_difference("chain/one"), "");
}

TEST_F(TimersTest, AStoreThatCannotBeReadIsNotAskedWithoutPauseAndNoTimerIsLost) {
  World world(service());
  world.start(sleeper, std::int64_t{100'000});
  auto& store = world.unreadable();
  store.failing = true;
  world.now += 20s;
  for (int i = 0; i < 10; ++i) world.engine().tick(world.now);
  EXPECT_EQ(store.refused, 1U);
  EXPECT_GT(world.engine().next_due().value(), world.now);
  world.now += 60s;
  world.engine().tick(world.now);
  store.failing = false;
  world.advance(20s);
  EXPECT_EQ(world.view("sleeper/one").closed_at, Timestamp(100s));
}

TEST_F(TimersTest, AnEndlessSleepIsHarmless) {
  World world(service());
  world.start(sleeper, std::numeric_limits<std::int64_t>::max());
  world.advance(6h);
  EXPECT_EQ(world.view("sleeper/one").status, "running");
}

}  // namespace
}  // namespace eventual::engine
