// Signals: expectations, listeners, the backlog. Behaviours 104 to 124.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

using Texts = std::vector<std::string>;

Future<std::string> expecting() {
  std::string text = co_await S.expect({.timeout = Duration(100)});
  co_return text.empty() ? "done" : text;
}

// 104, 105
TEST(Signals, AnExpectationWithTimeoutIsRecordedAndTakesTheSignal) {
  Driver d(expecting);
  EXPECT_EQ(d.calls(), Calls{"expect S(+100)#0"});
  EXPECT_EQ(d.outcome(), "open");
  ASSERT_EQ(d.executor().waiting().size(), 1U);
  EXPECT_EQ(d.executor().waiting()[0].name, "S");
  d.signal("S", "payload");
  EXPECT_EQ(d.outcome(), "succeeded \"payload\"");
  EXPECT_EQ(d.answered(), std::vector<std::uint32_t>{0});
  EXPECT_EQ(Driver(expecting).signal("S", "").outcome(), "succeeded \"done\"");
}

// 106
TEST(Signals, WhatComesFirstOfSignalAndTimeoutDecides) {
  EXPECT_EQ(Driver(expecting).timed_out(0).outcome(),
            "failed Timeout: signal S did not arrive in time");
  EXPECT_TRUE(
      Driver(expecting).timed_out(0).signal("S", "late").outcome().starts_with("failed Timeout"));
  EXPECT_EQ(Driver(expecting).signal("S", "x").timed_out(0).outcome(), "succeeded \"x\"");
  EXPECT_EQ(
      Driver(expecting).feed({Driver::received("S", "1"), Driver::received("S", "2")}).outcome(),
      "succeeded \"1\"");
}

// 108, 109
TEST(Signals, AnUnrelatedSignalDoesNotWake) {
  Driver d([]() -> Future<std::string> {
    std::string first = co_await S.expect({.timeout = Duration(1)});
    co_return first + co_await O.expect({.timeout = Duration(1)});
  });
  d.signal("O", "other");
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_EQ(d.executor().unread_signals(), 1U);
  EXPECT_TRUE(d.timed_out(0).outcome().starts_with("failed Timeout: signal S"));
}

TEST(Signals, AnExpectationWithoutTimeoutIsNoCall) {
  Driver d([]() -> Future<void> { co_await Go.expect(); });
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.executor().next_seq(), 0U);
  EXPECT_EQ(d.signal("Go").outcome(), "succeeded null");
}

TEST(Signals, AnExpectationTakesTheOldestUnreadSignal) {
  Driver d([]() -> Future<Texts> {
    co_await Go.expect();
    Texts texts;
    texts.push_back(co_await S.expect({.timeout = Duration(5)}));  // there already: no call
    texts.push_back(co_await S.expect());
    texts.push_back(co_await S.expect());
    co_return texts;
  });
  d.signal("S", "1").signal("S", "2").signal("O", "x").signal("Go");
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.executor().unread_signals(), 1U);
  EXPECT_EQ(d.signal("S", "3").outcome(), "succeeded [\"1\",\"2\",\"3\"]");
}

TEST(Signals, AListenerTakesTheWholeBacklogAtOnce) {
  Driver d([]() -> Future<Texts> {
    co_await Go.expect();
    Texts texts;
    auto listening = S.on([&texts](std::string text) { texts.push_back(text); });
    texts.push_back("|");
    co_await Go.expect();
    co_return texts;
  });
  d.feed({Driver::received("S", "1"), Driver::received("S", "2"), Driver::received("Go")});
  d.signal("S", "3").signal("Go");
  EXPECT_EQ(d.outcome(), "succeeded [\"1\",\"2\",\"|\",\"3\"]");
}

TEST(Signals, ASignalReachesEveryListenerPresent) {
  Driver d([]() -> Future<Texts> {
    Texts texts;
    auto one = S.on([&texts](std::string text) { texts.push_back("1" + text); });
    auto expected = S.expect();
    auto two = S.on([&texts](std::string text) { texts.push_back("2" + text); });
    co_await Go.expect();
    texts.push_back("e" + co_await expected);
    co_return texts;
  });
  d.signal("S", "x").signal("Go");
  EXPECT_EQ(d.outcome(), "succeeded [\"1x\",\"2x\",\"ex\"]");
}

struct Counts {
  int s = 0, o = 0, completed = 0;
};

Future<Counts> counting() {
  Counts counts;
  auto on_s = S.on([&counts](std::string) { ++counts.s; });
  auto on_o = O.on(
      [](std::string payload, Counts* out) -> Future<void> {
        ++out->o;
        (void)co_await A(payload);
        ++out->completed;
      },
      &counts);
  co_await sleep_for(Duration(10));
  on_s.dispose();
  on_o.dispose();
  co_await sleep_for(Duration(10));
  co_return counts;
}

