// Virtual time, and what an execution tells of itself. Numbers are those of the behaviours that a
// test pins.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

Service& service() {
  static Service made{"time"};
  return made;
}

std::vector<std::string>& order() {
  static std::vector<std::string> names;
  return names;
}

struct Nap {
  std::string name;
  Timestamp until;
};

const auto note = service().task("note", [](const std::string& name) { order().push_back(name); });
const auto nap = service().workflow("nap", [](Nap given) -> Future<void> {
  co_await sleep_until(given.until);
  co_await note(given.name);
});
const auto go = service().signal<std::string>("go");
const auto sleeper = service().workflow("sleeper", []() -> Future<std::string> {
  co_await sleep_for(10s);
  co_return "slept";
});
/// Five dates, each two seconds after the one before.
const auto dates = service().workflow("dates", []() -> Future<std::vector<Timestamp>> {
  std::vector<Timestamp> all{now()};
  for (int i = 0; i < 5; ++i) {
    const Timestamp next = now() + 2s;
    co_await sleep_until(next);
    all.push_back(now());
  }
  co_return all;
});
const auto data = service().signal<std::string>("data");
const auto data_done = service().signal("dataDone");
const auto child = service().workflow("child", []() -> Future<std::string> {
  std::string last = "nothing";
  bool done = false;
  auto listening = data.on([&](std::string text) { last = text; });
  auto ending = data_done.on([&] { done = true; });
  co_await condition([&] { return done; });
  co_return last;
});
const auto parent = service().workflow("parent", []() -> Future<std::string> {
  Child<std::string> started = child.start_child();
  co_await sleep_for(1s);
  co_await started.signal(data, "some data");
  co_await started.signal(data_done);
  co_return co_await started.result();
});
struct MyError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
const auto throws = service().task("throws", [](const std::string& what) {
  if (what == "class") throw MyError("own");
  if (what == "text") throw "hello?";  // NOLINT: anything may be thrown
  throw Error(what, "as named");
});
const auto thrower =
    service().workflow("thrower", [](std::string what) -> Future<void> { co_await throws(what); });

class Time : public testing::Test {
 protected:
  void SetUp() override { order().clear(); }
  void TearDown() override { env.replay_all(); }
  auto sleeps(const std::string& name, Timestamp until) {
    return env.start(nap, Nap{name, until}, {.name = name});
  }
  TestEnvironment env{service()};
};

TEST_F(Time, PassesOverNothing) {  // 231
  env.tick(100);
  EXPECT_EQ(env.now(), Timestamp(100s));
  EXPECT_TRUE(env.executions().empty());
}

TEST_F(Time, WhatIsDueWithinATickHappensInIt) {  // 232
  (void)sleeps("a", Timestamp(1s));
  (void)sleeps("b", Timestamp(2s));
  env.tick();
  EXPECT_EQ(order(), std::vector<std::string>{"a"});
  env.tick();
  EXPECT_EQ(order(), (std::vector<std::string>{"a", "b"}));
  (void)sleeps("c", Timestamp(50s));
  env.tick(100);
  EXPECT_EQ(order().back(), "c");
}

TEST_F(Time, ThingsHappenByDueTimeHoweverTheyWereAsked) {  // 233, 234, 236
  env.tick(10);
  for (const std::int64_t second : {14, 3, 12, 11, 5, 13})
    (void)sleeps(std::to_string(second), Timestamp(std::chrono::seconds(second)));
  EXPECT_EQ(order(), (std::vector<std::string>{"3", "5"})) << "what is past is due at once";
  env.tick(2);
  EXPECT_EQ(order(), (std::vector<std::string>{"3", "5", "11", "12"}));
  env.tick(2);
  EXPECT_EQ(order(), (std::vector<std::string>{"3", "5", "11", "12", "13", "14"}));
}

TEST_F(Time, WhatIsDueTogetherHappensAsItWasAsked) {  // 235
  for (const char* name : {"c", "a", "b"}) (void)sleeps(name, Timestamp(5s));
  env.tick(5);
  EXPECT_EQ(order(), (std::vector<std::string>{"c", "a", "b"}));
}

