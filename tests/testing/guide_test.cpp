// The code of docs/workflows.md and docs/testing.md.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;

namespace {

ev::Service& guide() {
  static ev::Service service{"guide"};
  return service;
}

const auto add_one = guide().task("addOne", [](std::int64_t number) { return number + 1; });
const auto fails = guide().task(
    "fails", [](std::int64_t) -> std::int64_t { throw ev::Error("Broken", "it always is"); });
const auto stop = guide().signal("stop");

// [futures]
ev::Future<std::int64_t> add_two(std::int64_t number) {
  co_return co_await add_one(co_await add_one(number));
}

const auto futures =
    guide().workflow("futures", [](std::int64_t number) -> ev::Future<std::vector<std::int64_t>> {
      auto [a, b] = co_await ev::all(add_one(number), add_two(number));
      const std::vector<std::int64_t> numbers{10, 20, 30};
      std::vector<std::int64_t> mapped = co_await ev::map(numbers, add_one);
      const ev::Result<std::int64_t> broken = co_await ev::settle(fails(1));
      const std::int64_t first = co_await ev::any(fails(1), add_one(number));
      mapped.insert(mapped.end(), {a, b, broken ? 1 : 0, first});
      co_return mapped;
    });
// [/futures]

// [condition]
const auto waits = guide().workflow("waits", []() -> ev::Future<std::string> {
  bool stopped = false;
  auto listening = stop.on([&] { stopped = true; });
  const bool in_time = co_await ev::condition([&] { return stopped; }, {.timeout = 15min});
  co_return in_time ? "stopped" : "went on";
});
// [/condition]

// [expect]
const auto greeting = guide().signal<std::string>("greeting");
const auto polite = guide().workflow("polite", [](std::string other) -> ev::Future<std::string> {
  co_await greeting.send(ev::ExecutionId{other, 0}, "hello");  // fails with NotFound or Closed
  const ev::Result<std::string> answer = co_await ev::settle(greeting.expect({.timeout = 1h}));
  co_return answer ? *answer : answer.error().name();
});
// [/expect]

// [saga]
struct Trip {
  std::string flight;
  std::string hotel;
};
const auto book_flight =
    guide().task("bookFlight", [](const std::string& flight) { return "seat on " + flight; });
const auto book_hotel = guide().task("bookHotel", [](const std::string& hotel) -> std::string {
  throw ev::Error("FullyBooked", hotel);
});
const auto cancel_flight =
    guide().task("cancelFlight", [](const std::string& seat) { (void)seat; });

const auto travel = guide().workflow("travel", [](Trip trip) -> ev::Future<std::string> {
  ev::Saga saga;
  std::string seat = co_await book_flight(trip.flight);
  saga.undo(cancel_flight, seat);
  co_return seat + ", room in " + co_await book_hotel(trip.hotel);
});
// [/saga]

// [idempotency]
struct Transfer {
  std::string account;
  std::int64_t cents = 0;
};
const auto pay = guide().task(
    "pay", {.timeout = 30s, .retry = {.max_attempts = 5, .initial_interval = 200ms}},
    [](const Transfer& transfer) -> std::string {
      return transfer.account + " paid under " + ev::idempotency_key();  // same on every attempt
    });
// [/idempotency]
const auto transfer_money = guide().workflow(
    "transferMoney",
    [](Transfer transfer) -> ev::Future<std::string> { co_return co_await pay(transfer); });

const auto remind = guide().task("remind", [](const std::string& who) { (void)who; });
const auto reminders = guide().workflow("reminders", [](std::string who) -> ev::Future<void> {
  for (int day = 0; day < 365; ++day) {
    co_await ev::sleep_for(24h);
    co_await remind(who);
  }
});
const auto plan_trip = guide().command("planTrip", [](Trip trip) -> std::string {
  return travel.start(trip, {.name = trip.flight}).get().id();
});

TEST(Guide, FuturesCombine) {
  ev::TestEnvironment env(guide());
  EXPECT_EQ(env.start(futures, std::int64_t{1}).result(),
            (std::vector<std::int64_t>{11, 21, 31, 2, 3, 0, 2}));
  env.replay_all();
}

TEST(Guide, ConditionsEndByASignalOrByTime) {
  ev::TestEnvironment env(guide());
  const auto stopped = env.start(waits);
  const auto left_alone = env.start(waits);
  env.send(stopped, stop);
  env.tick(15min);
  EXPECT_EQ(stopped.result(), "stopped");
  EXPECT_EQ(left_alone.result(), "went on");
}

TEST(Guide, ExecutionsSignalOneAnother) {
  ev::TestEnvironment env(guide());
  const auto alone = env.start(waits, {.name = "one"});
  const auto asks = env.start(polite, "waits/one");
  env.send(asks, greeting, "hello to you");
  EXPECT_EQ(asks.result(), "hello to you");
  const auto unheard = env.start(polite, "waits/one");
  env.tick(1h);
  EXPECT_EQ(unheard.result(), "Timeout");
  EXPECT_EQ(env.start(polite, "waits/none").error()->name(), "NotFound");
}

TEST(Guide, ATaskHasOneKeyForAllItsAttempts) {
  ev::TestEnvironment env(guide());
  const auto first = env.start(transfer_money, Transfer{"a", 1}).result();
  const auto second = env.start(transfer_money, Transfer{"a", 1}).result();
  EXPECT_TRUE(first.starts_with("a paid under "));
  EXPECT_NE(first, second) << "every call has its own";
}

// [first-test]
TEST(Travel, GivesTheSeatBackWhenThereIsNoRoom) {
  ev::TestEnvironment env(guide());
  auto hotel = env.mock(book_hotel).fail("FullyBooked", "Ritz");
  auto given_back = env.mock(cancel_flight);

  const auto trip = env.start(travel, Trip{"OS 901", "Ritz"});

  EXPECT_EQ(trip.status(), "failed");
  EXPECT_EQ(trip.error(), ev::Error("FullyBooked", "Ritz"));
  EXPECT_EQ(given_back.calls(), std::vector<std::string>{"seat on OS 901"});
  EXPECT_EQ(hotel.call_count(), 1u);
  env.replay_all();
}
// [/first-test]

// [mocks]
TEST(Travel, MocksAnswerInManyWays) {
  ev::TestEnvironment env(guide());
  env.mock(book_hotel)
      .fail_once("Busy")                                                    // the first attempt,
      .succeed_once("single room")                                          // the second,
      .invoke([](const std::string& hotel) { return "suite, " + hotel; });  // and all others
  EXPECT_EQ(env.start(travel, Trip{"1", "Ritz"}).error()->name(), "Busy");
  EXPECT_EQ(env.start(travel, Trip{"2", "Ritz"}).result(), "seat on 2, room in single room");
  EXPECT_EQ(env.start(travel, Trip{"3", "Ritz"}).result(), "seat on 3, room in suite, Ritz");

  auto flights = env.mock(book_flight).async();  // no result yet: whoever has the token brings it
  const auto later = env.start(travel, Trip{"4", "Ritz"});
  EXPECT_EQ(later.waiting_for()[0]["state"].as_string(), "deferred");
  env.complete(flights.tokens()[0], std::string("window seat"));
  EXPECT_EQ(later.result(), "window seat, room in suite, Ritz");
}
// [/mocks]

// [time]
TEST(Reminders, GoOutEveryDayOfAYear) {
  ev::TestEnvironment env(guide(), {.start = ev::parse_iso8601("2026-01-01T00:00:00Z").value()});
  auto reminded = env.mock(remind);
  const auto year = env.start(reminders, "ann");
  env.tick(12h);
  EXPECT_EQ(reminded.call_count(), 0u);
  env.tick_until(ev::parse_iso8601("2026-01-02T00:00:00Z").value());  // inclusive
  EXPECT_EQ(reminded.call_count(), 1u);
  env.restart();  // as after a crash at this instant
  env.run_until_idle();
  EXPECT_EQ(year.status(), "succeeded");
  EXPECT_EQ(reminded.call_count(), 365u);
  EXPECT_EQ(env.now(), ev::parse_iso8601("2027-01-01T00:00:00Z").value());
}
// [/time]

// [stuck]
TEST(Travel, WhatCanNeverComeFailsAtOnceAndSaysWhatEverythingWaitsFor) {
  ev::TestEnvironment env(guide());
  env.mock(book_flight).block();
  const auto trip = env.start(travel, Trip{"OS 901", "Ritz"}, {.name = "t-1"});
  try {
    (void)trip.result();
    FAIL() << "there is no result";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "NotClosed");
    EXPECT_NE(error.message().find("travel/t-1 (running):\n    task"), std::string::npos);
  }
}
// [/stuck]

// [commands]
TEST(Travel, IsPlannedByACommand) {
  ev::TestEnvironment env(guide());
  env.mock(book_hotel).succeed("single room");
  EXPECT_EQ(env.call(plan_trip, Trip{"OS 901", "Ritz"}), "travel/OS 901");
  EXPECT_EQ(env.executions(), std::vector<std::string>{"travel/OS 901"});
  EXPECT_EQ(env.history({"travel/OS 901"}).back()["type"].as_string(), "execution_succeeded");
}
// [/commands]

}  // namespace
