// ev::version: code that changes under executions that are open.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

Future<std::string> old_code() { co_return co_await A("old"); }

Future<std::string> changed() {
  const std::uint32_t step = version("step", 1, 2);
  std::string first = co_await A(step == 1 ? "old" : "new");
  co_return first + std::to_string(version("step", 1, 2));
}

Turns recorded_by(Driver& d) { return d.turns(); }

TEST(Versions, ANewExecutionRecordsTheNewestAndKeepsIt) {
  Driver d(changed);
  EXPECT_EQ(d.calls(), (Calls{"version step=2#0", "A(\"new\")#1"}));
  d.ok(1, "done ");
  EXPECT_EQ(d.outcome(), "succeeded \"done 2\"");
}

TEST(Versions, AHistoryThatPassedThePointWithoutTheMarkGetsTheOldest) {
  Driver old(old_code);
  Driver d(changed);
  EXPECT_EQ(d.replayed(recorded_by(old)), "open");
  Turns turns = recorded_by(old);
  turns.push_back(
      {1, k_start, {Driver::task_ok(0, "done "), model::ExecutionSucceeded{{"\"done 1\""}}}, {}});
  EXPECT_EQ(d.replayed(turns), "succeeded \"done 1\"");
  d.skip_replay();
}

TEST(Versions, OneThatWasNotThereYetIsRecordedWhenTheCodeComesToIt) {
  // The first turn is replayed from a history of the old code; the rest is new.
  Driver old([]() -> Future<std::string> {
    std::string first = co_await A("x");
    co_return co_await B(first);
  });
  Driver d([]() -> Future<std::string> {
    std::string first = co_await A("x");
    if (version("greet", 0, 1) == 1) first += "!";
    co_return co_await B(first);
  });
  const auto executor = d.make_executor();
  replay_turn(*executor, old.turns().at(0));
  executor->begin_turn(k_start);
  executor->apply(Driver::task_ok(0, "hi"));
  executor->end_turn();
  EXPECT_EQ(describe_calls(executor->take_calls(), k_start),
            (Calls{"version greet=1#1", "B(\"hi!\")#2"}));
}

TEST(Versions, AVersionThatTheCodeNoLongerTakesNamesTheChange) {
  Driver recorded(changed);
  Driver d([]() -> Future<std::string> {
    (void)version("step", 3, 4);
    co_return co_await A("newest");
  });
  const std::string outcome = d.replayed(recorded_by(recorded));
  EXPECT_TRUE(
      outcome.starts_with("stuck DeterminismError: the history has version 2 of change step"))
      << outcome;
  EXPECT_NE(outcome.find("takes 3 to 4"), std::string::npos) << outcome;
  EXPECT_NE(outcome.find("versions_test.cpp:"), std::string::npos) << outcome;
}

TEST(Versions, AMarkThatTheCodeForgotIsADifference) {
  Driver recorded(changed);
  Driver d([]() -> Future<std::string> { co_return co_await A("new"); });
  const std::string outcome = d.replayed(recorded_by(recorded));
  EXPECT_NE(outcome.find("the history has version_marked step (call 0)"), std::string::npos)
      << outcome;
}

Future<std::string> deprecated() {
  deprecate_version("step");
  co_return co_await A("new");
}

TEST(Versions, ADeprecatedMarkIsAcceptedAndNotRecordedAnyMore) {
  Driver recorded(changed);
  Driver d(deprecated);
  EXPECT_EQ(d.calls(), Calls{"A(\"new\")#0"});
  EXPECT_EQ(d.replayed(recorded_by(recorded)), "open");
}

TEST(Versions, SeveralChangesAreToldApartByName) {
  Driver one([]() -> Future<std::string> {
    (void)version("second", 1, 1);
    co_return co_await A("x");
  });
  Driver both([]() -> Future<std::string> {
    const std::uint32_t first = version("first", 0, 5);
    const std::uint32_t second = version("second", 1, 1);
    std::string got = co_await A("x");
    co_return got + std::to_string(first) + std::to_string(second);
  });
  EXPECT_EQ(both.calls(), (Calls{"version first=5#0", "version second=1#1", "A(\"x\")#2"}));
  Turns turns = recorded_by(one);
  turns.push_back(
      {1, k_start, {Driver::task_ok(1, "x"), model::ExecutionSucceeded{{"\"x01\""}}}, {}});
  EXPECT_EQ(both.replayed(turns), "succeeded \"x01\"");
}

TEST(Versions, ARangeThatHoldsNothingIsRefused) {
  Driver d([]() -> Future<void> {
    (void)version("step", 2, 1);
    co_return;
  });
  EXPECT_TRUE(d.outcome().starts_with("failed InvalidInput")) << d.outcome();
}

}  // namespace
}  // namespace eventual::test
