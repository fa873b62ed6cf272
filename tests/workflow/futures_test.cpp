// Futures as values: copies, drops, several awaits, order of resumption, depth.
#include <memory>

#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

TEST(Futures, ACopySharesTheResult) {
  Driver d([]() -> Future<std::string> {
    Future<std::string> one = A("x");
    Future<std::string> two = one;
    co_return co_await one + co_await two + co_await one;
  });
  EXPECT_EQ(d.calls(), Calls{"A(\"x\")#0"});
  EXPECT_EQ(d.ok(0, "r").outcome(), "succeeded \"rrr\"");
}

TEST(Futures, DroppingOneCancelsNothing) {
  Driver d([]() -> Future<void> {
    (void)A("dropped");
    {
      auto scoped = B("scoped");
    }
    detach(C("detached"));
    co_await sleep_for(Duration(10));
  });
  EXPECT_EQ(d.calls(),
            (Calls{"A(\"dropped\")#0", "B(\"scoped\")#1", "C(\"detached\")#2", "timer(+10)#3"}));
  d.ok(0, "r");
  EXPECT_TRUE(d.used());
  EXPECT_EQ(d.timer(3).outcome(), "succeeded null");
}

TEST(Futures, FailureThatNobodyAwaitsIsLogged) {
  Driver d([]() -> Future<void> {
    auto at_once = []() -> Future<void> {
      throw Error("AtOnce", "1");
      co_return;
    };
    auto later = []() -> Future<void> {
      co_await A("x");
      throw Error("Later", "2");
    };
    detach(at_once());
    detach(later());
    detach(B("task"));
    co_await sleep_for(Duration(10));
  });
  ASSERT_EQ(d.log().size(), 1U);
  EXPECT_NE(d.log()[0].find("AtOnce: 1"), std::string::npos) << d.log()[0];
  d.ok(0, "r");
  ASSERT_EQ(d.log().size(), 2U);
  EXPECT_NE(d.log()[1].find("Later: 2"), std::string::npos) << d.log()[1];
  d.fail(1, "Declined");
  ASSERT_EQ(d.log().size(), 3U);
  EXPECT_NE(d.log()[2].find("Declined"), std::string::npos) << d.log()[2];
  EXPECT_EQ(d.outcome(), "open");
}

TEST(Futures, FailureThatSomebodyHandlesIsNotLogged) {
  Driver d([]() -> Future<void> {
    Result<std::string> first = co_await settle(A("x"));
    auto second = B("y");
    co_await sleep_for(Duration(10));
    Result<std::string> read = co_await settle(second);
    (void)first, (void)read;
  });
  d.fail(0, "One").fail(1, "Two").timer(2);
  EXPECT_EQ(d.outcome(), "succeeded null");
  EXPECT_TRUE(d.log().empty()) << d.log()[0];
}

TEST(Futures, TwoCoroutinesMayAwaitOne) {
  Driver d([]() -> Future<std::string> {
    Future<std::string> shared = A("x");
    auto reader = [](Future<std::string> future, std::string name) -> Future<std::string> {
      co_return name + co_await future;
    };
    auto one = reader(shared, "1");
    auto two = reader(shared, "2");
    auto [a, b] = co_await all(std::move(one), std::move(two));
    co_return a + b;
  });
  EXPECT_EQ(d.ok(0, "r").outcome(), "succeeded \"1r2r\"");
}

TEST(Futures, AFailedOneFailsEachAwait) {
  Driver d([]() -> Future<int> {
    Future<std::string> future = A("x");
    int failures = 0;
    for (int i = 0; i < 3; ++i) {
      try {
        (void)co_await future;
      } catch (const Error&) {
        ++failures;
      }
    }
    co_return failures;
  });
  EXPECT_EQ(d.fail(0, "Bad").outcome(), "succeeded 3");
}

TEST(Futures, WaitersAreResumedInTheOrderInWhichTheyAwaited) {
  Driver d([]() -> Future<std::vector<std::string>> {
    std::vector<std::string> order;
    Future<std::string> shared = A("x");
    auto waiter = [](Future<std::string> future, std::vector<std::string>* out,
                     std::string name) -> Future<void> {
      (void)co_await future;
      out->push_back(name);
      (void)co_await B(name);
      out->push_back(name + "!");
    };
    auto futures = std::vector<Future<void>>{};
    for (const char* name : {"c", "a", "b"}) futures.push_back(waiter(shared, &order, name));
    co_await all(futures);
    co_return order;
  });
  d.calls();
  d.ok(0, "r");
  EXPECT_EQ(d.calls(), (Calls{"B(\"c\")#1", "B(\"a\")#2", "B(\"b\")#3"}));
  d.feed({Driver::task_ok(3, "r"), Driver::task_ok(1, "r"), Driver::task_ok(2, "r")});
  EXPECT_EQ(d.outcome(), "succeeded [\"c\",\"a\",\"b\",\"b!\",\"c!\",\"a!\"]");
}

TEST(Futures, EventsOfOneTurnAreAppliedOneAtATime) {
  // What the first event makes runnable runs before the second is applied.
  Driver d([]() -> Future<std::vector<std::string>> {
    std::vector<std::string> seen;
    auto listening = S.on([&seen](std::string text) { seen.push_back(text); });
    (void)co_await A("x");
    seen.push_back("resumed");
    co_await Go.expect();
    co_return seen;
  });
  d.feed({Driver::received("S", "before"), Driver::task_ok(0, "r"), Driver::received("S", "after"),
          Driver::received("Go")});
  EXPECT_EQ(d.outcome(), "succeeded [\"before\",\"resumed\",\"after\"]");
}

