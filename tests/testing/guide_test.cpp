// The code of docs/workflows.md.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;

namespace {

ev::Service& guide() {
  static ev::Service service{"guide"};
  return service;
}

const auto add_one = guide().task("addOne", [](std::int64_t number) { return number + 1; });
const auto fails = guide().task(
    "fails", [](std::int64_t) -> std::int64_t { throw ev::Error("Broken", "it always is"); });
const auto stop = guide().signal("stop");

ev::Future<std::int64_t> add_two(std::int64_t number) {
  co_return co_await add_one(co_await add_one(number));
}

const auto futures =
    guide().workflow("futures", [](std::int64_t number) -> ev::Future<std::vector<std::int64_t>> {
      auto [a, b] = co_await ev::all(add_one(number), add_two(number));
      const std::vector<std::int64_t> numbers{10, 20, 30};
      std::vector<std::int64_t> mapped = co_await ev::map(numbers, add_one);
      const ev::Result<std::int64_t> broken = co_await ev::settle(fails(1));
      const std::int64_t first = co_await ev::any(fails(1), add_one(number));
      mapped.insert(mapped.end(), {a, b, broken ? 1 : 0, first});
      co_return mapped;
    });

const auto waits = guide().workflow("waits", []() -> ev::Future<std::string> {
  bool stopped = false;
  auto listening = stop.on([&] { stopped = true; });
  const bool in_time = co_await ev::condition([&] { return stopped; }, {.timeout = 15min});
  co_return in_time ? "stopped" : "went on";
});

TEST(Guide, FuturesCombine) {
  ev::TestEnvironment env(guide());
  EXPECT_EQ(env.start(futures, std::int64_t{1}).result(),
            (std::vector<std::int64_t>{11, 21, 31, 2, 3, 0, 2}));
  env.replay_all();
}

TEST(Guide, ConditionsEndByASignalOrByTime) {
  ev::TestEnvironment env(guide());
  const auto stopped = env.start(waits);
  const auto left_alone = env.start(waits);
  env.send(stopped, stop);
  env.tick(15min);
  EXPECT_EQ(stopped.result(), "stopped");
  EXPECT_EQ(left_alone.result(), "went on");
}

}  // namespace
