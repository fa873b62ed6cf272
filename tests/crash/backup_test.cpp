// A backup that is taken under load, restored elsewhere after the service was killed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "crash/http_client.hpp"
#include "crash/load.hpp"
#include "crash/process.hpp"
#include "crash/verdict.hpp"
#include "store/backup.hpp"

namespace crash {
namespace {

using namespace std::chrono_literals;

/// Starts executions that end by themselves, until it is told to stop or the service is gone.
class Meanwhile {
 public:
  explicit Meanwhile(std::uint16_t port)
      : thread_([this, port] {
          HttpClient client(port);
          while (!stopping_.load()) {
            const std::string name = fmt::format("meanwhile-{}", started_.load());
            const auto response = client.post(
                "/_eventual/workflows/sequence/executions",
                fmt::format(R"({{"name":"{}","input":{{"name":"{}","number":1}}}})", name, name));
            if (!response) return;
            started_.fetch_add(1);
          }
        }) {}
  ~Meanwhile() {
    stopping_.store(true);
    thread_.join();
  }
  std::uint64_t started() const { return started_.load(); }

 private:
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> started_{0};
  std::thread thread_;
};

TEST(Backup, TakenUnderLoadItHoldsAllThatWasAcknowledgedAndRunsToTheEnd) {
  const Workspace workspace;
  const std::string backup = workspace.path() + "/backup";
  std::vector<Wanted> acknowledged;
  {
    ServiceProcess process(workspace);
    const auto port = process.wait_ready();
    ASSERT_TRUE(port) << process.output();
    HttpClient client(*port);
    Load load(20261122);
    load.set_port(*port);
    ASSERT_TRUE(eventually(60s, [&] {
      const auto health = client.get("/_eventual/health");
      return health && health->json()["details"]["executions_started"].is_integer() &&
             health->json()["details"]["executions_started"].as_uint64() >= 150;
    }));
    const Meanwhile meanwhile(*port);
    ASSERT_TRUE(eventually(60s, [&] { return meanwhile.started() >= 5; }));
    load.finish();
    ASSERT_EQ(to_text(load.complaints()), "");
    acknowledged = load.executions();
    const std::uint64_t before = meanwhile.started();
    const auto answer =
        client.post("/_eventual/backup", eventual::Json::object({{"folder", backup}}).dump());
    ASSERT_TRUE(answer && answer->status == 201) << (answer ? answer->body : "no answer");
    ASSERT_TRUE(eventually(60s, [&] { return meanwhile.started() > before; }))
        << "the load went on during the backup";
    EXPECT_EQ(process.kill().signal, SIGKILL);
  }

  // What the first service's folder holds is of no use any more.
  std::filesystem::rename(workspace.data(), workspace.path() + "/lost");
  const auto restored = eventual::store::restore(backup, workspace.data());
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_GT(restored->open, 0U) << "nothing was at work: the test shows nothing";

  ServiceProcess process(workspace);
  const auto port = process.wait_ready();
  ASSERT_TRUE(port) << process.output();
  HttpClient client(*port);
  EXPECT_TRUE(eventually(60s, [&] { return open_executions(client, "running").empty(); }))
      << "stuck: " << to_text(open_executions(client, "running"));
  EXPECT_EQ(to_text(open_executions(client, "parked")), "");
  EXPECT_EQ(to_text(check_over_http(client, acknowledged)), "");
  const auto ending = process.stop();
  ASSERT_TRUE(ending);
  EXPECT_EQ(ending->exit_code, 0) << process.output();
  const StoreCheck check = check_store(workspace.data(), acknowledged);
  EXPECT_EQ(to_text(check.complaints), "");
  EXPECT_GE(check.executions, acknowledged.size());
}

}  // namespace
}  // namespace crash
