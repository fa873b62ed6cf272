// Whoever stops the process, with SIGSTOP or with a debugger, uses up nobody's time.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "crash/http_client.hpp"
#include "crash/process.hpp"
#include "eventual/json.hpp"

namespace crash {
namespace {

using namespace std::chrono_literals;
using eventual::Json;

/// Longer than what the attempt and the command may take.
constexpr auto k_stop = 3s;

/// An attempt and a command that are under way, both with two seconds until their time is over.
class Stopped : public testing::Test {
 protected:
  void SetUp() override {
    process_.emplace(workspace_);
    const auto port = process_->wait_ready();
    ASSERT_TRUE(port);
    port_ = *port;
    ASSERT_EQ(HttpClient(port_)
                  .post("/_eventual/workflows/patient/executions",
                        Json::object({{"input", file_}, {"name", "p"}}).dump())
                  ->status,
              201);
    command_ = std::async(std::launch::async, [this] {
      return HttpClient(port_, 60s).post("/rpc/patientCommand", Json(file_).dump());
    });
    ASSERT_TRUE(eventually(20s, [this] { return read_journal(workspace_).size() == 2; }));
  }

  /// The file appears while nobody can see it: what runs sees it at once when it goes on.
  void stand_still() const {
    std::this_thread::sleep_for(k_stop);
    std::ofstream file(file_);
  }

  void expect_no_timeout() {
    const auto answer = command_.get();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200) << answer->body;
    const auto ended =
        HttpClient(port_, 60s).get("/_eventual/executions/patient/p/result?wait_ms=20000");
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->json()["status"], Json("succeeded")) << ended->body;
  }

  Workspace workspace_;
  const std::string file_ = workspace_.path() + "/go";
  std::optional<ServiceProcess> process_;
  std::uint16_t port_ = 0;
  std::future<std::optional<HttpResponse>> command_;
};

TEST_F(Stopped, BySigstop) {
  ASSERT_EQ(::kill(process_->id(), SIGSTOP), 0);
  stand_still();
  ASSERT_EQ(::kill(process_->id(), SIGCONT), 0);
  expect_no_timeout();
}

TEST_F(Stopped, ByADebugger) {
  const std::string attached = workspace_.path() + "/attached";
  const std::string script = "gdb -p " + std::to_string(process_->id()) +
                             " -nx -batch -ex 'shell touch " + attached + "; sleep 3; touch " +
                             file_ + "' -ex detach >" + workspace_.path() + "/gdb.log 2>&1";
  const int status = std::system(script.c_str());
  if (status != 0 || ::access(attached.c_str(), F_OK) != 0) {
    std::ofstream file(file_);
    GTEST_SKIP() << "no debugger can attach here: "
                 << read_file(workspace_.path() + "/gdb.log").substr(0, 300);
  }
  expect_no_timeout();
}

}  // namespace
}  // namespace crash
