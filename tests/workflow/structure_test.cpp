// Cancelling one future, shields and limits in time. Each case is replayed whole and from each
// point in its middle.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

using namespace std::chrono_literals;

// --- cancelling one future ---

TEST(CancelOne, ACallFailsWithCancelledAndTheHistorySaysSo) {
  Driver d([]() -> Future<std::string> {
    Future<std::string> first = A("a");
    Future<std::string> second = B("b");
    first.cancel();
    first.cancel();  // it is settled by now
    Result<std::string> given_up = co_await settle(first);
    co_return given_up.error().name() + co_await second;
  });
  EXPECT_EQ(d.calls(), (Calls{"A(\"a\")#0", "B(\"b\")#1", "cancel 0#2"}));
  d.ok(0, "late");
  EXPECT_FALSE(d.used()) << "its answer is ignored";
  EXPECT_EQ(d.ok(1, "!").outcome(), "succeeded \"Cancelled!\"");
}

TEST(CancelOne, CodeThatNoLongerCancelsDiffersFromTheHistory) {
  Driver recorded([]() -> Future<void> {
    Future<std::string> call = A("a");
    call.cancel();
    co_await Go.expect();
  });
  Driver today([]() -> Future<void> {
    Future<std::string> call = A("a");
    co_await Go.expect();
    detach(call);
  });
  EXPECT_TRUE(today.replayed(recorded.turns()).starts_with("stuck DeterminismError"))
      << today.replayed(recorded.turns());
}

TEST(CancelOne, ASettledFutureStaysAsItIs) {
  Driver d([]() -> Future<std::string> {
    Future<std::string> call = A("a");
    (void)co_await settle(call);
    call.cancel();
    co_return co_await call;
  });
  EXPECT_EQ(d.ok(0, "done").outcome(), "succeeded \"done\"");
  EXPECT_EQ(d.calls(), Calls{"A(\"a\")#0"});
}

TEST(CancelOne, ACallThatDeliversItsOutcomeDoesSoAfterItWasCancelled) {
  Driver d([]() -> Future<std::string> {
    Future<std::string> call = Hold("a");
    call.cancel();
    call.cancel();
    co_return co_await call;
  });
  EXPECT_EQ(d.calls(), (Calls{"Hold(\"a\")#0", "cancel 0 and wait#1"}));
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_EQ(d.ok(0, "held").outcome(), "succeeded \"held\"");
}

TEST(CancelOne, ACallMayBeMadeToDeliverItsOutcomeOrNot) {
  Driver d([]() -> Future<std::string> {
    Future<std::string> waits = A("a", {.on_cancel = OnCancel::wait});
    Future<std::string> gives_up = Hold("b", {.on_cancel = OnCancel::abandon});
    waits.cancel();
    gives_up.cancel();
    co_return co_await waits + (co_await settle(gives_up)).error().name();
  });
  EXPECT_EQ(d.calls(), (Calls{"A(\"a\")#0", "Hold(\"b\")#1", "cancel 0 and wait#2", "cancel 1#3"}));
  EXPECT_EQ(d.ok(0, "x").outcome(), "succeeded \"xCancelled\"");
}

TEST(CancelOne, TimersConditionsAndExpectationsEnd) {
  Driver d([]() -> Future<std::string> {
    Future<void> timer = sleep_for(5s);
    Future<bool> holds = condition([] { return false; }, {.timeout = 5s});
    Future<bool> for_ever = condition([] { return false; });
    Future<std::string> signal = S.expect({.timeout = 5s});
    timer.cancel();
    holds.cancel();
    for_ever.cancel();
    signal.cancel();
    std::string text = (co_await settle(timer)).error().name();
    text += (co_await settle(holds)).error().name();
    text += (co_await settle(for_ever)).error().name();
    co_return text + (co_await settle(signal)).error().name();
  });
  EXPECT_EQ(d.outcome(), "succeeded \"CancelledCancelledCancelledCancelled\"");
  EXPECT_EQ(d.calls(),
            (Calls{"timer(+5000)#0", "condition(+5000)#1", "expect S(+5000)#2", "cancel 0#3"}));
  EXPECT_EQ(d.answered(), (std::vector<std::uint32_t>{1, 2}));
}

