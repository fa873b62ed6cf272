// The service on virtual time: days pass at once.
#include "service.hpp"

#include <gtest/gtest.h>

#include <eventual/testing.hpp>

namespace {

TEST(Approval, AnApprovedExpenseIsPaidOut) {
  ev::TestEnvironment env(service);
  auto payments = env.mock(pay_out);
  auto expense = env.start(approve_expense, Expense{"e-1", "sam", 4200});
  env.tick(1h);
  EXPECT_EQ(env.query(expense, status).state, "waiting");
  EXPECT_EQ(env.update(expense, decide, Decision{true, "kim"}).state, "approved");
  EXPECT_EQ(expense.result().decided_by, "kim");
  EXPECT_EQ(payments.call_count(), 1U);
  env.replay_all();  // code and histories agree
}

TEST(Approval, ARejectedExpenseIsNotPaidOut) {
  ev::TestEnvironment env(service);
  auto payments = env.mock(pay_out);
  auto expense = env.start(approve_expense, Expense{"e-1", "sam", 4200});
  env.update(expense, decide, Decision{false, "kim"});
  EXPECT_EQ(expense.result().state, "rejected");
  EXPECT_EQ(payments.call_count(), 0U);
}

TEST(Approval, NobodyApprovesTheirOwnExpense) {
  ev::TestEnvironment env(service);
  auto expense = env.start(approve_expense, Expense{"e-1", "sam", 4200});
  EXPECT_THROW(env.update(expense, decide, Decision{true, "sam"}), ev::Error);
  EXPECT_EQ(expense.status(), "running");
}

TEST(Approval, SilenceExpiresAfterThreeReminders) {
  ev::TestEnvironment env(service);
  auto reminders = env.mock(remind_approver);
  auto expense = env.start(approve_expense, Expense{"e-1", "sam", 4200});
  env.tick(8 * 24h);
  EXPECT_EQ(expense.result().state, "expired");
  EXPECT_EQ(reminders.call_count(), 3U);
}

}  // namespace
