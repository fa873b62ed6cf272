// Progress of one execution: calls in program order, answers in any order. Behaviours 1 to 21, 40
// to 48, 86 to 88.
#include <stdexcept>

#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

struct Numbers {
  std::string first;
  std::string second;
};

/// The reference workflow W1.
Future<std::vector<std::string>> reference_body(std::string input) {
  std::string a = co_await A(input);
  detach(B(input));
  auto [slept, c] = co_await all(sleep_for(Duration(1000)), C(input));
  co_return std::vector<std::string>{a, c};
}
Future<std::vector<std::string>> reference(std::string input) {
  Result<std::vector<std::string>> done = co_await settle(reference_body(input));
  if (done) co_return *done;
  co_await H(done.error().name());
  co_return std::vector<std::string>{};
}

// 1
TEST(Progress, AStartMakesTheFirstCall) {
  Driver d(reference, "in");
  EXPECT_EQ(d.calls(), Calls{"A(\"in\")#0"});
  EXPECT_EQ(d.outcome(), "open");
}

// 2, 16
TEST(Progress, AnAnswerLeadsToTheNextCallsAlsoThoseThatNobodyAwaits) {
  Driver d(reference, "in");
  d.calls();
  d.ok(0, "r");
  EXPECT_EQ(d.calls(), (Calls{"B(\"in\")#1", "timer(+1000)#2", "C(\"in\")#3"}));
  EXPECT_EQ(d.outcome(), "open");
}

// 3, 6, 7, 17
TEST(Progress, ItEndsWhenAllThatIsAwaitedIsAnsweredInAnyOrder) {
  Driver d(reference, "in");
  d.ok(0, "r").ok(1, "ignored");
  d.calls();
  d.timer(2);
  EXPECT_EQ(d.outcome(), "open");
  d.ok(3, "r2");
  EXPECT_EQ(d.outcome(), "succeeded [\"r\",\"r2\"]");
  EXPECT_TRUE(d.calls().empty());

  Driver e(reference, "in");
  e.ok(0, "r").ok(3, "r2").timer(2);  // B never answers
  EXPECT_EQ(e.outcome(), "succeeded [\"r\",\"r2\"]");
}

// 15, 16
TEST(Progress, SeveralEventsInOneTurnGiveWhatSeparateTurnsGive) {
  Driver d(reference, "in");
  d.feed({Driver::task_ok(0, "r"), model::TimerFired{2}, Driver::task_ok(3, "r2")});
  EXPECT_EQ(d.outcome(), "succeeded [\"r\",\"r2\"]");
  EXPECT_EQ(d.calls().size(), 4U);
}

TEST(Progress, AFailedCallIsHandledByTheCode) {
  Driver d(reference, "in");
  d.fail(0, "Declined");
  EXPECT_EQ(d.calls(), (Calls{"A(\"in\")#0", "H(\"Declined\")#1"}));
  d.ok(1, "handled");
  EXPECT_EQ(d.outcome(), "succeeded []");
}

// 21, 27, 29
TEST(Progress, OnlyTheFirstAnswerOfACallCounts) {
  Driver d(reference, "in");
  d.ok(0, "r");
  EXPECT_TRUE(d.used());
  d.calls();
  d.ok(0, "again");
  EXPECT_FALSE(d.used());
  d.fail(0, "Late");
  EXPECT_FALSE(d.used());
  EXPECT_TRUE(d.calls().empty());
  d.timer(2).ok(3, "r2");
  EXPECT_EQ(d.outcome(), "succeeded [\"r\",\"r2\"]");
}

TEST(Progress, AnAnswerToACallThatWasNeverMadeIsIgnored) {
  Driver d(reference, "in");
  d.ok(7, "r").timer(9).timed_out(3).delivered(4).child_ok(5, "x");
  EXPECT_FALSE(d.used());
  EXPECT_EQ(d.outcome(), "open");
}

// 8, 9, 10, 11
TEST(Progress, AWorkflowMayEndAtOnceOrThroughHelpers) {
  EXPECT_EQ(Driver([]() -> Future<int> { co_return 42; }).outcome(), "succeeded 42");
  EXPECT_EQ(Driver([]() -> Future<int> { co_return 0; }).outcome(), "succeeded 0");
  EXPECT_EQ(Driver([]() -> Future<bool> { co_return false; }).outcome(), "succeeded false");
  EXPECT_EQ(Driver([]() -> Future<std::string> { co_return ""; }).outcome(), "succeeded \"\"");
  EXPECT_EQ(Driver([]() -> Future<void> { co_return; }).outcome(), "succeeded null");
  EXPECT_EQ(Driver([]() -> Future<std::optional<int>> { co_return std::nullopt; }).outcome(),
            "succeeded null");
  EXPECT_EQ(Driver([]() -> Future<Numbers> { co_return Numbers{"a", "b"}; }).outcome(),
            "succeeded {\"first\":\"a\",\"second\":\"b\"}");
  Driver plain([](std::string in) -> Future<std::string> { return A(in); }, "x");  // no coroutine
  EXPECT_EQ(plain.ok(0, "done").outcome(), "succeeded \"done\"");
  Driver helper(
      [](std::string in) -> Future<std::string> {
        auto forward = [](std::string text) { return A(text); };
        co_return co_await forward(in);
      },
      "x");
  EXPECT_EQ(helper.ok(0, "done").outcome(), "succeeded \"done\"");
}