TEST_F(Time, GoesUntilAnInstantInclusive) {  // 237
  (void)sleeps("0", Timestamp(0s));
  EXPECT_EQ(order(), std::vector<std::string>{"0"});
  for (const std::int64_t second : {1, 2, 3, 4})
    (void)sleeps(std::to_string(second), Timestamp(std::chrono::seconds(second)));
  env.tick_until(Timestamp(3s));
  EXPECT_EQ(order(), (std::vector<std::string>{"0", "1", "2", "3"}));
}

TEST_F(Time, AResetForgetsWhatWasDue) {  // 239
  (void)sleeps("a", Timestamp(5s));
  env.reset();
  env.tick(10);
  EXPECT_TRUE(order().empty());
}

TEST_F(Time, ASignalDoesNotWakeASleeper) {  // 144
  const auto execution = env.start(sleeper);
  env.tick(2);
  env.send(execution, go, "wake up");
  env.tick(7);
  EXPECT_EQ(execution.status(), "running");
  env.tick(1);
  EXPECT_EQ(execution.result(), "slept");
}

TEST_F(Time, FiveDatesAreDifferentAndExact) {  // 149, 150
  const auto execution = env.start(dates);
  env.tick(10);
  std::vector<Timestamp> expected;
  for (int i = 0; i <= 5; ++i) expected.push_back(Timestamp(std::chrono::seconds(2 * i)));
  EXPECT_EQ(execution.result(), expected);
}

TEST_F(Time, AParentTalksToItsChild) {  // 100
  const auto execution = env.start(parent);
  EXPECT_EQ(execution.status(), "running");
  env.tick();
  EXPECT_EQ(execution.result(), "some data");
}

TEST_F(Time, ARecordTellsHowAndWhenItEnded) {  // 245, 255
  env.tick(100);
  const auto succeeded = env.start(sleeper, {.name = "hi"});
  const auto failed = env.start(thrower, "Declined", {.name = "no"});
  env.tick(10);
  const Json record = env.view(succeeded);
  EXPECT_EQ(record["execution_id"].as_string(), "sleeper/hi");
  EXPECT_EQ(record["workflow"].as_string(), "sleeper");
  EXPECT_EQ(record["status"].as_string(), "succeeded");
  EXPECT_EQ(record["started_at"].as_string(), "1970-01-01T00:01:40.000Z");
  EXPECT_EQ(record["closed_at"].as_string(), "1970-01-01T00:01:50.000Z");
  EXPECT_EQ(record["result"].as_string(), "slept");
  EXPECT_EQ(failed.error(), Error("Declined", "as named"));
  EXPECT_EQ(env.view(failed)["closed_at"].as_string(), "1970-01-01T00:01:40.000Z");
}

TEST_F(Time, WhateverIsThrownHasANameAndAMessage) {  // 148, 245
  const auto own = env.start(thrower, "class");
  EXPECT_TRUE(own.error()->name().ends_with("MyError")) << own.error()->name();
  EXPECT_EQ(own.error()->message(), "own");
  const auto text = env.start(thrower, "text");
  EXPECT_EQ(text.error()->name(), "Error");
  EXPECT_FALSE(text.error()->message().empty());
}

TEST(YearOfTimers, IsAsMuchWorkAsItHasEvents) {
  Service years{"years"};
  static const auto daily = years.workflow("daily", [](std::int64_t days) -> Future<void> {
    for (std::int64_t day = 0; day < days; ++day) co_await sleep_for(24h);
  });
  TestEnvironment calendar(years);
  const auto execution = calendar.start(daily, std::int64_t{365});
  calendar.run_until_idle();
  EXPECT_EQ(calendar.now(), Timestamp(365 * 24h));
  // A start, two events a day, an end: nothing happens in between.
  EXPECT_EQ(execution.history().size(), 1U + 365U * 2U + 1U);
  calendar.replay_all();
}

}  // namespace
}  // namespace eventual