// 110 to 114; listeners and disposals take no numbers
TEST(Signals, AListenerCountsUntilItIsDisposedOf) {
  Driver d(counting);
  EXPECT_EQ(d.calls(), Calls{"timer(+10)#0"});
  d.signal("S", "1");
  EXPECT_TRUE(d.calls().empty());
  d.signal("S", "2").signal("S", "3").timer(0);
  EXPECT_EQ(d.calls(), Calls{"timer(+10)#1"});
  d.signal("S", "after");
  EXPECT_EQ(d.executor().unread_signals(), 1U);
  EXPECT_EQ(d.timer(1).outcome(), R"(succeeded {"s":3,"o":0,"completed":0})");
}

// 115 to 117
TEST(Signals, ACoroutineListenerRunsOnceForEachSignalWithItsOwnArguments) {
  Driver d(counting);
  d.calls();
  d.signal("O", "hi").signal("O", "ho");
  EXPECT_EQ(d.calls(), (Calls{"A(\"hi\")#1", "A(\"ho\")#2"}));
  d.ok(2, "r")
      .timer(0)
      .signal("O", "after")
      .ok(1, "r");  // one that is running goes on after dispose
  EXPECT_EQ(d.timer(3).outcome(), R"(succeeded {"s":0,"o":2,"completed":2})");
}

TEST(Signals, ArgumentsOfACoroutineListenerAreCopiedIntoItsFrame) {
  Driver d([]() -> Future<void> {
    std::string prefix = "a long prefix that does not fit into the string object itself: ";
    auto listening = S.on(
        [](std::string text, std::string copied) -> Future<void> {
          (void)co_await A(text);
          (void)co_await B(copied + text);
        },
        prefix);
    prefix.assign(200, 'x');
    co_await Go.expect();
    listening.dispose();
    co_await Go.expect();
  });
  d.signal("S", "1").signal("S", "2").signal("Go");
  d.calls();
  d.ok(1, "r").ok(0, "r");
  EXPECT_EQ(d.calls(),
            (Calls{"B(\"a long prefix that does not fit into the string object itself: 2\")#2",
                   "B(\"a long prefix that does not fit into the string object itself: 1\")#3"}));
}

TEST(Signals, AListenerEndsWithItsScope) {
  Driver d([]() -> Future<int> {
    int count = 0;
    {
      auto listening = S.on([&count](std::string) { ++count; });
      co_await Go.expect();
    }
    co_await Go.expect();
    co_return count;
  });
  d.signal("S", "1").signal("Go").signal("S", "2").signal("Go");
  EXPECT_EQ(d.outcome(), "succeeded 1");
}

// 123
TEST(Signals, AListenerMayDisposeOfItselfAndOfOthers) {
  Driver d([]() -> Future<Texts> {
    Texts texts;
    Listener first, second, third;
    first = S.on([&](std::string text) {
      texts.push_back("1" + text);
      second.dispose();
      first.dispose();
    });
    second = S.on([&](std::string text) { texts.push_back("2" + text); });
    third = S.on([&](std::string text) { texts.push_back("3" + text); });
    co_await Go.expect();
    co_return texts;
  });
  d.signal("S", "a").signal("S", "b").signal("Go");
  EXPECT_EQ(d.outcome(), "succeeded [\"1a\",\"3a\",\"3b\"]");
}

TEST(Signals, AListenerThatIsAddedByAListenerHearsTheNextSignal) {
  Driver d([]() -> Future<Texts> {
    Texts texts;
    Listener inner;
    auto outer = S.on([&](std::string text) {
      texts.push_back("outer" + text);
      if (text == "1")
        inner = S.on([&texts](std::string more) { texts.push_back("inner" + more); });
    });
    co_await Go.expect();
    co_return texts;
  });
  d.signal("S", "1").signal("S", "2").signal("Go");
  EXPECT_EQ(d.outcome(), "succeeded [\"outer1\",\"outer2\",\"inner2\"]");
}

TEST(Signals, AListenerMayMoveAndOwnAnother) {
  Driver d([]() -> Future<int> {
    int count = 0;
    auto one = S.on([&count](std::string) { ++count; });
    Listener two = std::move(one);
    auto owned = std::make_shared<Listener>(O.on([](std::string) {}));
    auto owner = O.on([owned](std::string) {});
    owned.reset();
    co_await Go.expect();
    owner.dispose();  // its destructor disposes of the other
    co_await Go.expect();
    co_return count;
  });
  d.signal("S", "1").signal("Go").signal("Go");
  EXPECT_EQ(d.outcome(), "succeeded 1");
  Driver dropped([]() -> Future<void> {
    auto owned = std::make_shared<Listener>();
    *owned = O.on([owned](std::string) {});  // a cycle through the execution's own table
    co_await Go.expect();
  });
  EXPECT_EQ(dropped.outcome(), "open");
}

TEST(Signals, ABacklogListenerMayTakeOtherSignalsItself) {
  Driver d([]() -> Future<Texts> {
    co_await Go.expect();
    Texts texts;
    auto listening = S.on([&texts](std::string text) {
      texts.push_back(text);
      auto more = O.expect();  // from the same backlog
      if (more.ready()) texts.push_back(more.get());
    });
    co_return texts;
  });
  d.signal("O", "o1").signal("S", "s1").signal("O", "o2").signal("S", "s2").signal("Go");
  EXPECT_EQ(d.outcome(), "succeeded [\"s1\",\"o1\",\"s2\",\"o2\"]");
}