Future<std::string> hundred(std::string input) {
  for (int i = 0; i < 100; ++i) (void)co_await A(input);
  co_return "done";
}

// 12, 15
TEST(Progress, AHundredSequentialAwaitsRunOneByOne) {
  Driver d(hundred, "in");
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_EQ(d.calls(), Calls{"A(\"in\")#" + std::to_string(i)});
    d.ok(i, "r");
  }
  EXPECT_EQ(d.outcome(), "succeeded \"done\"");
}

// 13
TEST(Progress, CallsMadeTogetherMayBeAwaitedOneByOne) {
  Driver d(
      [](std::string in) -> Future<std::string> {
        std::vector<Future<std::string>> futures;
        for (int i = 0; i < 100; ++i) futures.push_back(A(in));
        for (auto& future : futures) (void)co_await future;
        co_return "done";
      },
      "in");
  EXPECT_EQ(d.calls().size(), 100U);
  for (std::uint32_t i = 100; i-- > 0;) d.ok(i, "r");
  EXPECT_EQ(d.outcome(), "succeeded \"done\"");
}

// 19
TEST(ProgressDeathTest, AnExecutionStartsOnce) {
  Driver d(reference, "in");
  d.skip_replay();
  EXPECT_DEATH(d.feed({model::ExecutionStarted{}}), "starts once");
}

// 20
TEST(Progress, NothingRunsBeforeTheStart) {
  TestService test;
  test.service.workflow("w", reference);
  workflow::Executor executor(test.service.declarations(),
                              *test.service.declarations().find_workflow("w"), {"w/one", 1, "seed"},
                              {});
  executor.begin_turn(k_start);
  EXPECT_FALSE(executor.apply(Driver::task_ok(0, "r")));
  EXPECT_FALSE(executor.apply(model::CancelRequested{}));
  executor.end_turn();
  EXPECT_TRUE(executor.take_calls().empty());
  EXPECT_FALSE(executor.done());
}

TEST(Progress, AnInputThatDoesNotFitFailsTheExecution) {
  Driver d([](int number) -> Future<int> { co_return number; }, "text");
  EXPECT_TRUE(d.outcome().starts_with("failed InvalidInput: ")) << d.outcome();
}

TEST(Progress, AnInputOfAnOlderFormGetsDefaults) {
  Driver d([](Numbers in) -> Future<std::string> { co_return in.first + "/" + in.second; },
           std::map<std::string, std::string>{{"first", "a"}});
  EXPECT_EQ(d.outcome(), "succeeded \"a/\"");
}

TEST(Progress, AResultOfAnotherTypeThanTheCallExpectsFailsItsAwait) {
  Driver d([]() -> Future<std::string> {
    Result<std::string> result = co_await settle(A("x"));
    co_return result.error().name();
  });
  EXPECT_EQ(d.ok(0, 5).outcome(), "succeeded \"InvalidInput\"");
}

// 40
TEST(Progress, AnExceptionFailsTheExecutionWithItsNameAndMessage) {
  EXPECT_EQ(Driver([]() -> Future<int> {
              throw Error("OrderCancelled", "o-1");
              co_return 1;
            }).outcome(),
            "failed OrderCancelled: o-1");
  EXPECT_EQ(Driver([]() -> Future<int> {
              throw std::out_of_range("far");
              co_return 1;
            }).outcome(),
            "failed std::out_of_range: far");
  EXPECT_EQ(Driver([]() -> Future<int> {
              throw 5;
              co_return 1;
            }).outcome(),
            "failed Error: an exception of type int was thrown");
}

struct PaymentDeclined : std::runtime_error {
  using std::runtime_error::runtime_error;
  int code = 7;
};

Future<void> deep(int levels) {
  if (levels == 0) {
    co_await A("x");
    throw PaymentDeclined("no money");
  }
  co_await deep(levels - 1);
}

