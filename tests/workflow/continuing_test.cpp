// ev::continue_as_new: a run ends and the next begins with another input.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

Future<std::string> counting(std::int64_t round) {
  std::string got = co_await A(std::to_string(round));
  if (got == "stop") co_return "after " + std::to_string(round);
  co_return co_await continue_as_new(round + 1);
}

TEST(Continuing, EndsTheRunWithTheNextInput) {
  Driver d(counting, std::int64_t{1});
  d.ok(0, "go on");
  EXPECT_EQ(d.outcome(), "continued 2");
  EXPECT_EQ(std::get<model::ExecutionContinued>(*d.executor().closing()).next_run, 2U);
  EXPECT_EQ(Driver(counting, std::int64_t{1}).ok(0, "stop").outcome(), "succeeded \"after 1\"");
}

TEST(Continuing, RunsNothingMoreAndUndoesNothing) {
  Driver d([]() -> Future<void> {
    Saga saga;
    saga.undo(Undo, std::string("x"));
    detach([]() -> Future<void> {
      co_await Go.expect();
      co_await B("never");
    }());
    co_await Go.expect();
    co_await continue_as_new();
    co_await C("never");
  });
  d.signal("Go");
  EXPECT_EQ(d.outcome(), "continued null");
  // The detached one was woken first, by the same signal.
  EXPECT_EQ(d.calls(), Calls{"B(\"never\")#0"});
}

TEST(Continuing, FromAHelperOrAListenerToo) {
  Driver d(
      [](std::int64_t) -> Future<void> {
        auto listening = Go.on([] { detach(continue_as_new(std::int64_t{7})); });
        co_await condition([] { return false; });
      },
      std::int64_t{1});
  d.signal("Go");
  EXPECT_EQ(d.outcome(), "continued 7");
}

TEST(Continuing, CarriesTheSignalsThatNobodyReadInOrder) {
  Driver d([]() -> Future<void> {
    co_await Go.expect();
    co_await continue_as_new();
  });
  d.signal("S", "1").signal("O", "x").signal("S", "2").signal("Go");
  EXPECT_EQ(d.outcome(), "continued null");
  ASSERT_TRUE(d.executor().carried_signals());
  EXPECT_EQ(
      d.executor().carried_signals()->text,
      R"([{"signal":"S","payload":"1"},{"signal":"O","payload":"x"},{"signal":"S","payload":"2"}])");

  model::ExecutionStarted next;
  next.continued_from_run = 1;
  next.carried_signals = d.executor().carried_signals();
  Driver second(
      []() -> Future<std::string> {
        std::string all = co_await O.expect();
        auto listening = S.on([&all](std::string text) { all += text; });
        co_await Go.expect();
        co_return all;
      },
      next);
  EXPECT_EQ(second.signal("Go").outcome(), "succeeded \"x12\"");
}

TEST(Continuing, ACancellationThatIsDueComesFirst) {
  Driver d([]() -> Future<void> {
    try {
      co_await A("x");
    } catch (const Cancelled&) {
    }
    co_await continue_as_new();
  });
  d.cancel();
  EXPECT_EQ(d.outcome(), "continued null");
  Driver busy([]() -> Future<void> {
    co_await Hold("x");
    co_await continue_as_new();
  });
  busy.cancel();
  busy.ok(0, "done");
  EXPECT_TRUE(busy.outcome().starts_with("cancelled")) << busy.outcome();
}

TEST(Continuing, AnInputOfAnotherTypeIsRefused) {
  Driver d([](std::int64_t) -> Future<void> { co_await continue_as_new(std::string("text")); },
           std::int64_t{1});
  EXPECT_TRUE(d.outcome().starts_with("failed InvalidInput")) << d.outcome();
}

TEST(Continuing, AnotherInputOnReplayIsADifference) {
  Driver d(counting, std::int64_t{1});
  d.ok(0, "go on");
  Turns turns = d.turns();
  std::get<model::ExecutionContinued>(turns.at(1).events.at(1)).input.text = "3";
  EXPECT_TRUE(d.replayed(turns).starts_with("stuck DeterminismError")) << d.replayed(turns);
  turns.at(1).events.pop_back();
  EXPECT_TRUE(d.replayed(turns).starts_with("stuck DeterminismError")) << d.replayed(turns);
}

}  // namespace
}  // namespace eventual::test
