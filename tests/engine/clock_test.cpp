// What holds when the machine's clock is set: timers are never early by it, and within one
// execution time never runs backwards.
#include <gtest/gtest.h>

#include <string>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;

Service& service() {
  static Service made{"clock"};
  return made;
}

const auto fails = service().task(
    "fails", [](std::int64_t) -> std::int64_t { throw Error("Broken", "as always"); });
const auto go = service().signal<void>("go");
/// The milliseconds between the first turn and the one that "go" begins.
const auto measure = service().workflow("measure", []() -> Future<std::int64_t> {
  const Timestamp first = now();
  auto going = go.expect();
  co_await going;
  co_return (now() - first).count();
});
const auto sleeper = service().workflow("sleeper", []() -> Future<std::string> {
  co_await sleep_for(1h);
  co_return "awake";
});
/// Fails when it has slept.
const auto sleeps_and_fails = service().workflow("sleepsAndFails", []() -> Future<std::int64_t> {
  co_await sleep_for(1h);
  co_return co_await fails(1);
});

std::string start(World& world, std::string workflow) {
  return world.start_json(std::move(workflow), "null", "one").value().execution_id;
}

constexpr Timestamp k_noon{std::chrono::hours(12)};

/// The times of the turns of a run never run backwards, and no timer fired before it was due.
void check_times(World& world, const std::string& id, std::uint32_t run) {
  const auto stored = read_execution(world.store(), Options().shards, id, run).value();
  Timestamp last{};
  std::optional<Timestamp> due;
  for (const model::Turn& turn : stored.turns) {
    EXPECT_GE(turn.at, last);
    last = turn.at;
    for (const model::Event& event : turn.events) {
      if (std::holds_alternative<model::TimerFired>(event)) {
        ASSERT_TRUE(due);
        EXPECT_GE(turn.at, *due);
      }
    }
    for (const model::Event& call : turn.calls) {
      if (const auto* timer = std::get_if<model::TimerStarted>(&call)) due = timer->due;
    }
  }
}

TEST(Clock, TimeDoesNotRunBackwardsWithinAnExecutionWhenTheClockIsSetBack) {
  World world(service());
  world.now = k_noon;
  const std::string id = start(world, "measure");
  world.now -= 3h;
  ASSERT_TRUE(world.signal(id, "go"));
  EXPECT_EQ(world.view(id).result_json, "0");
  check_times(world, id, 1);
}

TEST(Clock, ATimerWaitsForTheClockThatWasSetBack) {
  World world(service());
  world.now = k_noon;
  const std::string id = start(world, "sleeper");
  world.now -= 2h;
  world.advance(2h);
  EXPECT_EQ(world.view(id).status, "running");
  world.advance(1h);
  EXPECT_EQ(world.view(id).status, "succeeded");
  check_times(world, id, 1);
}

TEST(Clock, ATimerFiresAtOnceWhenTheClockIsSetForwardBeyondIt) {
  World world(service());
  world.now = k_noon;
  const std::string id = start(world, "sleeper");
  world.now += 24h;
  world.settle();
  EXPECT_EQ(world.view(id).status, "succeeded");
  check_times(world, id, 1);
}

TEST(Clock, AForkIsNotEarlierThanWhatItTakesOver) {
  World world(service());
  world.now = k_noon;
  const std::string id = start(world, "sleepsAndFails");
  world.advance(1h);
  ASSERT_EQ(world.view(id).status, "failed");
  world.now -= 5h;
  const std::string copy = world.fork(id, 1, "copy").value().execution_id;
  check_times(world, copy, 1);
}

TEST(Clock, ARetryIsNotEarlierThanTheFailure) {
  World world(service());
  world.now = k_noon;
  const std::string id = start(world, "sleepsAndFails");
  world.advance(1h);
  ASSERT_EQ(world.view(id).status, "failed");
  world.now -= 5h;
  ASSERT_EQ(world.retry(id).value().run, 2U);
  check_times(world, id, 2);
  const auto stored = read_execution(world.store(), Options().shards, id, 2).value();
  EXPECT_GE(stored.turns.back().at, k_noon + 1h);
}

}  // namespace
}  // namespace eventual::engine
