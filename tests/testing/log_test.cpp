// What the log tells of failures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

struct Bank {
  Service service{"bank"};
  Task<std::string, std::string> charge =
      service.task("charge",
                   {.retry = {.max_attempts = 3,
                              .initial_interval = 1s,
                              .jitter = 0,
                              .non_retryable = {"CardDeclined"}}},
                   [](const std::string& card) { return card; });
  Workflow<std::string, std::string> pay =
      service.workflow("pay", [](std::string card) -> Future<std::string> {
        constexpr Task<std::string, std::string> charge_task("charge");
        co_return co_await charge_task(card);
      });
  Workflow<void, void> wait =
      service.workflow("wait", {.timeout = 1h}, []() -> Future<void> { co_await sleep_for(2h); });
};

TEST(Log, TellsOfAttemptsAndExecutionsThatFail) {
  Bank bank;
  TestEnvironment env(bank.service);
  env.mock(bank.charge)
      .fail_once("Busy", "try again")
      .succeed_once("paid")
      .fail("CardDeclined", "the bank says no");
  EXPECT_EQ(env.start(bank.pay, "visa").status(), "running");
  EXPECT_THAT(env.logs(), ElementsAre("INFO task charge: attempt 1 of 3 failed, the next follows "
                                      "in 1000 ms: Busy: try again"));
  env.tick(1s);
  EXPECT_EQ(env.start(bank.pay, "stolen").status(), "failed");
  EXPECT_THAT(env.logs(), SizeIs(2));
  EXPECT_EQ(env.logs().back(), "WARN failed: CardDeclined: the bank says no");
  env.restart();
  env.replay_all();
  EXPECT_THAT(env.logs(), SizeIs(2)) << "a replay tells nothing again";
}

TEST(Log, CutsLongMessagesBetweenCharacters) {
  Bank bank;
  TestEnvironment env(bank.service);
  std::string message = "x";
  for (int i = 0; i < 400; ++i) message += "ö";
  env.mock(bank.charge).fail("CardDeclined", message);
  env.start(bank.pay, "visa");
  ASSERT_THAT(env.logs(), SizeIs(1));
  EXPECT_THAT(env.logs()[0], StartsWith("WARN failed: CardDeclined: xöö"));
  EXPECT_THAT(env.logs()[0], EndsWith("öö…"));
  EXPECT_LT(env.logs()[0].size(), 550U);
}

TEST(Log, TellsOfExecutionsThatTookTooLong) {
  Bank bank;
  TestEnvironment env(bank.service);
  env.start(bank.wait);
  env.tick(1h);
  EXPECT_THAT(env.logs(), ElementsAre(HasSubstr("timed out")));
}

}  // namespace
}  // namespace eventual
