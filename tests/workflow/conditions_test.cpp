// Conditions and time. Behaviours 57 to 62 and 125 to 133.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

// 125
TEST(Conditions, OneThatHoldsAlreadyIsNoCallAndDoesNotWait) {
  Driver d([]() -> Future<bool> {
    co_return co_await condition([] { return true; }, {.timeout = Duration(5)});
  });
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.outcome(), "succeeded true");
}

// 126
TEST(Conditions, OneWithoutTimeoutIsNoCall) {
  Driver d([]() -> Future<bool> { co_return co_await condition([] { return false; }); });
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.outcome(), "open");
  ASSERT_EQ(d.executor().waiting().size(), 1U);
  EXPECT_EQ(d.executor().waiting()[0].kind, workflow::Waiting::Kind::condition);
}

Future<std::string> flagged() {
  bool yes = false;
  auto listening = S.on([&yes](std::string text) { yes = text == "yes"; });
  co_return co_await condition([&yes] { return yes; }, {.timeout = Duration(5)}) ? "done"
                                                                                 : "timed out";
}

// 127 to 129, 131
TEST(Conditions, ASignalOrTheTimeoutEndsTheWaitWhicheverIsFirst) {
  Driver d(flagged);
  EXPECT_EQ(d.calls(), Calls{"condition(+5)#0"});
  for (int i = 0; i < 4; ++i) d.signal("S", "no");
  EXPECT_EQ(d.outcome(), "open");
  d.signal("S", "yes");
  EXPECT_EQ(d.outcome(), "succeeded \"done\"");
  EXPECT_EQ(d.answered(), std::vector<std::uint32_t>{0});
  EXPECT_EQ(Driver(flagged).timed_out(0).outcome(), "succeeded \"timed out\"");
  EXPECT_EQ(Driver(flagged).timed_out(0).signal("S", "yes").outcome(), "succeeded \"timed out\"");
  EXPECT_EQ(Driver(flagged).signal("S", "yes").timed_out(0).outcome(), "succeeded \"done\"");
}

// 48
TEST(Conditions, AnUnrelatedAnswerDoesNotEndTheWait) {
  Driver d([]() -> Future<void> {
    detach(A("x"));
    co_await condition([] { return false; });
  });
  EXPECT_EQ(d.ok(0, "r").outcome(), "open");
}

TEST(Conditions, AreEvaluatedUntilNothingChanges) {
  // Each resumed coroutine makes the next condition true, against the order in which they were
  // made.
  Driver d([]() -> Future<std::string> {
    int stage = 0;
    std::string order;
    auto waiter = [](int* state, int wanted, std::string* out) -> Future<void> {
      co_await condition([state, wanted] { return *state == wanted; });
      out->push_back(static_cast<char>('0' + wanted));
      ++*state;
    };
    std::vector<Future<void>> waiters;
    for (int wanted = 5; wanted > 0; --wanted) waiters.push_back(waiter(&stage, wanted, &order));
    auto listening = S.on([&stage](std::string) { stage = 1; });
    co_await all(waiters);
    co_return order;
  });
  EXPECT_EQ(d.signal("S", "go").outcome(), "succeeded \"12345\"");
}

TEST(Conditions, AChangeByResumedCodeCountsAtOnce) {
  Driver d([]() -> Future<std::string> {
    bool ready = false;
    auto setter = [](bool* flag) -> Future<void> {
      (void)co_await A("x");
      *flag = true;
    };
    auto setting = setter(&ready);
    co_await condition([&ready] { return ready; });
    co_return "seen";
  });
  EXPECT_EQ(d.ok(0, "r").outcome(), "succeeded \"seen\"");
}

// 133, ours: it fails its await
TEST(Conditions, APredicateThatThrowsFailsItsAwait) {
  Driver d([]() -> Future<std::string> {
    bool bad = false;
    auto listening = S.on([&bad](std::string) { bad = true; });
    Result<bool> first = co_await settle(condition([]() -> bool { throw Error("Never", ""); }));
    try {
      co_await condition(
          [&bad]() -> bool {
            if (bad) throw Error("Broken", "predicate");
            return false;
          },
          {.timeout = Duration(5)});
    } catch (const Error& error) {
      co_return first.error().name() + error.name();
    }
    co_return "none";
  });
  d.signal("S", "x");
  EXPECT_EQ(d.outcome(), "succeeded \"NeverBroken\"");
  EXPECT_EQ(d.answered(), std::vector<std::uint32_t>{0});
}

