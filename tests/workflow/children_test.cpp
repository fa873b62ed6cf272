// Child workflows. Behaviours 95 to 103.
#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

// 95
TEST(Children, AParentWaitsForItsChildsResult) {
  Driver d([]() -> Future<std::string> {
    std::string result = co_await W("in");
    co_return co_await A(result);
  });
  EXPECT_EQ(d.calls(), Calls{"child W(\"in\")#0"});
  d.child_started(0, "W/~seed-1-0");  // told, but not its result
  EXPECT_EQ(d.outcome(), "open");
  EXPECT_FALSE(d.used());
  d.child_ok(0, "r");
  EXPECT_EQ(d.calls(), Calls{"A(\"r\")#1"});
  EXPECT_EQ(d.ok(1, "end").outcome(), "succeeded \"end\"");
}

// 96, 99
TEST(Children, AChildsFailureIsTheParents) {
  Driver d([]() -> Future<std::string> { co_return co_await W("in"); });
  EXPECT_EQ(d.child_fail(0, "Ahh").outcome(), "failed Ahh: message");
}

TEST(Children, AChildThatWasCancelledFailsAParentThatWasNot) {
  Driver d([]() -> Future<std::string> { co_return co_await W("in"); });
  EXPECT_EQ(d.child_fail(0, "Cancelled").outcome(), "failed Cancelled: message");
}

// 101
TEST(Children, NamesAreMadeFromTheDerivationOrGiven) {
  Driver d([]() -> Future<void> {
    auto one = W("a");
    auto two = W("b", {.name = "mine", .timeout = Duration(5)});
    (void)co_await all(std::move(one), std::move(two));
  });
  const auto& one = std::get<model::ChildScheduled>(d.call(0, 0));
  const auto& two = std::get<model::ChildScheduled>(d.call(0, 1));
  EXPECT_EQ(one.name, "~seed-1-0");
  EXPECT_EQ(one.timeout, std::nullopt);
  EXPECT_EQ(two.name, "mine");
  EXPECT_EQ(two.timeout, Duration(5));
}

// 97, 100
TEST(Children, AStartedChildCanBeSignalledByItsHandle) {
  Driver d([]() -> Future<std::string> {
    Execution<std::string> child = co_await W.start("in", {.name = "say \"hi\" \\"});
    co_await S.send(child, "data");
    co_return child.id();
  });
  EXPECT_EQ(d.calls(), Calls{"start W(\"in\")#0"});
  d.child_started(0, "W/say \"hi\" \\");
  EXPECT_EQ(d.calls(), Calls{"send S(\"data\")->W/say \"hi\" \\#1"});
  EXPECT_EQ(d.delivered(1).outcome(), R"(succeeded "W/say \"hi\" \\")");
}

TEST(Children, AStartThatIsRefusedFails) {
  Driver d([]() -> Future<std::string> { co_return (co_await W.start("in", {.name = "x"})).id(); });
  EXPECT_EQ(d.child_fail(0, "AlreadyExists").outcome(), "failed AlreadyExists: message");
}

TEST(Children, WaitingForAResultByHandleIsRefusedWithTheWayOut) {
  Driver d([]() -> Future<std::string> { co_return co_await W.execution("x").result(); });
  EXPECT_TRUE(d.outcome().starts_with("failed NotAllowed: ")) << d.outcome();
}

// 103
TEST(Children, AnUnawaitedChildOutlivesItsParent) {
  Driver d([]() -> Future<void> {
    detach(W("in"));
    co_return;
  });
  EXPECT_EQ(d.calls(), Calls{"child W(\"in\")#0"});
  EXPECT_EQ(d.outcome(), "succeeded null");
  d.child_ok(0, "late");
  EXPECT_FALSE(d.used());
}

}  // namespace
}  // namespace eventual::test