TEST(Futures, ReadyAndGetDoNotBlock) {
  Driver d([]() -> Future<std::string> {
    Future<std::string> future = A("x");
    std::string text = future.ready() ? "ready " : "pending ";
    try {
      text += future.get();
    } catch (const Error& error) {
      text += error.name() + " ";
    }
    (void)co_await future;
    text += future.ready() ? "ready " : "pending ";
    co_return text + future.get();
  });
  EXPECT_EQ(d.ok(0, "r").outcome(), "succeeded \"pending NotAllowed ready r\"");
}

struct Immovable {
  std::unique_ptr<int> value;
};

Future<std::unique_ptr<int>> make_at_once(int value) { co_return std::make_unique<int>(value); }
Future<std::unique_ptr<int>> make_later(int value) {
  (void)co_await A("x");
  co_return std::make_unique<int>(value);
}

TEST(Futures, AResultThatOnlyMovesReachesItsOneReader) {
  Driver d([]() -> Future<int> {
    std::unique_ptr<int> at_once = co_await make_at_once(1);
    std::unique_ptr<int> later = co_await make_later(10);
    auto [a, b] = co_await all(make_at_once(100), make_at_once(1000));
    std::unique_ptr<int> any_one = co_await any(make_at_once(10'000), make_later(1));
    Result<std::unique_ptr<int>> settled = co_await settle(make_at_once(100'000));
    co_return *at_once + *later + *a + *b + *any_one + *settled.value();
  });
  d.ok(0, "r");
  EXPECT_EQ(d.outcome(), "succeeded 111111");
}

TEST(Futures, AResultThatOnlyMovesIsNotAwaitedTwice) {
  Driver d([]() -> Future<std::string> {
    Future<std::unique_ptr<int>> future = make_at_once(1);
    try {
      (void)co_await future;
      (void)co_await future;
    } catch (const Error& error) {
      co_return error.name();
    }
    co_return "none";
  });
  EXPECT_EQ(d.outcome(), "succeeded \"NotAllowed\"");
}

Future<int> nested(int levels) {
  if (levels == 0) co_return (co_await A("bottom")).empty() ? 0 : 1;
  co_return 1 + co_await nested(levels - 1);
}

TEST(Futures, HelpersMayNestDeep) {
  Driver d([]() -> Future<int> { co_return co_await nested(2000); });
  EXPECT_EQ(d.ok(0, "r").outcome(), "succeeded 2001");
}

TEST(Futures, ALongChainOfFuturesIsReleasedWithoutRecursion) {
  Driver d([]() -> Future<int> {
    auto next = [](Future<int> previous) -> Future<int> { co_return 1 + co_await previous; };
    auto first = []() -> Future<int> {
      (void)co_await A("x");
      co_return 0;
    };
    Future<int> chain = first();
    for (int i = 0; i < 50'000; ++i) chain = next(std::move(chain));
    co_return co_await std::move(chain);
  });
  EXPECT_EQ(d.ok(0, "r").outcome(), "succeeded 50000");
}

TEST(Futures, ALongChainIsGivenUpWithoutRecursion) {
  Driver d([]() -> Future<int> {
    auto next = [](Future<int> previous) -> Future<int> { co_return 1 + co_await previous; };
    auto first = []() -> Future<int> {
      (void)co_await A("x");
      co_return 0;
    };
    Future<int> chain = first();
    for (int i = 0; i < 50'000; ++i) chain = next(std::move(chain));
    co_return co_await std::move(chain);
  });
  EXPECT_EQ(d.outcome(), "open");
}

TEST(Futures, AwaitingWhatIsReadyALotDoesNotGrowTheStack) {
  Driver d([]() -> Future<int> {
    auto ready = [](int value) -> Future<int> { co_return value; };
    int sum = 0;
    for (int i = 0; i < 200'000; ++i) sum += co_await ready(1);
    co_return sum;
  });
  EXPECT_EQ(d.outcome(), "succeeded 200000");
}

TEST(Futures, OperationsOutsideAWorkflowAreRefused) {  // 266
  const auto name_of = [](auto operation) -> std::string {
    try {
      operation();
    } catch (const Error& error) {
      return error.name();
    }
    return "none";
  };
  EXPECT_EQ(name_of([] { (void)A("x"); }), "NotAllowed");
  EXPECT_EQ(name_of([] { (void)W("x"); }), "NotAllowed");
  EXPECT_EQ(name_of([] { (void)S.expect(); }), "NotAllowed");
  EXPECT_EQ(name_of([] { (void)S.on([](std::string) {}); }), "NotAllowed");
  EXPECT_EQ(name_of([] { (void)condition([] { return true; }); }), "NotAllowed");
  EXPECT_EQ(name_of([] { (void)sleep_for(Duration(1)); }), "NotAllowed");
  EXPECT_EQ(name_of([] { (void)nested(0); }), "NotAllowed");
  EXPECT_EQ(name_of([] { Saga saga; }), "NotAllowed");
}

}  // namespace
}  // namespace eventual::test