TEST(Progress, AnExceptionKeepsItsTypeThroughHelpers) {
  Driver d([]() -> Future<int> {
    try {
      co_await deep(20);
    } catch (const PaymentDeclined& declined) {
      co_return declined.code;
    }
    co_return 0;
  });
  EXPECT_EQ(d.ok(0, "r").outcome(), "succeeded 7");
}

TEST(Progress, AnErrorOfATaskKeepsItsClass) {
  auto body = []() -> Future<std::string> {
    try {
      co_await A("x");
    } catch (const Timeout&) {
      co_return "timeout";
    } catch (const Error& error) {
      co_return error.name() + error.message() + error.details_json();
    }
    co_return "none";
  };
  EXPECT_EQ(Driver(body).fail(0, "Timeout").outcome(), "succeeded \"timeout\"");           // 63, 69
  EXPECT_EQ(Driver(body).fail(0, "Declined").outcome(), "succeeded \"Declinedmessage\"");  // 70
}

// 44 to 46, closed is closed
TEST(Progress, AFailureEndsPendingHelpers) {
  Driver d([]() -> Future<void> {
    co_await A("first");
    auto helper = []() -> Future<void> {
      for (int i = 0; i < 4; ++i) co_await A("more");
    };
    detach(helper());
    throw Error("Bad", "end");
  });
  d.calls();
  d.ok(0, "r");
  EXPECT_EQ(d.calls(), Calls{"A(\"more\")#1"});
  EXPECT_EQ(d.outcome(), "failed Bad: end");
  d.ok(1, "late");
  EXPECT_FALSE(d.used());
  EXPECT_TRUE(d.calls().empty());
}

// 86, 87
TEST(Progress, CatchAndFinallyAreWrittenWithSettle) {
  Driver d([]() -> Future<void> {
    auto attempt = []() -> Future<void> {
      throw Error("Bad", "");
      co_return;
    };
    if (!co_await settle(attempt())) co_await K("caught");
    co_await L("finally");
  });
  EXPECT_EQ(d.calls(), Calls{"K(\"caught\")#0"});
  d.ok(0, "k");
  EXPECT_EQ(d.calls(), Calls{"L(\"finally\")#1"});
  EXPECT_EQ(d.ok(1, "l").outcome(), "succeeded null");
}

// 88
TEST(Progress, AMapWithAnInnerThrowIsCaughtOutside) {
  Driver d([]() -> Future<std::string> {
    std::vector<std::string> items{"a", "b"};
    auto each = [](std::string item) -> Future<std::string> {
      std::string done = co_await P(item);
      if (item == "b") throw Error("Bad", item);
      co_return done;
    };
    Result<std::vector<std::string>> all_done = co_await settle(map(items, each));
    std::string result = "all";
    if (!all_done) {
      co_await K(all_done.error().message());
      result = "c";
    }
    co_await L(result);
    result = "f";
    co_return result;
  });
  EXPECT_EQ(d.calls(), (Calls{"P(\"a\")#0", "P(\"b\")#1"}));
  d.ok(0, "1").ok(1, "2");
  EXPECT_EQ(d.calls(), Calls{"K(\"b\")#2"});
  d.ok(2, "k");
  EXPECT_EQ(d.calls(), Calls{"L(\"c\")#3"});
  EXPECT_EQ(d.ok(3, "l").outcome(), "succeeded \"f\"");
}

TEST(Progress, CallOptionsAreRecordedWithTheCall) {
  Driver d([]() -> Future<void> {
    co_await A(
        "x",
        {.timeout = Duration(5), .deadline = Duration(9), .retry = RetryPolicy{.max_attempts = 3}});
  });
  const auto& scheduled = std::get<model::TaskScheduled>(d.call(0, 0));
  EXPECT_EQ(scheduled.timeout, Duration(5));
  EXPECT_EQ(scheduled.deadline, Duration(9));
  EXPECT_EQ(scheduled.retry.value().max_attempts, 3U);
}

TEST(Progress, AnEvictedExecutionGoesOnFromItsHistory) {
  Driver d(reference, "in");
  d.evict().ok(0, "r").evict();
  d.timer(2).evict();
  EXPECT_EQ(d.ok(3, "r2").outcome(), "succeeded [\"r\",\"r2\"]");
}

TEST(Progress, AHundredThousandStepsCostAsMuchEachAsTheFirst) {
  Driver d([]() -> Future<int> {
    int sum = 0;
    for (int i = 0; i < 100'000; ++i) sum += (co_await A("x")).empty() ? 0 : 1;
    co_return sum;
  });
  for (std::uint32_t i = 0; i < 100'000; ++i) d.ok(i, "r");
  EXPECT_EQ(d.outcome(), "succeeded 100000");
}

}  // namespace
}  // namespace eventual::test