TEST(CancelOne, ACoroutineIsToldAtItsAwaitAndWhatItWaitsForIsCancelledToo) {
  Driver d([]() -> Future<std::string> {
    auto helper = [](std::string text) -> Future<std::string> {
      try {
        (void)co_await all(A(text), B(text));
      } catch (const Cancelled&) {
        text = "told";
      }
      co_return text + co_await C("after");
    };
    Future<std::string> work = helper("x");
    Future<std::string> other = P("other");
    co_await sleep_for(1s);
    work.cancel();
    co_return co_await work + co_await other;
  });
  d.calls();
  d.timer(3);
  EXPECT_EQ(d.calls(), (Calls{"cancel 0#4", "cancel 1#5", "C(\"after\")#6"}));
  d.ok(6, "!");
  EXPECT_EQ(d.ok(2, "?").outcome(), "succeeded \"told!?\"");
}

TEST(CancelOne, StopsAtAShield) {
  Driver d([]() -> Future<std::string> {
    auto helper = []() -> Future<std::string> {
      std::string kept = co_await shield(A("kept"));
      (void)co_await B(kept);
      co_return "never";
    };
    Future<std::string> work = helper();
    co_await sleep_for(1s);
    work.cancel();
    co_return (co_await settle(work)).error().name();
  });
  d.timer(1);
  EXPECT_EQ(d.calls(), (Calls{"A(\"kept\")#0", "timer(+1000)#1"}));
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_EQ(d.ok(0, "x").outcome(), "succeeded \"Cancelled\"") << "at the next await";
  EXPECT_EQ(d.calls(), Calls{"B(\"x\")#2"}) << "the call is made; awaiting it throws";
}

TEST(CancelOne, ASignalOnItsWayCannotBeCalledBack) {
  Driver d([]() -> Future<void> {
    Future<void> sent = S.send(ExecutionId{"w/other", 0}, "x");
    sent.cancel();
    co_await sent;
  });
  EXPECT_EQ(d.calls(), Calls{"send S(\"x\")->w/other#0"});
  EXPECT_EQ(d.delivered(0).outcome(), "succeeded null");
}

// --- limits in time ---

TEST(WithTimeout, GivesTheValueThatComesInTimeAndEndsItsTimer) {
  Driver d([]() -> Future<std::string> { co_return co_await with_timeout(1s, A("x")); });
  EXPECT_EQ(d.calls(), (Calls{"A(\"x\")#0", "timer(+1000)#1"}));
  EXPECT_EQ(d.ok(0, "y").outcome(), "succeeded \"y\"");
  EXPECT_EQ(d.calls(), Calls{"cancel 1#2"});
}

TEST(WithTimeout, ThrowsTimeoutAndCancelsWhatItWrapped) {
  Driver d([]() -> Future<std::string> {
    auto slow = [](std::string text) -> Future<std::string> { co_return co_await A(text); };
    std::string seen;
    try {
      seen = co_await with_timeout(1s, slow("x"));
    } catch (const Timeout& timeout) {
      seen = timeout.name();
    }
    co_return seen;
  });
  d.calls();
  d.timer(1);
  EXPECT_EQ(d.calls(), Calls{"cancel 0#2"});
  EXPECT_EQ(d.outcome(), "succeeded \"Timeout\"");
}

TEST(WithTimeout, PassesFailuresOn) {
  Driver d([]() -> Future<std::string> { co_return co_await with_timeout(1s, A("x")); });
  EXPECT_EQ(d.fail(0, "Declined").outcome(), "failed Declined: message");
}

TEST(WithTimeout, IsInterruptedByACancellation) {
  Driver d([]() -> Future<std::string> { co_return co_await with_timeout(1s, A("x")); });
  d.calls();
  EXPECT_EQ(d.cancel().outcome(), "cancelled Cancelled: the execution was cancelled");
}

// --- shields ---

TEST(Shield, AnAwaitIsNotInterruptedAndTheCancellationComesAfterIt) {
  Driver d([]() -> Future<std::string> {
    std::string kept = co_await shield(A("x"));
    std::string seen = "not told";
    try {
      (void)co_await B(kept);
    } catch (const Cancelled&) {
      seen = "told";
    }
    co_return kept + " " + seen;
  });
  d.calls();
  EXPECT_EQ(d.cancel().outcome(), "open");
  EXPECT_EQ(d.ok(0, "kept").outcome(), "succeeded \"kept told\"");
  EXPECT_EQ(d.calls(), Calls{"B(\"kept\")#1"}) << "the call is made; awaiting it throws";
}

TEST(Shield, ProtectsEverythingThatACoroutineDoes) {
  Driver d([]() -> Future<std::string> {
    auto section = []() -> Future<std::string> {
      Future<std::string> ahead = B("ahead");  // not awaited yet when the cancellation comes
      std::string first = co_await settle(A("first")) ? "A" : "?";
      auto [second, third] = co_await all(std::move(ahead), C("third"));
      co_return first + second + third;
    };
    std::string done = co_await shield(section());
    co_await sleep_for(1s);
    co_return done;
  });
  d.calls();
  d.cancel();
  EXPECT_EQ(d.outcome(), "open");
  d.ok(1, "a");
  EXPECT_EQ(d.calls(), Calls{"C(\"third\")#2"});
  d.ok(0, "b");
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_EQ(d.ok(2, "c").outcome(), "cancelled Cancelled: the execution was cancelled");
}

