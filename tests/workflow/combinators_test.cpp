// all, any, race, settle, all_settled, map. Behaviours 74 to 84.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

Future<int> constant(int value) { co_return value; }
Future<int> broken(std::string name) {
  throw Error(name, "");
  co_return 0;
}
using Texts = std::vector<std::string>;

// 74, 84
TEST(Combinators, TakeWhatIsReadyAtOnce) {
  EXPECT_EQ(Driver([]() -> Future<std::vector<int>> {
              auto [a, b] = co_await all(constant(1), constant(2));
              co_return std::vector<int>{a, b};
            }).outcome(),
            "succeeded [1,2]");
  EXPECT_EQ(
      Driver([]() -> Future<int> { co_return co_await any(constant(1), constant(2)); }).outcome(),
      "succeeded 1");
  EXPECT_EQ(
      Driver([]() -> Future<int> { co_return co_await race(constant(1), constant(2)); }).outcome(),
      "succeeded 1");
  EXPECT_EQ(
      Driver([]() -> Future<int> { co_return co_await any(broken("X"), constant(2)); }).outcome(),
      "succeeded 2");
  EXPECT_EQ(
      Driver([]() -> Future<int> { co_return co_await race(broken("X"), constant(2)); }).outcome(),
      "failed X: ");
}

// 75, 82
TEST(Combinators, AllGivesResultsInArgumentOrder) {
  Driver d([]() -> Future<std::string> {
    auto [a, b] = co_await all(A("1"), B("2"));
    co_return a + b;
  });
  EXPECT_EQ(d.calls(), (Calls{"A(\"1\")#0", "B(\"2\")#1"}));
  d.ok(1, "b");
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_EQ(d.ok(0, "a").outcome(), "succeeded \"ab\"");
}

TEST(Combinators, AllFailsWithTheFirstFailureAndTheOthersGoOn) {
  Driver d([]() -> Future<std::string> {
    auto slow = A("1");
    Result<std::tuple<std::string, std::string>> both = co_await settle(all(slow, B("2")));
    co_return both.error().name() + co_await slow;
  });
  d.fail(1, "Bad");
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_EQ(d.ok(0, "a").outcome(), "succeeded \"Bada\"");
}

TEST(Combinators, WorkWithVoidAndWithEmptyVectors) {
  Driver d([]() -> Future<int> {
    auto [nothing, text] = co_await all(sleep_for(Duration(5)), A("x"));
    static_assert(std::is_same_v<decltype(nothing), std::monostate>);
    std::vector<Future<void>> sleeps;
    sleeps.push_back(sleep_for(Duration(1)));
    sleeps.push_back(sleep_for(Duration(2)));
    co_await all(sleeps);
    co_await all(std::vector<Future<void>>{});
    const std::vector<int> none = co_await all(std::vector<Future<int>>{});
    const std::vector<Result<int>> no_results = co_await all_settled(std::vector<Future<int>>{});
    const std::vector<Result<void>> results = co_await all_settled(sleeps);
    co_await any(sleeps);
    co_await race(sleep_for(Duration(0)), sleep_for(Duration(0)));
    co_return static_cast<int>(none.size() + no_results.size() + results.size());
  });
  d.timer(0).ok(1, "a").timer(3).timer(2);
  EXPECT_EQ(d.outcome(), "succeeded 2");
}

TEST(Combinators, AnyAndRaceOfNothingFailInsteadOfWaitingForEver) {
  EXPECT_TRUE(Driver([]() -> Future<int> { co_return co_await any(std::vector<Future<int>>{}); })
                  .outcome()
                  .starts_with("failed AllFailed"));
  EXPECT_TRUE(Driver([]() -> Future<int> { co_return co_await race(std::vector<Future<int>>{}); })
                  .outcome()
                  .starts_with("failed AllFailed"));
}

// 76, 88
TEST(Combinators, MapCallsForEachItemAtOnceAndKeepsTheirOrder) {
  auto body = [](Texts items) -> Future<Texts> {
    co_return co_await map(
        items, [](std::string item) -> Future<std::string> { co_return co_await P(item) + "!"; });
  };
  Driver d(body, Texts{"a", "b"});
  EXPECT_EQ(d.calls(), (Calls{"P(\"a\")#0", "P(\"b\")#1"}));
  d.ok(1, "2").ok(0, "1");
  EXPECT_EQ(d.outcome(), "succeeded [\"1!\",\"2!\"]");
  EXPECT_EQ(Driver(body, Texts{}).outcome(), "succeeded []");
}

// 77
TEST(Combinators, CallsAreNumberedInTheOrderInWhichTheyAreWritten) {
  Driver d([]() -> Future<void> {
    Texts items{"a", "b"};
    std::vector<Future<std::string>> all_of_them;
    all_of_them.push_back(A("before"));
    for (const std::string& item : items) {
      all_of_them.push_back(
          [](std::string text) -> Future<std::string> { co_return co_await P(text); }(item));
    }
    all_of_them.push_back(A("after"));
    (void)co_await all(std::move(all_of_them));
  });
  EXPECT_EQ(d.calls(), (Calls{"A(\"before\")#0", "P(\"a\")#1", "P(\"b\")#2", "A(\"after\")#3"}));
}

