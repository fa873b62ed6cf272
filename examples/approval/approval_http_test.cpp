// The program as a process, asked and decided over HTTP.
#include <gtest/gtest.h>

#include <eventual/client.hpp>

#include "approval.hpp"
#include "service_process.hpp"

namespace approval {
namespace {

// [over-http]
TEST(ApprovalOverHttp, ADecisionOutlivesTheProcessThatWaitedForIt) {
  processes::ServiceProcess process("approval");
  std::string id;
  {
    const ev::ServiceClient<Contract> expenses(process.url());
    id = expenses->submit_expense(Expense{"e-1", "sam", 4200, {"kim"}}).get();
    EXPECT_EQ(id, "approveExpense/e-1");
  }
  process.kill();
  process.start();
  const ev::ServiceClient<Contract> expenses(process.url());
  const auto expense = expenses->approve_expense.execution("e-1");
  EXPECT_EQ(expenses->decide.ask(expense, Decision{true, "kim"}).get().state, "approved");
  EXPECT_EQ(expense.result().get().decided_by, "kim");
  EXPECT_EQ(expenses->status.ask(expense).get().state, "approved");
}
// [/over-http]

TEST(ApprovalOverHttp, ARefusedDecisionSaysWhy) {
  const processes::ServiceProcess process("approval");
  const ev::ServiceClient<Contract> expenses(process.url());
  const auto expense = expenses->approve_expense.start(Expense{"e-1", "sam", 4200, {"kim"}}).get();
  try {
    (void)expenses->decide.ask(expense, Decision{true, "sam"}).get();
    FAIL() << "it was not refused";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "OwnExpense");
  }
  expenses->withdraw.send(expense).get();
  EXPECT_EQ(expense.result().get().state, "withdrawn");
}

TEST(ApprovalOverHttp, SomebodyMustBeNamed) {
  const processes::ServiceProcess process("approval");
  const ev::ServiceClient<Contract> expenses(process.url());
  try {
    (void)expenses->submit_expense(Expense{"e-1", "sam", 4200, {}}).get();
    FAIL() << "it was not refused";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "NoApprovers");
  }
}

}  // namespace
}  // namespace approval
