// Code that crashes the process is parked after the third time; what is killed from outside is not.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "crash/http_client.hpp"
#include "crash/load.hpp"
#include "crash/process.hpp"
#include "crash/verdict.hpp"

namespace crash {
namespace {

using namespace std::chrono_literals;
using eventual::Json;

constexpr int k_crashes_max = 3;

Wanted execution(const std::string& workflow, const std::string& name, std::int64_t number,
                 bool fails = false) {
  Wanted wanted;
  wanted.workflow = workflow;
  wanted.name = name;
  wanted.number = number;
  wanted.result = number;
  wanted.fails = fails;
  return wanted;
}

std::optional<HttpResponse> start(std::uint16_t port, const Wanted& wanted) {
  return HttpClient(port).post("/_eventual/workflows/" + wanted.workflow + "/executions",
                               wanted.start_body());
}

Json view(std::uint16_t port, const Wanted& wanted) {
  const auto response = HttpClient(port).get("/_eventual/executions/" + wanted.id());
  return response ? response->json() : Json();
}

bool has_status(std::uint16_t port, const Wanted& wanted, const char* status) {
  return eventually(20s, [&] { return view(port, wanted)["status"] == Json(status); });
}

/// A service in which `faulty` has crashed the process three times, with executions beside it that
/// need tasks, timers and signals.
class Segfault : public testing::Test {
 protected:
  void crash_three_times(const Wanted& faulty) {
    for (int crash = 1; crash <= k_crashes_max; ++crash) {
      ServiceProcess process(workspace_);
      // A restart may crash before it says that it is ready: recovery runs the code.
      if (const auto port = process.wait_ready(); port && crash == 1) {
        ASSERT_EQ(start(*port, sleeping_)->status, 201);
        ASSERT_EQ(start(*port, waiting_)->status, 201);
        (void)start(*port, faulty);  // its answer may be lost in the crash
      }
      const auto ending = process.wait_ended();
      ASSERT_TRUE(ending) << "crash " << crash << " did not happen\n" << process.output();
      ASSERT_EQ(ending->signal, SIGSEGV) << process.output();
    }
  }

  /// The others finish, what is parked stays parked, and a restart changes nothing.
  void expect_parked(const Wanted& faulty, const std::string& culprit) {
    const Wanted later = execution("sequence", "later", 5);
    {
      ServiceProcess process(workspace_);
      const auto port = process.wait_ready();
      ASSERT_TRUE(port) << process.output();
      ASSERT_TRUE(has_status(*port, faulty, "parked")) << view(*port, faulty).dump();
      const Json parked = view(*port, faulty);
      EXPECT_EQ(parked["error"]["name"], Json("CrashedRepeatedly")) << parked.dump();
      EXPECT_NE(parked["error"]["message"].dump().find(culprit), std::string::npos)
          << parked.dump();
      EXPECT_NE(parked["waiting_for"].dump().find("CrashedRepeatedly"), std::string::npos)
          << parked.dump();
      ASSERT_EQ(start(*port, later)->status, 201);
      ASSERT_EQ(HttpClient(*port)
                    .post("/_eventual/executions/" + waiting_.id() + "/signals/go", "7")
                    ->status,
                200);
      ASSERT_EQ(HttpClient(*port)
                    .post("/_eventual/executions/" + waiting_.id() + "/signals/go", "4")
                    ->status,
                200);
      for (const Wanted* other : {&sleeping_, &waiting_, &later})
        EXPECT_TRUE(has_status(*port, *other, "succeeded")) << view(*port, *other).dump();
      EXPECT_FALSE(process.ended());
      EXPECT_NE(process.output().find("crashed the process 3 times"), std::string::npos)
          << process.output();
      process.kill();
    }
    ServiceProcess process(workspace_);
    const auto port = process.wait_ready();
    ASSERT_TRUE(port) << process.output();
    EXPECT_TRUE(has_status(*port, faulty, "parked")) << view(*port, faulty).dump();
    const auto ending = process.stop();
    ASSERT_TRUE(ending);
    EXPECT_EQ(ending->exit_code, 0) << process.output();
    StoreCheck check = check_store(workspace_.data(), {});
    EXPECT_EQ(to_text(check.complaints), "");
    EXPECT_EQ(check.statuses[faulty.id()], "parked");
    EXPECT_EQ(check.statuses[waiting_.id()], "succeeded");
  }

  std::size_t times_in_journal(const std::string& key) const {
    const auto lines = read_journal(workspace_);
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(), [&](const JournalLine& line) { return line.key == key; }));
  }

  const Wanted sleeping_ = execution("sleeper", "sleeping", 2);
  const Wanted waiting_ = execution("expect", "waiting", 3);
  Workspace workspace_;
};

TEST_F(Segfault, ATaskThatCrashesTheProcessThreeTimesIsParked) {
  const Wanted faulty = execution("faultyTask", "bad", 1, true);
  crash_three_times(faulty);
  if (HasFatalFailure()) return;
  expect_parked(faulty, "faultInTask");
  EXPECT_EQ(times_in_journal("bad/fault"), 3U) << "the parked task must not run again";
}

TEST_F(Segfault, WorkflowCodeThatCrashesTheProcessThreeTimesIsParked) {
  const Wanted faulty = execution("faultyCode", "bad", 1, true);
  crash_three_times(faulty);
  if (HasFatalFailure()) return;
  expect_parked(faulty, "workflow");
}

TEST_F(Segfault, AStartWhoseFirstTurnCrashesTheProcessThreeTimesIsRefused) {
  const Wanted faulty = execution("faultyStart", "bad", 1, true);
  for (int crash = 1; crash <= k_crashes_max; ++crash) {
    ServiceProcess process(workspace_);
    const auto port = process.wait_ready();
    ASSERT_TRUE(port) << process.output();
    EXPECT_FALSE(start(*port, faulty)) << "nothing is stored, so nothing is acknowledged";
    const auto ending = process.wait_ended();
    ASSERT_TRUE(ending);
    ASSERT_EQ(ending->signal, SIGSEGV) << process.output();
  }
  ServiceProcess process(workspace_);
  const auto port = process.wait_ready();
  ASSERT_TRUE(port) << process.output();
  const auto refused = start(*port, faulty);
  ASSERT_TRUE(refused) << process.output();
  EXPECT_GE(refused->status, 400);
  EXPECT_EQ(refused->json()["error"], Json("CrashedRepeatedly")) << refused->body;
  EXPECT_EQ(start(*port, execution("faultyStart", "good", 1))->status, 201);
  EXPECT_FALSE(process.ended());
}

TEST_F(Segfault, BeingKilledIsNobodysFault) {
  const Wanted slow = execution("linger", "slow", 400);
  constexpr std::size_t k_kills = 5;
  for (std::size_t kill = 1; kill <= k_kills; ++kill) {
    ServiceProcess process(workspace_);
    const auto port = process.wait_ready();
    ASSERT_TRUE(port) << process.output();
    if (kill == 1) ASSERT_EQ(start(*port, slow)->status, 201);
    ASSERT_TRUE(eventually(20s, [&] { return times_in_journal("slow/linger") == kill; }));
    process.kill();  // while the task runs
  }
  ServiceProcess process(workspace_);
  const auto port = process.wait_ready();
  ASSERT_TRUE(port) << process.output();
  EXPECT_TRUE(has_status(*port, slow, "succeeded")) << view(*port, slow).dump();
  EXPECT_EQ(view(*port, slow)["result"], Json(400));
  EXPECT_EQ(times_in_journal("slow/linger"), k_kills + 1);
}

}  // namespace
}  // namespace crash
