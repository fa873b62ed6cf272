// Cancellation: thrown once, at the pending awaits or else the next.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

TEST(Cancellation, EndsTheExecutionAsCancelledWhenItEscapes) {
  Driver d([]() -> Future<std::string> { co_return co_await A("x"); });
  EXPECT_EQ(d.cancel().outcome(), "cancelled Cancelled: the execution was cancelled");
}

TEST(Cancellation, IsThrownOnceAndLaterAwaitsWork) {
  Driver d([]() -> Future<std::string> {
    std::string seen;
    try {
      (void)co_await A("x");
    } catch (const Cancelled& cancelled) {
      seen = cancelled.name();
    }
    co_return seen + co_await B("compensate");
  });
  d.calls();
  d.cancel();
  EXPECT_EQ(d.calls(), Calls{"B(\"compensate\")#1"});
  d.cancel();  // asked again: it is on its way
  EXPECT_FALSE(d.used());
  EXPECT_EQ(d.ok(1, "!").outcome(), "succeeded \"Cancelled!\"");
}

TEST(Cancellation, RunsCompensationsBeforeItCloses) {
  Driver d([]() -> Future<void> {
    Saga saga;
    saga.undo(Undo, std::string("a"));
    co_await Go.expect();
  });
  d.cancel();
  EXPECT_EQ(d.calls(), Calls{"Undo(\"a\")#0"});
  EXPECT_EQ(d.outcome(), "open");
  d.cancel();
  EXPECT_EQ(d.outcome(), "open") << "a second request does not interrupt the compensation";
  EXPECT_EQ(d.ok(0).outcome(), "cancelled Cancelled: the execution was cancelled");
}

TEST(Cancellation, ReachesEveryPendingAwaitThroughHelpersAndCombinators) {
  for (int shape = 0; shape < 6; ++shape) {
    Driver d(
        [](int which) -> Future<std::string> {
          auto helper = [](std::string text) -> Future<std::string> { co_return co_await A(text); };
          try {
            if (which == 0) (void)co_await helper("x");
            if (which == 1) (void)co_await all(helper("x"), helper("y"));
            if (which == 2) (void)co_await race(A("x"), sleep_for(Duration(5)));
            if (which == 3) (void)co_await settle(helper("x"));
            if (which == 4)
              (void)co_await condition([] { return false; }, {.timeout = Duration(5)});
            if (which == 5) (void)co_await S.expect();
          } catch (const Cancelled&) {
            co_return "caught";
          }
          co_return "not";
        },
        shape);
    EXPECT_EQ(d.cancel().outcome(), "succeeded \"caught\"") << shape;
  }
}

TEST(Cancellation, AnErrorThatFollowsItIsTheOutcome) {
  Driver d([]() -> Future<void> {
    try {
      (void)co_await A("x");
    } catch (const Cancelled&) {
      throw Error("Other", "");
    }
  });
  EXPECT_EQ(d.cancel().outcome(), "failed Other: ");
}

TEST(Cancellation, NobodyAskedForIsAFailure) {
  EXPECT_EQ(Driver([]() -> Future<void> {
              throw Cancelled("by myself");
              co_return;
            }).outcome(),
            "failed Cancelled: by myself");
}

TEST(Cancellation, ATaskThatDeliversItsOutcomeIsWaitedForAndTheNextAwaitThrows) {
  Driver d([]() -> Future<std::string> {
    Saga saga;
    std::string charge = co_await Hold("card");
    saga.undo(Undo, charge);
    co_return co_await A("ship");
  });
  d.calls();
  d.cancel();
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_TRUE(d.calls().empty());
  d.ok(0, "charge-1");
  EXPECT_EQ(d.calls(), (Calls{"A(\"ship\")#1", "Undo(\"charge-1\")#2"}));
  EXPECT_EQ(d.ok(2).outcome(), "cancelled Cancelled: the execution was cancelled");
}

TEST(Cancellation, ATaskThatDeliversItsOutcomeDoesSoThroughHelpersAndSettle) {
  for (int shape = 0; shape < 4; ++shape) {
    Driver d(
        [](int which) -> Future<std::string> {
          Saga saga;
          auto helper = [](std::string text) -> Future<std::string> {
            co_return co_await Hold(text);
          };
          std::string charge;
          if (which == 0) charge = co_await helper("card");
          if (which == 1) charge = *co_await settle(helper("card"));
          if (which == 2) charge = std::get<0>(co_await all(helper("card"), Hold("other")));
          if (which == 3)
            charge = (co_await map(std::vector<std::string>{"card", "other"}, helper))[0];
          saga.undo(Undo, charge);
          co_await sleep_for(Duration(5));
          co_return "done";
        },
        shape);
    d.calls();
    d.cancel();
    EXPECT_EQ(d.outcome(), "open") << shape;
    d.ok(0, "charge").ok(1, "charge");
    EXPECT_EQ(d.calls().back().substr(0, 14), "Undo(\"charge\")") << shape;
    d.feed({Driver::task_ok(1, nullptr), Driver::task_ok(2, nullptr), Driver::task_ok(3, nullptr)});
    EXPECT_TRUE(d.outcome().starts_with("cancelled")) << shape << d.outcome();
  }
}

TEST(Cancellation, IsToldToEachChainOfAwaitsOnce) {
  // A listener's coroutine is woken at once; the main line only after its charge. Each hears it
  // once.
  Driver d([]() -> Future<std::string> {
    std::string log;
    auto listening = S.on(
        [](std::string text, std::string* out) -> Future<void> {
          try {
            (void)co_await A(text);
          } catch (const Cancelled&) {
            out->append("listener ");
          }
          (void)co_await B("clean up");
          out->append("cleaned ");
        },
        &log);
    (void)co_await Hold("card");
    try {
      co_await sleep_for(Duration(5));
    } catch (const Cancelled&) {
      log += "main ";
    }
    co_await Go.expect();
    co_return log;
  });
  d.signal("S", "work");
  d.cancel();
  EXPECT_EQ(d.calls(), (Calls{"Hold(\"card\")#0", "A(\"work\")#1", "B(\"clean up\")#2"}));
  d.ok(2, "b").ok(0, "charge").signal("Go");
  EXPECT_EQ(d.outcome(), "succeeded \"listener cleaned main \"");
}

TEST(Cancellation, AnOutcomeThatIsAFailureIsDelivered) {
  Driver d([]() -> Future<std::string> { co_return co_await Hold("card"); });
  EXPECT_EQ(d.cancel().outcome(), "open");
  EXPECT_EQ(d.fail(0, "Declined").outcome(), "failed Declined: message");
}

TEST(Cancellation, AfterTheEndChangesNothing) {
  Driver d([]() -> Future<void> { co_return; });
  d.cancel();
  EXPECT_FALSE(d.used());
  EXPECT_EQ(d.outcome(), "succeeded null");
}

TEST(Cancellation, WhileCompensatingAFailureChangesNothing) {
  Driver d([]() -> Future<void> {
    Saga saga;
    saga.undo(Undo, std::string("a"));
    (void)co_await A("x");
  });
  d.fail(0, "Bad").cancel();
  EXPECT_FALSE(d.used());
  EXPECT_EQ(d.ok(1).outcome(), "failed Bad: message");
}

}  // namespace
}  // namespace eventual::test
