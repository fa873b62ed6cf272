// Workflow code that does not give back is noticed and named.
#include "host/turn_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Line {
  LogLevel level;
  std::string execution;
  std::string message;
};

/// What was logged, and a gate that opens with the first line. shared: with the log.
struct Lines {
  std::mutex mutex;
  std::vector<Line> all;
  Gate logged;

  static engine::LogSink sink(const std::shared_ptr<Lines>& lines) {
    return [lines](LogLevel level, std::string_view execution, std::string_view message) {
      {
        const std::lock_guard lock(lines->mutex);
        lines->all.push_back({level, std::string(execution), std::string(message)});
      }
      lines->logged.open();
    };
  }
  Line first(LogLevel level) {
    const std::lock_guard lock(mutex);
    for (const Line& line : all) {
      if (line.level == level) return line;
    }
    return {level, "", "nothing was logged"};
  }
};

TEST(TurnWatch, NamesTheExecutionWhoseCodeDoesNotGiveBack) {
  const auto lines = std::make_shared<Lines>();
  TurnWatch watch(nullptr, Lines::sink(lines), 1ms);
  EXPECT_EQ(watch.running(), 0U);
  watch.begin({"billing/b-1", 1});
  EXPECT_NE(watch.running(), 0U);
  lines->logged.pass();
  const Line warning = lines->first(LogLevel::warn);
  EXPECT_EQ(warning.execution, "billing/b-1");
  EXPECT_THAT(warning.message, HasSubstr("without waiting for anything"));
  EXPECT_THAT(warning.message, HasSubstr("belongs in a task"));
  EXPECT_THAT(watch.slow(), HasSubstr("billing/b-1"));
  watch.end();
  EXPECT_EQ(watch.slow(), "");
  EXPECT_EQ(watch.running(), 0U);
}

TEST(TurnWatch, ACallWithinAnotherBelongsToIt) {
  TurnWatch watch(nullptr, [](LogLevel, std::string_view, std::string_view) {});
  watch.begin({"outer/o", 1});
  const std::uint64_t outer = watch.running();
  watch.begin({"inner/i", 1});
  EXPECT_EQ(watch.running(), outer);
  EXPECT_EQ(watch.execution(), "outer/o");
  watch.end();
  EXPECT_EQ(watch.running(), outer);
  watch.end();
  EXPECT_EQ(watch.running(), 0U);
  watch.begin({"outer/o", 1});
  EXPECT_NE(watch.running(), outer) << "each stretch has a number of its own";
  watch.end();
}

/// Shared by the workflow, which captures nothing, and the test.
struct Loop {
  Gate entered;
  std::atomic<bool> released{false};
};
std::shared_ptr<Loop> g_loop;

TEST(TurnWatch, AStopDoesNotWaitForCodeThatDoesNotGiveBack) {
  g_loop = std::make_shared<Loop>();
  const auto loop = g_loop;
  Service service("loops");
  (void)service.workflow("spin", []() -> Future<void> {
    const auto mine = g_loop;
    mine->entered.open();
    while (!mine->released.load()) std::this_thread::yield();
    co_return;
  });
  const auto lines = std::make_shared<Lines>();
  auto node = start_node(service, memory_store(), {.log = Lines::sink(lines)});
  node->start({.workflow = "spin", .name = "s", .input_json = "null", .timeout = {}},
              [](const Result<ports::StartReply>&) {});
  loop->entered.pass();
  EXPECT_FALSE(node->stop(0ms));
  const Line error = lines->first(LogLevel::error);
  EXPECT_EQ(error.execution, "spin/s");
  EXPECT_THAT(error.message, HasSubstr("the service stops without it"));
  loop->released.store(true);
  node.reset();  // waits for it
  g_loop.reset();
}

}  // namespace
}  // namespace eventual::host
