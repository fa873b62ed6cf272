// The service on virtual time: weeks pass at once.
#include "approval.hpp"

#include <gtest/gtest.h>

#include <eventual/testing.hpp>
#include <string>
#include <vector>

namespace approval {
namespace {

Expense expense() { return {"e-1", "sam", 4200, {"kim", "lee"}}; }

std::string name_of_refusal(ev::TestEnvironment& env, const auto& execution, Decision decision) {
  try {
    (void)env.update(execution, decide, std::move(decision));
    return "";
  } catch (const ev::Error& error) {
    return error.name();
  }
}

// [virtual-time]
TEST(Approval, IsPaidOutWhenSomebodyApproves) {
  ev::TestEnvironment env(service);
  auto payments = env.mock(pay_out);
  auto execution = env.start(approve_expense, expense());
  env.tick(1h);
  EXPECT_EQ(env.query(execution, status).state, "waiting");
  EXPECT_EQ(env.update(execution, decide, Decision{true, "kim", "fine"}).state, "approved");
  const Status end = execution.result();
  EXPECT_EQ(end.decided_by, "kim");
  EXPECT_EQ(end.comment, "fine");
  EXPECT_EQ(payments.call_count(), 1U);
  env.replay_all();  // code and histories agree
}
// [/virtual-time]

TEST(Approval, IsNotPaidOutWhenSomebodyRejects) {
  ev::TestEnvironment env(service);
  auto payments = env.mock(pay_out);
  auto execution = env.start(approve_expense, expense());
  env.update(execution, decide, Decision{false, "kim", "too much"});
  EXPECT_EQ(execution.result().state, "rejected");
  EXPECT_EQ(payments.call_count(), 0U);
}

TEST(Approval, EachIsRemindedAndThenTheNextIsAsked) {
  ev::TestEnvironment env(service);
  auto asked = env.mock(ask_approver);
  auto execution = env.start(approve_expense, expense());
  env.tick(6 * 24h - 1s);
  EXPECT_EQ(asked.call_count(), 3U);
  EXPECT_EQ(env.query(execution, status).asked, std::vector<std::string>{"kim"});
  EXPECT_EQ(env.query(execution, status).reminders, 2);
  env.tick(1s);
  EXPECT_EQ(asked.call_count(), 4U);
  EXPECT_EQ(env.query(execution, status).asked, (std::vector<std::string>{"kim", "lee"}));
  EXPECT_EQ(env.update(execution, decide, Decision{true, "kim"}).decided_by, "kim")
      << "who was asked first may still decide";
  env.replay_all();
}

TEST(Approval, ExpiresWhenNobodyDecides) {
  ev::TestEnvironment env(service);
  auto asked = env.mock(ask_approver);
  auto payments = env.mock(pay_out);
  auto execution = env.start(approve_expense, expense());
  env.tick(12 * 24h);
  EXPECT_EQ(execution.result().state, "expired");
  EXPECT_EQ(asked.call_count(), 6U);
  EXPECT_EQ(payments.call_count(), 0U);
}

TEST(Approval, IsWithdrawn) {
  ev::TestEnvironment env(service);
  auto execution = env.start(approve_expense, expense());
  env.send(execution, withdraw);
  EXPECT_EQ(execution.result().state, "withdrawn");
  EXPECT_EQ(env.query(execution, status).state, "withdrawn");
}

TEST(Approval, CountsOnlyWhatSomebodyDecidesWhoWasAsked) {
  ev::TestEnvironment env(service);
  auto execution = env.start(approve_expense, expense());
  EXPECT_EQ(name_of_refusal(env, execution, {true, "sam"}), "OwnExpense");
  EXPECT_EQ(name_of_refusal(env, execution, {true, "lee"}), "NotAsked");
  EXPECT_EQ(execution.status(), "running");
}

}  // namespace
}  // namespace approval
