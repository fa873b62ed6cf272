// Runs eventual-bench as a script does, and counts its syncs from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/json.hpp"

namespace eventual::bench {
namespace {

const std::string k_program = std::string(EVENTUAL_BIN_DIR) + "/eventual-bench";

struct Output {
  int exit_code = -1;
  std::string text;

  /// The last line.
  Json report() const {
    std::string line;
    std::string last;
    for (std::istringstream lines(text); std::getline(lines, line);) last = line;
    auto json = Json::parse(last);
    EXPECT_TRUE(json.ok()) << text;
    return json ? *json : Json();
  }
};

Output run(const std::string& command) {
  Output output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.text.append(buffer, count);
  const int status = ::pclose(pipe);
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

bool in_memory(const std::string& folder) {
  struct statfs system{};
  return ::statfs(folder.c_str(), &system) == 0 && system.f_type == TMPFS_MAGIC;
}

/// Works in a folder beside the program, which is on a disk where people build.
struct BenchTest : testing::Test {
  void SetUp() override {
    folder = std::string(EVENTUAL_BIN_DIR) + "/../bench-test-" + std::to_string(::getpid());
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Output bench(const std::string& arguments) const {
    return run(k_program + " " + arguments + " --dir " + folder);
  }

  std::string folder;
};

TEST_F(BenchTest, TheLastLineIsOneObjectWithTheMembersOfTheContract) {
  const Output output = bench("seq --count 200 --concurrency 16 --json");
  ASSERT_EQ(output.exit_code, 0) << output.text;
  const Json report = output.report();
  std::vector<std::string> names;
  for (const auto& [name, value] : report.as_object()) names.push_back(name);
  EXPECT_THAT(
      names, testing::ElementsAre("workload", "count", "concurrency", "steps_per_execution", "done",
                                  "errors", "elapsed_s", "executions_per_s", "steps_per_s",
                                  "latency_ms", "cpu_s", "peak_rss_mib", "disk_written_mib",
                                  "syncs", "store", "durable", "fsync_us"));
  EXPECT_EQ(report["workload"].as_string(), "seq");
  EXPECT_EQ(report["done"].as_int64(), 200);
  EXPECT_EQ(report["errors"].as_int64(), 0);
  EXPECT_EQ(report["steps_per_execution"].as_int64(), 10);
  EXPECT_NEAR(report["steps_per_s"].as_double(), 10 * report["executions_per_s"].as_double(), 1);
  EXPECT_GT(report["latency_ms"]["p50"].as_double(), 0);
  EXPECT_GE(report["latency_ms"]["max"].as_double(), report["latency_ms"]["p99"].as_double());
  EXPECT_GT(report["syncs"].as_int64(), 11);
  EXPECT_EQ(report["durable"].as_bool(), !in_memory(folder));
  EXPECT_GT(report["fsync_us"]["p99"].as_double(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder)) << "what it wrote is removed";
}

TEST_F(BenchTest, WhatIsNotSyncedToADiskIsNotCalledDurable) {
  EXPECT_FALSE(bench("seq --count 100 --store memory --json").report()["durable"].as_bool());
  if (in_memory("/dev/shm") && ::access("/dev/shm", W_OK) == 0) {
    EXPECT_FALSE(
        run(k_program + " rawlog --count 100 --json --dir /dev/shm").report()["durable"].as_bool());
  }
}

TEST_F(BenchTest, WrongUsageExitsWith2AndHelpShowsExamples) {
  EXPECT_EQ(bench("sequence").exit_code, 2);
  EXPECT_EQ(bench("seq --count 0").exit_code, 2);
  EXPECT_EQ(bench("").exit_code, 2);
  const Output help = run(k_program + " --help");
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.text, testing::HasSubstr("eventual-bench seq --count 20000 --concurrency 128"));
}

TEST_F(BenchTest, PeopleGetATable) {
  const Output output = bench("fanout --count 20");
  EXPECT_EQ(output.exit_code, 0) << output.text;
  EXPECT_THAT(output.text, testing::HasSubstr("\nsteps_per_s            "));
}

struct EveryWorkload : BenchTest, testing::WithParamInterface<const char*> {};

TEST_P(EveryWorkload, EndsWithoutErrors) {
  const Output output = bench(std::string(GetParam()) + " --json");
  ASSERT_EQ(output.exit_code, 0) << output.text;
  const Json report = output.report();
  EXPECT_EQ(report["errors"].as_int64(), 0) << output.text;
  const bool is_history =
      report["workload"].as_string() == "history";  // its count is the steps of one execution
  EXPECT_EQ(report["done"].as_int64(), is_history ? 1 : report["count"].as_int64()) << output.text;
}

INSTANTIATE_TEST_SUITE_P(
    BenchTest, EveryWorkload,
    testing::Values("rawlog --count 1000", "rawput --count 1000", "seq --count 200",
                    "seq-pure --count 200", "fanout --count 20", "start --count 200",
                    "sleep --count 200", "timers --count 200", "signal --count 50",
                    "crash --count 200", "history --count 100", "replay --count 2",
                    "payload --count 20", "transfer --count 200", "events --count 200",
                    "rpc --count 500", "mix --count 200"),
    [](const auto& info) {
      std::string name;
      for (const char letter :
           std::string_view(info.param).substr(0, std::string_view(info.param).find(' '))) {
        if (letter != '-') name += letter;
      }
      return name;
    });

TEST_F(BenchTest, AtARateExecutionsBeginWhenTheyAreDue) {
  const Json report = bench("seq --count 50 --rate 200 --concurrency 50 --json").report();
  EXPECT_EQ(report["done"].as_int64(), 50);
  EXPECT_GE(report["elapsed_s"].as_double(), 49 / 200.0) << "the last is due then";
  EXPECT_EQ(bench("rpc --count 100 --rate 500 --json").report()["done"].as_int64(), 100);
}

TEST_F(BenchTest, LatencyAtARateCountsFromWhenAnExecutionWasDue) {
  // One in flight, and all due at once: each waits for those before it, half of them for more than
  // the time of one. In a closed loop half of the latencies can add up to all of the time at most.
  const Json report =
      bench("seq --count 100 --rate 1000000 --concurrency 1 --warm-up 0 --json").report();
  EXPECT_EQ(report["done"].as_int64(), 100);
  EXPECT_GT(100 * report["latency_ms"]["p50"].as_double(),
            3 * 1000 * report["elapsed_s"].as_double());
}

TEST_F(BenchTest, ARateWhereThereIsNoneIsAnError) {
  const Output output = bench("crash --rate 10");
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.text, testing::HasSubstr("crash runs at no rate"));
}

TEST_F(BenchTest, ASoakTellsWhatTheProcessUsesOverTime) {
  const Output output = bench("soak --count 1 --rate 200 --json");
  ASSERT_EQ(output.exit_code, 0) << output.text;
  EXPECT_EQ(output.report()["done"].as_int64(), 200) << "requests; the count is seconds";
  EXPECT_THAT(output.text, testing::HasSubstr(R"("executions_closed":20,)"));
  EXPECT_THAT(output.text, testing::ContainsRegex(R"("memory_mib_max":[1-9])"));
}

struct CountedSyncs : BenchTest {
  /// Durable writes that the kernel saw. A difference of two runs has no part that does not depend
  /// on `count`.
  struct Syncs {
    std::int64_t seen = 0;
    std::int64_t reported = 0;
  };
  Syncs count(const std::string& workload, int executions) const {
    const std::string summary = folder + "/strace";
    const Output output = run("strace -f -c -U calls,name -o " + summary +
                              " -e trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync " +
                              k_program + " " + workload + " --warm-up 0 --json --dir " + folder +
                              " --count " + std::to_string(executions));
    EXPECT_EQ(output.exit_code, 0) << output.text;
    Syncs syncs;
    syncs.reported = output.report()["syncs"].as_int64();
    std::ifstream lines(summary);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::int64_t calls = 0;
      std::string name;
      if (words >> calls >> name && name != "total") syncs.seen += calls;
    }
    return syncs;
  }
  static bool can_trace() { return run("strace -f -c -e trace=fsync true").exit_code == 0; }
};

TEST_F(CountedSyncs, RawlogReportsEachOfItsSyncs) {
  if (!can_trace()) GTEST_SKIP() << "strace cannot trace here";
  const Syncs small = count("rawlog --concurrency 1", 100);
  const Syncs large = count("rawlog --concurrency 1", 300);
  EXPECT_EQ(large.reported, 300);
  EXPECT_EQ(large.seen - small.seen, large.reported - small.reported);
  EXPECT_GE(large.seen, large.reported);
}

TEST_F(CountedSyncs, ASequentialStepIsOneSync) {
  if (!can_trace()) GTEST_SKIP() << "strace cannot trace here";
  const Syncs small = count("seq --concurrency 1", 20);
  const Syncs large = count("seq --concurrency 1", 70);
  EXPECT_NEAR(static_cast<double>(large.seen - small.seen),
              static_cast<double>(large.reported - small.reported), 5);
  // The start is one, and each of the ten results.
  EXPECT_NEAR(static_cast<double>(large.reported) / 70, 11, 0.5);
}

}  // namespace
}  // namespace eventual::bench