TEST(Shield, OthersAreInterruptedMeanwhile) {
  Driver d([]() -> Future<std::string> {
    auto other = []() -> Future<std::string> {
      try {
        (void)co_await A("other");
      } catch (const Cancelled&) {
        co_return "told";
      }
      co_return "not";
    };
    Future<std::string> beside = other();
    std::string kept = co_await shield(B("kept"));
    co_return kept + (settle(beside).ready() ? "" : "") + (beside.ready() ? " ready" : " open");
  });
  d.cancel();
  EXPECT_EQ(d.ok(1, "k").outcome(), "succeeded \"k ready\"");
}

TEST(Shield, OnlyWhatIsNotShieldedIsAskedToStop) {
  Driver d([]() -> Future<void> {
    auto section = []() -> Future<void> {
      Future<std::string> ahead = B("ahead");
      (void)co_await A("first");
      (void)co_await ahead;
    };
    Future<void> kept = shield(section());
    Future<std::string> lost = C("lost");
    co_await kept;
    (void)co_await lost;
  });
  d.skip_replay();
  auto executor = d.make_executor();
  for (const model::Turn& turn : d.turns()) replay_turn(*executor, turn);
  executor->begin_turn(k_start);
  executor->apply(model::CancelRequested{});
  EXPECT_EQ(executor->take_stopped(), std::vector<std::uint32_t>{2});
  executor->end_turn();
}

// --- compensation under cancellation ---

TEST(Compensation, OfAnInnerScopeIsNotInterruptedWhileTheRestGoesOn) {
  Driver d([]() -> Future<std::string> {
    auto undo = [](std::string text) -> Future<void> {
      co_await Undo(text + " 1");
      co_await Undo(text + " 2");
    };
    auto inner = [](auto compensate) -> Future<void> {
      Saga saga;
      saga.undo(compensate, std::string("inner"));
      co_await A("fails");
    };
    Result<void> result = co_await settle(inner(undo));
    (void)co_await B(result.error().name());  // while the inner scope is being undone
    co_return "never";
  });
  d.calls();
  d.fail(0, "Broken");
  EXPECT_EQ(d.calls(), (Calls{"B(\"Broken\")#1", "Undo(\"inner 1\")#2"}));
  d.cancel();
  EXPECT_EQ(d.outcome(), "open");
  d.ok(2);
  EXPECT_EQ(d.calls(), Calls{"Undo(\"inner 2\")#3"});
  EXPECT_EQ(d.ok(3).outcome(), "cancelled Cancelled: the execution was cancelled");
}

TEST(Compensation, OfNestedScopesRunsFromTheInside) {
  Driver d([]() -> Future<void> {
    auto inner = []() -> Future<void> {
      Saga saga;
      saga.undo(Undo, std::string("inner a"));
      saga.undo(Undo, std::string("inner b"));
      co_await Go.expect();
    };
    Saga saga;
    saga.undo(Undo, std::string("outer"));
    co_await inner();
  });
  d.cancel();
  EXPECT_EQ(d.calls(), Calls{"Undo(\"inner b\")#0"});
  d.cancel().ok(0);
  EXPECT_EQ(d.calls(), Calls{"Undo(\"inner a\")#1"});
  d.ok(1);
  EXPECT_EQ(d.calls(), Calls{"Undo(\"outer\")#2"});
  EXPECT_EQ(d.ok(2).outcome(), "cancelled Cancelled: the execution was cancelled");
}

// --- errors ---

TEST(HeartbeatTimeouts, AreTimeouts) {  // 67, 69
  Driver d([]() -> Future<std::string> {
    try {
      (void)co_await A("x");
    } catch (const HeartbeatTimeout& timeout) {
      const Timeout& as_timeout = timeout;
      co_return as_timeout.name() + " " + as_timeout.message();
    }
    co_return "not";
  });
  EXPECT_EQ(d.fail(0, "HeartbeatTimeout").outcome(), "succeeded \"HeartbeatTimeout message\"");
}

TEST(Tokens, AreNotUsedInAWorkflow) {
  Driver d([]() -> Future<void> { co_await complete_task("token", 5); });
  EXPECT_TRUE(d.outcome().starts_with("failed NotAllowed")) << d.outcome();
}

}  // namespace
}  // namespace eventual::test