// 47
TEST(Conditions, ATimeoutMayFailTheExecution) {
  Driver d([]() -> Future<void> {
    auto one = S.on([](std::string) {});
    auto two = O.on([](std::string) {});
    co_await Go.send(ExecutionId{"w/parent", 0});
    if (!co_await condition([] { return false; }, {.timeout = Duration(10'000)}))
      throw Error("TimedOut", "timed out!");
  });
  d.delivered(0);
  EXPECT_EQ(d.calls(), (Calls{"send Go(null)->w/parent#0", "condition(+10000)#1"}));
  EXPECT_EQ(d.timed_out(1).outcome(), "failed TimedOut: timed out!");
}

// 57, 58
TEST(Time, ASleepIsATimerWithItsDueTime) {
  Driver d([]() -> Future<void> {
    co_await sleep_for(std::chrono::seconds(10));
    co_await sleep_until(k_start + std::chrono::hours(24));
  });
  EXPECT_EQ(d.calls(), Calls{"timer(+10000)#0"});
  d.after(std::chrono::seconds(10)).timer(0);
  EXPECT_EQ(d.calls(), Calls{"timer(+86390000)#1"});
  EXPECT_EQ(d.timer(1).outcome(), "succeeded null");
}

TEST(Time, ASleepThatIsOverAlreadyIsNoCall) {
  Driver d([]() -> Future<void> {
    co_await sleep_for(Duration(0));
    co_await sleep_for(Duration(-5));
    co_await sleep_until(k_start - Duration(1));
    co_await sleep_until(now());
  });
  EXPECT_TRUE(d.calls().empty());
  EXPECT_EQ(d.outcome(), "succeeded null");
}

TEST(Time, ASleepForEverIsAllowed) {
  Driver d([]() -> Future<void> { co_await sleep_for(k_forever); });
  EXPECT_EQ(d.turns()[0].calls.size(), 1U);
  EXPECT_EQ(d.timer(0).outcome(), "succeeded null");
}

// 59
TEST(Time, OneTimerMayServeSeveral) {  // 65
  Driver d([]() -> Future<int> {
    Future<void> deadline = sleep_for(Duration(10));
    auto limited = [](Future<std::string> work, Future<void> limit) -> Future<bool> {
      co_return (co_await race(std::move(work), std::move(limit))).index() == 0;
    };
    auto a = limited(A("a"), deadline);
    auto b = limited(B("b"), deadline);
    auto [first, second] = co_await all(std::move(a), std::move(b));
    co_return (first ? 1 : 0) + (second ? 2 : 0);
  });
  EXPECT_EQ(d.calls(), (Calls{"timer(+10)#0", "A(\"a\")#1", "B(\"b\")#2"}));
  EXPECT_EQ(d.ok(2, "b").timer(0).outcome(), "succeeded 2");
}

// 61, 62
TEST(Time, StandsStillWithinATurnAndIsTheSameOnReplay) {
  Driver d([]() -> Future<std::vector<Timestamp>> {
    std::vector<Timestamp> times{now()};
    (void)co_await A("x");
    times.push_back(now());
    times.push_back(now());
    (void)co_await B("x");
    times.push_back(now());
    co_return times;
  });
  d.after(Duration(1500)).ok(0, "r").after(Duration(500)).evict().ok(1, "r");
  EXPECT_EQ(
      d.outcome(),
      R"(succeeded ["2026-01-01T00:00:00.000Z","2026-01-01T00:00:01.500Z","2026-01-01T00:00:01.500Z",)"
      R"("2026-01-01T00:00:02.000Z"])");
}

TEST(Time, RandomNumbersAndIdsAreTheSameOnReplayAndDifferByExecution) {
  auto body = []() -> Future<void> {
    (void)co_await A(new_id());
    (void)co_await B(std::to_string(random_u64()) + " " + std::to_string(random_double() < 1.0));
    (void)co_await C(new_id());
  };
  Driver d(body);
  d.ok(0, "r").evict().ok(1, "r").ok(2, "r");
  Calls calls = d.calls();
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_NE(calls[0].substr(1, calls[0].size() - 3), calls[2].substr(1, calls[2].size() - 3));

  TestService test;
  test.service.workflow("w", body);
  workflow::Executor other(test.service.declarations(),
                           *test.service.declarations().find_workflow("w"), {"w/two", 1, "seed-2"},
                           {});
  other.begin_turn(k_start);
  other.apply(model::ExecutionStarted{});
  other.end_turn();
  EXPECT_NE(describe_calls(other.take_calls(), k_start)[0], calls[0]);
}

TEST(Time, AnExecutionKnowsItself) {
  Driver d([]() -> Future<std::string> {
    const ExecutionId self = this_execution();
    co_return self.id + "#" + std::to_string(self.run);
  });
  EXPECT_EQ(d.outcome(), "succeeded \"w/one#1\"");
}

TEST(Time, TheLogIsSilentOnReplay) {  // 263; the driver checks the replay
  Driver d([]() -> Future<void> {
    log_levels::info("before");
    (void)co_await A("x");
    log(LogLevel::warn, "after");
  });
  d.evict();
  d.ok(0, "r");
  EXPECT_EQ(d.log(), (std::vector<std::string>{"before", "after"}));
}

}  // namespace
}  // namespace eventual::test