// 78, 79
TEST(Combinators, AnyGivesTheFirstSuccess) {
  auto body = []() -> Future<std::string> { co_return co_await any(A("a"), B("b")); };
  EXPECT_EQ(Driver(body).feed({Driver::task_ok(1, "B"), Driver::task_ok(0, "A")}).outcome(),
            "succeeded \"B\"");
  EXPECT_EQ(Driver(body).ok(1, "B").outcome(), "succeeded \"B\"");
  EXPECT_EQ(Driver(body).fail(0, "X").ok(1, "B").outcome(), "succeeded \"B\"");
  EXPECT_EQ(Driver(body).fail(1, "X").ok(0, "A").outcome(), "succeeded \"A\"");
  EXPECT_EQ(Driver(body).ok(0, "A").fail(1, "X").outcome(), "succeeded \"A\"");
  EXPECT_EQ(Driver(body).fail(0, "X").outcome(), "open");
  EXPECT_EQ(Driver(body).fail(0, "X").fail(1, "Y").outcome(),
            "failed AllFailed: all 2 failed: X, Y");
}

// 80
TEST(Combinators, RaceGivesTheFirstToSettle) {
  auto body = []() -> Future<std::string> { co_return co_await race(A("a"), B("b")); };
  EXPECT_EQ(Driver(body).ok(1, "B").ok(0, "A").outcome(), "succeeded \"B\"");
  EXPECT_EQ(Driver(body).fail(0, "X").ok(1, "B").outcome(), "failed X: message");
  EXPECT_EQ(Driver(body).fail(1, "X").outcome(), "failed X: message");
}

TEST(Combinators, ARaceOfDifferentTypesTellsWhoWon) {
  auto body = []() -> Future<std::string> {
    std::variant<std::string, std::monostate> first =
        co_await race(A("x"), sleep_for(Duration(100)));
    co_return first.index() == 0 ? std::get<0>(first) : "too late";
  };
  EXPECT_EQ(Driver(body).ok(0, "r").outcome(), "succeeded \"r\"");
  EXPECT_EQ(Driver(body).timer(1).outcome(), "succeeded \"too late\"");
  EXPECT_EQ(Driver(body).timer(1).ok(0, "r").outcome(), "succeeded \"too late\"");
}

// 81
TEST(Combinators, AllSettledGivesEachOutcome) {
  Driver d([]() -> Future<std::string> {
    auto [a, b, c] = co_await all_settled(A("a"), sleep_for(Duration(1)), B("b"));
    co_return *a + (b.ok() ? "slept" : "") + c.error().name() + c.error().message();
  });
  d.fail(2, "X").timer(1);
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_EQ(d.ok(0, "r").outcome(), "succeeded \"rsleptXmessage\"");
}

// 83
TEST(Combinators, GroupsInGroupsKeepTheOrderOfCreation) {
  Driver d([]() -> Future<std::vector<std::vector<std::string>>> {
    auto group = [](std::string name, int times) -> Future<Texts> {
      Texts items{name + "1", name + "2", name + "3"};
      Texts results = co_await map(items, P);
      for (std::string& result : results) {
        if (times == 2) result += result;
      }
      co_return results;
    };
    auto [a, b, c] = co_await all(group("a", 1), group("b", 2), group("c", 1));
    co_return std::vector<Texts>{a, b, c};
  });
  // The order of arguments' evaluation is the compiler's: each group's calls stand together.
  Calls calls = d.calls();
  ASSERT_EQ(calls.size(), 9U);
  for (std::uint32_t seq = 0; seq < 9; ++seq) d.ok(seq, calls[seq].substr(3, 2));
  EXPECT_EQ(d.outcome(), R"(succeeded [["a1","a2","a3"],["b1b1","b2b2","b3b3"],["c1","c2","c3"]])");
}

TEST(Combinators, TheLoserOfARaceMayStillBeAwaited) {
  Driver d([]() -> Future<std::string> {
    auto slow = A("slow");
    std::string first = co_await race(slow, B("fast"));
    co_return first + co_await slow;
  });
  EXPECT_EQ(d.ok(1, "b").outcome(), "open");
  EXPECT_EQ(d.ok(0, "a").outcome(), "succeeded \"ba\"");
}

TEST(Combinators, SettleOfVoidTellsHowItEnded) {
  Driver d([]() -> Future<std::string> {
    Result<void> good = co_await settle(sleep_for(Duration(0)));
    Result<void> bad = co_await settle(Undo("x"));
    co_return (good ? "good " : "bad ") + bad.error().name();
  });
  EXPECT_EQ(d.fail(0, "X").outcome(), "succeeded \"good X\"");
}

}  // namespace
}  // namespace eventual::test
