// What a thread knows of the execution whose code it runs (clock, id, log) is that execution's own,
// however many run at once. Meant for the thread sanitizer too.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "eventual/testing.hpp"
#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using namespace std::chrono_literals;

/// Its tasks and workflows log their execution's id, which the log gives too.
struct Speaking {
  Service service{"speaking"};
  static inline Speaking* current = nullptr;  // workflows and their tasks capture nothing
  Speaking() { current = this; }
  ~Speaking() { current = nullptr; }

  Task<std::string, std::string> speak =
      service.task("speak", [](const std::string& name, TaskContext& context) -> std::string {
        const std::string before = this_execution().id;
        log_levels::info(before);
        sleep_for(1ms).get();  // gives its place to others
        log_levels::info(this_execution().id);
        if (this_execution().id != before || context.execution_id() != before)
          throw Error("Mixed", before + " became " + this_execution().id);
        return name;
      });
  Workflow<std::string, bool> talk = service.workflow("talk", [](std::string name) -> Future<bool> {
    const Timestamp began = now();
    const std::string own = this_execution().id;
    log_levels::info(own);
    bool right = own == "talk/" + name;
    for (int i = 0; i < 5; ++i) {
      const std::string spoken = co_await current->speak(name);
      log_levels::info(this_execution().id);
      right = right && spoken == name && this_execution().id == own && now() >= began;
    }
    co_return right;
  });
};

TEST(Contexts, ManyExecutionsOnManyThreadsKeepTheirIdAndTheirLog) {
  Speaking speaking;
  std::mutex mutex;
  std::vector<std::string> foreign;
  std::set<std::string> heard;
  NodeOptions options;
  options.log = [&](LogLevel, std::string_view id, std::string_view message) {
    const std::lock_guard lock(mutex);
    heard.emplace(id);
    if (id != message) foreign.push_back(std::string(id) + " said " + std::string(message));
  };
  const auto node = start_node(speaking.service, memory_store(), std::move(options));
  constexpr int k_executions = 60;
  for (int i = 0; i < k_executions; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_TRUE(start(*node, "talk", name, to_json(name)).ok());
  }
  for (int i = 0; i < k_executions; ++i)
    EXPECT_EQ(outcome(closed(*node, {"talk", std::to_string(i), 0})), "succeeded: true");
  const std::lock_guard lock(mutex);
  EXPECT_TRUE(foreign.empty()) << foreign.front();
  EXPECT_EQ(heard.size(), static_cast<std::size_t>(k_executions));
}

/// What one thread's environment saw that was not its own.
struct Stranger {
  std::atomic<int> seen{0};
};

TEST(Contexts, TwoThreadsOfExecutionsNeverSeeEachOthersClockOrLog) {
  // Two environments in two threads, years apart: each with handlers on threads of their own.
  Stranger strangers;
  const auto live = [&](std::int64_t year) {
    const Timestamp from = parse_iso8601(std::to_string(year) + "-01-01T00:00:00Z").value();
    const Timestamp to = from + 24h * 300;
    Service service{"calendar"};
    const auto in_range = [from, to](Timestamp time) { return time >= from && time <= to; };
    const Task<std::int64_t, bool> look =
        service.task("look", [in_range, year](std::int64_t asked) -> bool {
          log_levels::info(std::to_string(year));
          const bool before = in_range(now());
          sleep_for(1h).get();
          return before && in_range(now()) && asked == year;
        });
    (void)look;
    const Workflow<std::int64_t, std::vector<Timestamp>> days =
        service.workflow("days", [](std::int64_t asked) -> Future<std::vector<Timestamp>> {
          std::vector<Timestamp> seen;
          for (int day = 0; day < 30; ++day) {
            seen.push_back(now());
            log_levels::info(std::to_string(asked));
            if (!co_await Task<std::int64_t, bool>("look")(asked)) throw Error("Mixed", "clock");
            co_await sleep_for(24h);
          }
          co_return seen;
        });
    TestEnvironment env(service, {.start = from, .live_executions_max = 2});
    std::vector<TestExecution<std::vector<Timestamp>>> executions;
    for (int i = 0; i < 5; ++i) executions.push_back(env.start(days, year));
    env.tick(24h * 60);
    for (const auto& execution : executions) {
      for (const Timestamp time : execution.result()) {
        if (!in_range(time)) ++strangers.seen;
      }
    }
    for (const std::string& line : env.logs()) {
      if (line != "INFO " + std::to_string(year)) ++strangers.seen;
    }
    if (env.logs().size() != 5U * 30U * 2U) ++strangers.seen;
    env.replay_all();
  };
  std::thread first(live, 1980);
  std::thread second(live, 2040);
  first.join();
  second.join();
  EXPECT_EQ(strangers.seen, 0);
}

}  // namespace
}  // namespace eventual::host
