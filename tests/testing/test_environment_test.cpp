// The users' test environment. Numbers are those of the behaviours that a test pins.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

struct Order {
  std::string id;
  std::int64_t amount = 0;
};

Service& service() {
  static Service made{"testing"};
  return made;
}

const auto pay =
    service().task("pay", {.retry = {.max_attempts = 3, .initial_interval = 1s, .jitter = 0}},
                   [](const Order& order) -> std::string { return "paid-" + order.id; });
const auto ship =
    service().task("ship", [](const Order& order) -> std::string { return "shipped-" + order.id; });
const auto ping = service().task("ping", [](std::int64_t day) { (void)day; });
const auto go = service().signal<std::string>("go");

const auto buy = service().workflow("buy", [](Order order) -> Future<std::string> {
  const std::string paid = co_await pay(order);
  const std::string shipped = co_await ship(order);
  co_return paid + "," + shipped;
});
const auto sleeper = service().workflow("sleeper", [](std::int64_t seconds) -> Future<std::string> {
  co_await sleep_for(std::chrono::seconds(seconds));
  co_return "done";
});
const auto until =
    service().workflow("until", [](Timestamp time) -> Future<void> { co_await sleep_until(time); });
const auto waiter =
    service().workflow("waiter", []() -> Future<std::string> { co_return co_await go.expect(); });
const auto daily = service().workflow("daily", [](std::int64_t days) -> Future<std::int64_t> {
  for (std::int64_t day = 0; day < days; ++day) {
    co_await sleep_for(24h);
    co_await ping(day);
  }
  co_return days;
});
const auto three =
    service().workflow("three", [](std::int64_t) -> Future<std::vector<std::string>> {
      std::vector<Future<std::string>> calls;
      for (int i = 0; i < 3; ++i)
        calls.push_back(pay(Order{std::to_string(i), i}, {.retry = RetryPolicy{}}));
      std::vector<std::string> outcomes;
      for (const auto& result : co_await all_settled(std::move(calls)))
        outcomes.push_back(result ? *result : result.error().name());
      co_return outcomes;
    });

const auto order_now = service().command("orderNow", [](Order order) -> std::string {
  return buy.start(order, {.name = order.id}).get().id();
});
const auto order_and_wait =
    service().command("orderAndWait", [](Order order) -> std::string { return buy(order).get(); });
const auto nap = service().command(
    "nap", [](std::int64_t seconds) -> std::string { return sleeper(seconds).get(); });

TEST(TestEnvironment, AStartRunsAllThatCanRunAtThisInstant) {  // 243, 255
  TestEnvironment env(service());
  const auto execution = env.start(buy, Order{"a", 5});
  EXPECT_EQ(execution.status(), "succeeded");
  EXPECT_EQ(execution.result(), "paid-a,shipped-a");
  EXPECT_EQ(env.view(execution)["closed_at"].as_string(), "1970-01-01T00:00:00.000Z");
}

TEST(TestEnvironment, MocksAnswerOnceInOrderThenAsTheyStand) {  // 244, 247
  TestEnvironment env(service());
  auto payments = env.mock(pay);
  payments.fail_once("Busy").succeed_once("first").succeed("later");
  EXPECT_EQ(env.start(three, 0).result(), (std::vector<std::string>{"Busy", "first", "later"}));
  ASSERT_EQ(payments.call_count(), 3U);
  EXPECT_EQ(payments.calls()[2].id, "2");
}

TEST(TestEnvironment, AFailingPaymentMeansThatShippingIsNeverCalled) {
  TestEnvironment env(service());
  env.mock(pay).fail("CardDeclined", "no money");
  auto shipping = env.mock(ship);
  const auto execution = env.start(buy, Order{"a", 5});
  EXPECT_EQ(execution.status(), "running");
  env.tick(3);  // one and two seconds between its three attempts
  EXPECT_EQ(execution.status(), "failed");
  EXPECT_EQ(execution.error(), Error("CardDeclined", "no money"));
  EXPECT_EQ(shipping.call_count(), 0U);
}

TEST(TestEnvironment, AMockMayComputeItsAnswer) {
  TestEnvironment env(service());
  env.mock(pay).invoke([](const Order& order) { return "mock-" + order.id; });
  EXPECT_EQ(env.start(buy, Order{"a", 5}).result(), "mock-a,shipped-a");
}

TEST(TestEnvironment, TimeMovesOnlyByTicksAndTimersFireAtTheirInstant) {  // 248
  TestEnvironment env(service(), {.start = Timestamp(Duration(1'640'995'200'000))});
  const auto execution = env.start(sleeper, std::int64_t{10});
  env.tick(2);
  EXPECT_EQ(execution.status(), "running");
  env.tick(8);
  EXPECT_EQ(execution.status(), "succeeded");
  EXPECT_EQ(env.view(execution)["closed_at"].as_string(), "2022-01-01T00:00:10.000Z");
}

TEST(TestEnvironment, AnInstantThatIsPastIsSleptUntilAtOnce) {  // 249
  TestEnvironment env(service(), {.start = Timestamp(10s)});
  EXPECT_EQ(env.start(until, Timestamp(5s)).status(), "succeeded");
  const auto later = env.start(until, Timestamp(20s));
  env.tick_until(Timestamp(19s));
  EXPECT_EQ(later.status(), "running");
  env.tick_until(Timestamp(20s));
  EXPECT_EQ(later.status(), "succeeded");
}

