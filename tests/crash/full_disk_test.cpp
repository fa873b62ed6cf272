// A disk that is full, or writes that fail: nothing is acknowledged, health and log say so, nothing
// is lost, and the same process goes on when there is room again.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "crash/http_client.hpp"
#include "crash/load.hpp"
#include "crash/process.hpp"
#include "crash/verdict.hpp"

namespace crash {
namespace {

using namespace std::chrono_literals;
using eventual::Json;

/// The workspace's data folder on a small disk of its own, which nobody else sees and which ends
/// with this process.
bool mount_small_disk(const Workspace& workspace) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (user == 0) {
    if (::unshare(CLONE_NEWNS) != 0) return false;
  } else {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << fmt::format("0 {} 1", user);
    std::ofstream("/proc/self/gid_map") << fmt::format("0 {} 1", group);
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  std::filesystem::create_directory(workspace.data());
  return ::mount("crash-test", workspace.data().c_str(), "tmpfs", 0, "size=96m") == 0;
}

/// Takes all the room that is left.
void fill(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0644);
  ASSERT_GE(file, 0);
  for (std::size_t bytes = 1 << 20; bytes > 0; bytes /= 4) {
    const std::string block(bytes, 'x');
    while (::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size())) {
    }
  }
  ::close(file);
}

class FullDisk : public testing::Test {
 protected:
  ~FullDisk() override {
    if (mounted_) ::umount2(data_.c_str(), MNT_DETACH);  // or the folder could not go
  }

  /// Starts one; true when it was acknowledged.
  bool start_another(std::size_t padding_bytes = 0) {
    Wanted wanted = random_execution(random_, fmt::format("x-{}", executions_.size()));
    while (!wanted.signals.empty()) wanted = random_execution(random_, wanted.name);
    wanted.padding_bytes = padding_bytes;
    const auto response = HttpClient(port_, 1s).post(
        "/_eventual/workflows/" + wanted.workflow + "/executions", wanted.start_body());
    wanted.acknowledged = response && (response->status == 200 || response->status == 201);
    if (response && !wanted.acknowledged) {
      EXPECT_EQ(response->status, 503) << response->body;
      ++refusals_;
    }
    executions_.push_back(wanted);
    return wanted.acknowledged;
  }

  void start_many(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(start_another());
  }

  Json health(int& status) {
    const auto response = HttpClient(port_, 2s).get("/_eventual/health");
    status = response ? response->status : 0;
    return response ? response->json() : Json();
  }

  /// The disk has just become full.
  void expect_refusals(const ServiceProcess& process) {
    // The log already has some blocks: what fits into them may be acknowledged.
    ASSERT_TRUE(eventually(30s, [&] { return !start_another(256 << 10); }))
        << "the disk is not full";
    int status = 0;
    EXPECT_TRUE(eventually(5s, [&] {
      health(status);
      return status == 503;
    })) << process.output();
    for (int i = 0; i < 20; ++i) {
      EXPECT_FALSE(start_another()) << "acknowledged while nothing can be stored";
      std::this_thread::sleep_for(20ms);
    }
    EXPECT_GT(refusals_, 0);
    const Json told = health(status);
    EXPECT_EQ(status, 503);
    EXPECT_EQ(told["ready"], Json(false));
    EXPECT_NE(told["reason"].dump().find("does not accept writes"), std::string::npos)
        << told.dump();
    EXPECT_NE(process.output().find("does not accept writes"), std::string::npos)
        << process.output();
  }

  /// There is room again.
  void expect_recovery(ServiceProcess& process) {
    int status = 0;
    EXPECT_TRUE(eventually(20s, [&] {
      health(status);
      return status == 200;
    })) << process.output();
    ASSERT_FALSE(process.ended()) << process.output();
    EXPECT_NE(process.output().find("accepts writes again"), std::string::npos) << process.output();
    start_many(20);
    // What was not acknowledged may be asked for again under its name.
    for (Wanted& wanted : executions_) {
      if (wanted.acknowledged) continue;
      const auto response = HttpClient(port_).post(
          "/_eventual/workflows/" + wanted.workflow + "/executions", wanted.start_body());
      ASSERT_TRUE(response);
      EXPECT_TRUE(response->status == 200 || response->status == 201) << response->body;
      wanted.acknowledged = true;
    }
  }

  /// Everything ends as it should, here and after a kill.
  void expect_nothing_lost(ServiceProcess& process) {
    HttpClient client(port_);
    EXPECT_TRUE(eventually(30s, [&] { return open_executions(client, "running").empty(); }))
        << to_text(open_executions(client, "running"));
    EXPECT_EQ(to_text(check_over_http(client, executions_)), "");
    process.kill();
    const StoreCheck check = check_store(data_, executions_);
    EXPECT_EQ(to_text(check.complaints), "");
    std::size_t lingers = 0;
    for (const JournalLine& line : read_journal(workspace_))
      lingers += line.key == "long/linger" ? 1 : 0;
    EXPECT_EQ(lingers, 1U) << "what finished while the disk was full is kept, not done again";
  }

  /// A task that ends while nothing can be stored.
  void start_lingering() {
    Wanted wanted;
    wanted.workflow = "linger";
    wanted.name = "long";
    wanted.number = wanted.result = 700;
    ASSERT_EQ(HttpClient(port_)
                  .post("/_eventual/workflows/linger/executions", wanted.start_body())
                  ->status,
              201);
    wanted.acknowledged = true;
    executions_.push_back(wanted);
  }

  Workspace workspace_;
  std::string data_ = workspace_.data();
  bool mounted_ = false;
  std::uint16_t port_ = 0;
  base::Random random_{7};
  std::vector<Wanted> executions_;
  int refusals_ = 0;
};

TEST_F(FullDisk, NothingIsAcknowledgedUntilThereIsRoomAgain) {
  mounted_ = mount_small_disk(workspace_);
  if (!mounted_) GTEST_SKIP() << "no disk can be mounted here";
  const std::string ballast = data_ + "/ballast";
  ServiceProcess process(workspace_);
  const auto port = process.wait_ready();
  ASSERT_TRUE(port) << process.output();
  port_ = *port;
  start_many(30);
  start_lingering();
  for (int round = 0; round < 2; ++round) {
    fill(ballast);
    expect_refusals(process);
    if (HasFatalFailure()) return;
    std::filesystem::remove(ballast);
    expect_recovery(process);
    if (HasFatalFailure()) return;
  }
  expect_nothing_lost(process);
}

TEST_F(FullDisk, WritesThatFailAreNotAcknowledgedUntilTheySucceedAgain) {
  ServiceProcess process(workspace_);
  const auto port = process.wait_ready();
  ASSERT_TRUE(port) << process.output();
  port_ = *port;
  start_many(30);
  start_lingering();
  const rlimit small{40'000, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(process.id(), RLIMIT_FSIZE, &small, nullptr), 0);
  expect_refusals(process);
  if (HasFatalFailure()) return;
  const rlimit large{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(process.id(), RLIMIT_FSIZE, &large, nullptr), 0);
  expect_recovery(process);
  if (HasFatalFailure()) return;
  expect_nothing_lost(process);
}

}  // namespace
}  // namespace crash
