// Errors that say when they may be tried again.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "eventual/eventual.hpp"
#include "eventual/testing.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

constexpr Task<std::string, int> k_ask{"ask"};

/// Fails once, with these details, and counts its attempts.
class RetryAfter : public ::testing::Test {
 protected:
  RetryAfter() {
    service_.task("ask", {.retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}},
                  [attempts = attempts_](const std::string& details) {
                    if (++*attempts == 1) throw Error("Busy", "later", details);
                    return *attempts;
                  });
  }

  /// How many attempts have begun when this much time has passed.
  int attempts_after(Duration time, const std::string& details) {
    const auto asking = service_.workflow(
        "asking", [](std::string with) -> Future<int> { co_return co_await k_ask(with); });
    TestEnvironment env(service_);
    auto execution = env.start(asking, details);
    env.tick(time);
    return *attempts_;
  }

  std::shared_ptr<int> attempts_ = std::make_shared<int>(0);  // shared: with the handlers
  Service service_{"patient"};
};

TEST_F(RetryAfter, IsKeptToWhereThePolicyWouldBeFaster) {
  EXPECT_EQ(attempts_after(59s, R"({"retry_after_ms":60000})"), 1);
}
TEST_F(RetryAfter, EndsWhenItSays) {
  EXPECT_EQ(attempts_after(60s, R"({"retry_after_ms":60000})"), 2);
}
TEST_F(RetryAfter, DoesNotMakeThePolicyFaster) {
  EXPECT_EQ(attempts_after(999ms, R"({"retry_after_ms":1})"), 1);
}
TEST_F(RetryAfter, IsADayAtTheMost) {
  EXPECT_EQ(attempts_after(24h, R"({"retry_after_ms":18446744073709551615})"), 2);
}
TEST_F(RetryAfter, ThatIsNoNumberIsNone) {
  EXPECT_EQ(attempts_after(1s, R"({"retry_after_ms":"60000"})"), 2);
}
TEST_F(RetryAfter, ThatIsNegativeIsNone) {
  EXPECT_EQ(attempts_after(1s, R"({"retry_after_ms":-5})"), 2);
}
TEST_F(RetryAfter, IsKeptToBySubscriptions) {
  const auto placed = service_.event<int>("Placed");
  placed.on("taking", {.retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}},
            [attempts = attempts_](int) {
              if (++*attempts == 1) throw Error("Busy", "later", R"({"retry_after_ms":60000})");
            });
  TestEnvironment env(service_);
  env.emit(placed, 1);
  env.tick(59s);
  EXPECT_EQ(*attempts_, 1);
  env.tick(1s);
  EXPECT_EQ(*attempts_, 2);
}

}  // namespace
}  // namespace eventual