TEST(TestEnvironment, ManyTicksAreAsManySingleOnes) {  // 238
  TestEnvironment one(service());
  TestEnvironment many(service());
  const auto a = one.start(daily, std::int64_t{2}, {.name = "x"});
  const auto b = many.start(daily, std::int64_t{2}, {.name = "x"});
  one.tick(3 * 24 * 3600);
  for (int i = 0; i < 3 * 24 * 60; ++i) many.tick(60);
  EXPECT_EQ(a.history(), b.history());
  EXPECT_EQ(one.now(), many.now());
}

TEST(TestEnvironment, TimeDoesNotMoveByNothingOrBackwards) {  // 261
  TestEnvironment env(service());
  EXPECT_THROW(env.tick(0), Error);
  EXPECT_THROW(env.tick(-1), Error);
  EXPECT_THROW(env.tick(Duration(0)), Error);
  env.tick_until(Timestamp(-5s));  // 241
  EXPECT_EQ(env.now(), Timestamp{});
}

TEST(TestEnvironment, AYearOfDailyTimersIsATest) {
  TestEnvironment env(service());
  auto pings = env.mock(ping);
  const auto execution = env.start(daily, std::int64_t{365});
  env.tick(24h * 365);
  EXPECT_EQ(execution.result(), 365);
  EXPECT_EQ(pings.call_count(), 365U);
  env.replay_all();
}

TEST(TestEnvironment, ASignalLetsAnExecutionGoOn) {  // 250
  TestEnvironment env(service());
  const auto execution = env.start(waiter);
  EXPECT_EQ(execution.status(), "running");
  ASSERT_EQ(execution.waiting_for().size(), 1U);
  EXPECT_EQ(execution.waiting_for()[0]["kind"].as_string(), "signal");
  env.send(execution, go, "hello");
  EXPECT_EQ(execution.result(), "hello");
}

TEST(TestEnvironment, WaitingForWhatNeverComesFailsAtOnceAndSaysForWhat) {
  TestEnvironment env(service());
  const auto execution = env.start(waiter);
  try {
    (void)execution.result();
    FAIL() << "there is no result";
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "NotClosed");
    EXPECT_NE(error.message().find(R"(signal {"signal":"go")"), std::string::npos)
        << error.message();
  }
}

TEST(TestEnvironment, ABlockedAttemptEndsByItsTimeLimitOnly) {
  TestEnvironment env(service());
  env.mock(pay).block();
  const auto execution = env.start(buy, Order{"a", 5});
  env.tick(24h);
  EXPECT_EQ(execution.status(), "running");
  EXPECT_EQ(execution.waiting_for()[0]["kind"].as_string(), "task");
}

TEST(TestEnvironment, CommandsRunInProcess) {
  TestEnvironment env(service());
  EXPECT_EQ(env.call(order_now, Order{"a", 5}), "buy/a");
  EXPECT_EQ(env.call(order_and_wait, Order{"b", 5}), "paid-b,shipped-b");
  EXPECT_THROW((void)env.call(nap, std::int64_t{5}), Error);
  env.tick(5);
}

TEST(TestEnvironment, APrimitiveInputHasTheAnnotationsOfItsCommand) {
  Service shop{"shop"};
  const auto order =
      shop.command("order", {.input = {.description = "how many", .minimum = 1, .maximum = 10}},
                   [](std::int64_t count) { return count; });
  const auto strict = shop.command("strict", {.unknown_fields_refused = true},
                                   [](Order given) { return given.id; });
  TestEnvironment env(shop);
  EXPECT_EQ(env.call(order, std::int64_t{10}), 10);
  EXPECT_THROW((void)env.call(order, std::int64_t{11}), Error);
  EXPECT_EQ(env.call_json("strict", R"({"id":"a","amount":1})"), R"("a")");
  EXPECT_THROW((void)env.call_json("strict", R"({"id":"a","amount":1,"colour":"red"})"), Error);
  EXPECT_EQ(env.call(strict, Order{"b", 1}), "b");
}

TEST(TestEnvironment, ARestartLosesNothing) {
  TestEnvironment env(service());
  const auto execution = env.start(sleeper, std::int64_t{10});
  env.tick(5);
  env.restart();
  env.tick(5);
  EXPECT_EQ(execution.result(), "done");
}

TEST(TestEnvironment, ResetForgetsEverything) {
  TestEnvironment env(service());
  env.mock(ship).fail("Never");
  (void)env.start(buy, Order{"a", 5}, {.name = "a"});
  env.tick(5);
  env.reset();
  EXPECT_EQ(env.now(), Timestamp{});
  EXPECT_TRUE(env.executions().empty());
  EXPECT_EQ(env.start(buy, Order{"a", 5}, {.name = "a"}).result(), "paid-a,shipped-a");
}

TEST(TestEnvironment, RunUntilIdleGoesFromTimerToTimer) {
  TestEnvironment env(service());
  const auto execution = env.start(daily, std::int64_t{30});
  env.run_until_idle();
  EXPECT_EQ(execution.result(), 30);
  EXPECT_EQ(env.now(), Timestamp(24h * 30));
}

}  // namespace
}  // namespace eventual
