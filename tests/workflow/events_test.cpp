// Events from workflow code: recorded calls that are ready at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

using testing::HasSubstr;

TEST(Events, AnEmitIsReadyAtOnceAndRecorded) {
  Driver d([]() -> Future<std::string> {
    co_await E.emit("x", {.key = "k"});
    co_await E.emit("y", {.id = "mine"});
    co_return "done!";
  });
  EXPECT_EQ(d.outcome(), "succeeded \"done!\"");
  const Calls calls = d.calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_THAT(calls[0], HasSubstr("emit E(\"x\") of k as ~"));
  EXPECT_EQ(calls[1], "emit E(\"y\") as mine#1");
}

TEST(Events, AnEventThatIsNotDeclaredFailsTheCall) {
  Driver d([]() -> Future<std::string> {
    co_await Event<std::string>("Unknown").emit("x");
    co_return "emitted";
  });
  EXPECT_EQ(d.outcome(), "failed NotFound: event Unknown is not declared");
}

TEST(Events, TheFrameworksOwnIdsAreRefused) {
  Driver d([]() -> Future<std::string> {
    co_await E.emit("x", {.id = "~mine"});
    co_return "emitted";
  });
  EXPECT_THAT(d.outcome(), HasSubstr("failed InvalidInput: the id ~mine of an event begins with"));
}

}  // namespace
}  // namespace eventual::test