TEST(Signals, AnExceptionInAListenerFailsTheExecutionAfterItsCompensations) {
  auto body = []() -> Future<void> {
    Saga saga;
    saga.undo(Undo, std::string("paid"));
    auto listening = S.on([](std::string text) {
      if (text == "bad") throw Error("Refused", text);
    });
    co_await Go.expect();
    saga.keep();
  };
  Driver d(body);
  d.signal("S", "good").signal("S", "bad");
  EXPECT_EQ(d.calls(), Calls{"Undo(\"paid\")#0"});
  EXPECT_EQ(d.outcome(), "open");
  d.cancel();
  EXPECT_FALSE(d.used());
  EXPECT_EQ(d.ok(0).outcome(), "failed Refused: bad");
}

TEST(Signals, AnExceptionInAListenerOfTheBacklogFailsTheExecutionToo) {
  Driver d([]() -> Future<void> {
    co_await Go.expect();
    auto listening = S.on([](std::string text) { throw Error("Refused", text); });
    co_await Go.expect();
  });
  d.signal("S", "1").signal("S", "2").signal("Go");
  EXPECT_EQ(d.outcome(), "failed Refused: 1");
}

TEST(Signals, AFailedCoroutineListenerIsLoggedAndTheExecutionGoesOn) {
  Driver d([]() -> Future<void> {
    auto listening = S.on([](std::string text) -> Future<void> {
      if (text == "at once") throw Error("Bad", text);
      (void)co_await A(text);
      throw Error("Bad", text);
    });
    co_await Go.expect();
  });
  d.signal("S", "at once").signal("S", "later").ok(0, "r");
  ASSERT_EQ(d.log().size(), 2U);
  EXPECT_NE(d.log()[0].find("Bad: at once"), std::string::npos);
  EXPECT_NE(d.log()[1].find("Bad: later"), std::string::npos);
  EXPECT_EQ(d.signal("Go").outcome(), "succeeded null");
}

TEST(Signals, APayloadThatDoesNotFitFailsWhoReadsIt) {
  auto expects = []() -> Future<std::string> { co_return co_await S.expect(); };
  EXPECT_TRUE(Driver(expects).signal("S", 5).outcome().starts_with("failed InvalidInput"));
}

TEST(Signals, AnExpectationThatNobodyWaitsForAnyMoreTakesNoSignal) {
  Driver d([]() -> Future<std::string> {
    (void)co_await race(S.expect(), sleep_for(Duration(10)));  // the timer wins
    co_await sleep_for(Duration(10));                          // the signal arrives here
    co_return co_await S.expect();
  });
  d.timer(0);
  EXPECT_TRUE(d.executor().waiting().empty());
  d.signal("S", "kept");
  EXPECT_EQ(d.executor().unread_signals(), 1U);
  EXPECT_EQ(d.timer(1).outcome(), "succeeded \"kept\"");
}

// 118
TEST(Signals, ASendIsACallAndCompletesWhenTheReceiverHasCommittedIt) {
  Driver d([]() -> Future<std::string> {
    co_await S.send(ExecutionId{"w/other", 0}, "one");
    auto second = S.send(ExecutionId{"w/other", 0}, "two", {.id = "my-id"});
    co_await Go.send(ExecutionId{"w/third", 0});
    Result<void> refused = co_await settle(second);
    co_return refused.error().name();
  });
  EXPECT_EQ(d.calls(), Calls{"send S(\"one\")->w/other#0"});
  EXPECT_EQ(std::get<model::SignalSent>(d.call(0, 0)).message_id, "~seed-1-0");
  d.delivered(0);
  EXPECT_EQ(d.calls(), (Calls{"send S(\"two\")->w/other#1", "send Go(null)->w/third#2"}));
  EXPECT_EQ(std::get<model::SignalSent>(d.call(1, 0)).message_id, "my-id");
  d.refused(1, "NotFound").delivered(2);
  EXPECT_EQ(d.outcome(), "succeeded \"NotFound\"");
}

// 120
TEST(Signals, ASignalInTheSameBatchAsTheStartFindsTheFirstExpectation) {
  TestService test;
  test.service.workflow("w", expecting);
  workflow::Executor executor(test.service.declarations(),
                              *test.service.declarations().find_workflow("w"), {"w/one", 1, "seed"},
                              {});
  executor.begin_turn(k_start);
  executor.apply(model::ExecutionStarted{});
  executor.apply(Driver::received("S", "x"));
  executor.end_turn();
  EXPECT_EQ(outcome_of(executor), "succeeded \"x\"");
  EXPECT_EQ(executor.take_answered(), std::vector<std::uint32_t>{0});
}

// 124
TEST(Signals, LateSignalsOfAClosedExecutionChangeNothing) {
  Driver d(expecting);
  d.signal("S", "x").signal("S", "y");
  EXPECT_FALSE(d.used());
  EXPECT_EQ(d.outcome(), "succeeded \"x\"");
}

}  // namespace
}  // namespace eventual::test
