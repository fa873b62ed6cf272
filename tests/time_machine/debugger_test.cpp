// A debugger stops in the workflow's own code, at a call of a recorded history.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "program/replay/debugger.hpp"
#include "time_machine/process.hpp"

namespace time_machine {
namespace {

const std::string k_history = "tests/time_machine/histories/order-shipped.json";

Outcome debug(const std::string& debugger, const std::vector<std::string>& more,
              const std::string& commands) {
  std::vector<std::string> command{program("orders"), "replay",     "--file",
                                   k_history,         "--debugger", debugger};
  command.insert(command.end(), more.begin(), more.end());
  // A debugger on a pipe asks nothing, and takes one command a line.
  return run(command, commands, {"TERM=dumb", "DEBUGINFOD_URLS="});
}

/// Whether the parts come in this order; says which does not.
testing::AssertionResult tells(const std::string& text, const std::vector<std::string>& parts) {
  std::size_t at = 0;
  for (const std::string& part : parts) {
    const std::size_t found = text.find(part, at);
    if (found == std::string::npos)
      return testing::AssertionFailure() << "no \"" << part << "\" in its place in:\n" << text;
    at = found + part.size();
  }
  return testing::AssertionSuccess();
}

TEST(Gdb, StopsAtACallAndShowsTheWorkflowsLocals) {
  if (!eventual::program::is_installed(eventual::program::Debugger::gdb))
    GTEST_SKIP() << "gdb is not installed";
  const Outcome outcome = debug("gdb", {"--break-at", "1"},
                                "print order.id\n"
                                "print charge.charge_id\n"
                                "ev-next\n"
                                "print order.amount_cents\n"
                                "ev-goto 99\n"
                                "kill\nquit\n");
  EXPECT_TRUE(tells(outcome.out, {"step #4 of 8, turn 1: call 1: condition_started", "orders.hpp:",
                                  "ev::condition", "$1 = \"o-1\"", "$2 = \"charge-1\"",
                                  "step #5 of 8, turn 2: call_timed_out", "$3 = 1999",
                                  "the history ends here, without call 99: the code ended with"}))
      << outcome.err;
}

TEST(Gdb, StepsBackByRunningAgainAndGoesToAnyCallOrStep) {
  if (!eventual::program::is_installed(eventual::program::Debugger::gdb))
    GTEST_SKIP() << "gdb is not installed";
  const Outcome outcome = debug("gdb", {"--break-at", "2"},
                                "print charge.charge_id\n"
                                "ev-back\n"
                                "ev-goto 0\n"
                                "print order.card\n"
                                "ev-goto #7\n"
                                "print charge.charge_id\n"
                                "ev-next\n"
                                "ev-next\n"
                                "ev-next\n"
                                "ev-back\n"
                                "ev-where\n"
                                "kill\nquit\n");
  EXPECT_TRUE(tells(
      outcome.out,
      {"step #6 of 8, turn 2: call 2: task_scheduled shipOrder", "co_await ship_order",
       "$1 = \"charge-1\"", "step #5 of 8, turn 2: call_timed_out",
       "step #2 of 8, turn 0: call 0: task_scheduled chargeCard", "$2 = \"visa\"",
       "step #7 of 8, turn 3: task_succeeded", "$3 = \"charge-1\"", "step #8 of 8",
       "the history ends here: the code ended with execution_succeeded",
       "step #8 of 8, turn 3: execution_succeeded", "step #8 of 8, turn 3: execution_succeeded"}))
      << outcome.err;
  EXPECT_NE(outcome.err.find("there is nothing after it"), std::string::npos) << outcome.err;
}

TEST(Gdb, ShowsFuturesErrorsAndJsonAsPeopleReadThem) {
  if (!eventual::program::is_installed(eventual::program::Debugger::gdb))
    GTEST_SKIP() << "gdb is not installed";
  const Outcome outcome =
      run({"gdb", "-q", "-nx", "-iex", "set debuginfod enabled off", "-x",
           source("src/program/replay/debugger/eventual_gdb.py"), "--args",
           program("time_machine_values")},
          "break look\nrun\nup\nprint pending\nprint given\nprint json\nprint error\nprint good\n"
          "print bad\nkill\nquit\n",
          {"TERM=dumb", "DEBUGINFOD_URLS="});
  EXPECT_TRUE(
      tells(outcome.out, {"eventual::Future<int> pending", "eventual::Future<int> succeeded",
                          "value = 7", R"({"id": "o-1", "items": [1, 2.5, true, null]})",
                          "Full: no room", "Result<int>", "7", "Result<int>", "Full: no room"}))
      << outcome.err;
}

TEST(Lldb, StopsAtACallAndShowsTheWorkflowsLocals) {
  if (!eventual::program::is_installed(eventual::program::Debugger::lldb))
    GTEST_SKIP() << "lldb is not installed";
  const Outcome outcome = debug("lldb", {"--break-at", "1"},
                                "frame variable order.id\n"
                                "frame variable charge.charge_id\n"
                                "ev-next\n"
                                "frame variable order.amount_cents\n"
                                "process kill\nquit\n");
  EXPECT_TRUE(
      tells(outcome.out, {"step #4 of 8, turn 1: call 1: condition_started", "ev::condition",
                          "order.id = \"o-1\"", "charge.charge_id = \"charge-1\"",
                          "step #5 of 8, turn 2: call_timed_out", "order.amount_cents = 1999"}))
      << outcome.err;
}

TEST(Lldb, StepsBackByRunningAgainAndGoesToAnyCallOrStep) {
  if (!eventual::program::is_installed(eventual::program::Debugger::lldb))
    GTEST_SKIP() << "lldb is not installed";
  const Outcome outcome = debug("lldb", {"--break-at", "2"},
                                "frame variable charge.charge_id\n"
                                "ev-back\n"
                                "ev-goto 0\n"
                                "frame variable order.card\n"
                                "ev-goto #7\n"
                                "frame variable charge.charge_id\n"
                                "ev-where\n"
                                "process kill\nquit\n");
  EXPECT_TRUE(tells(outcome.out,
                    {"step #6 of 8, turn 2: call 2: task_scheduled shipOrder",
                     "charge.charge_id = \"charge-1\"", "step #5 of 8, turn 2: call_timed_out",
                     "step #2 of 8, turn 0: call 0: task_scheduled chargeCard",
                     "order.card = \"visa\"", "step #7 of 8, turn 3: task_succeeded",
                     "charge.charge_id = \"charge-1\"", "step #7 of 8, turn 3: task_succeeded"}))
      << outcome.err;
}

TEST(Debugger, StopsWhereCodeAndHistoryDiffer) {
  if (!eventual::program::is_installed(eventual::program::Debugger::gdb))
    GTEST_SKIP() << "gdb is not installed";
  const Outcome outcome =
      run({program("time_machine_changed"), "replay", "--file",
           "tests/time_machine/histories/trip-open.json", "--debugger", "gdb", "--break-at", "0"},
          "ev-goto 1\nprint booking\nkill\nquit\n", {"TERM=dumb", "DEBUGINFOD_URLS="});
  EXPECT_TRUE(tells(outcome.out, {"call 0: task_scheduled book",
                                  "code and history differ: history: nothing; code: task_scheduled "
                                  "ship",
                                  "co_await ship(booking)", "$1 = \"booked t-1\""}))
      << outcome.err;
}

}  // namespace
}  // namespace time_machine
