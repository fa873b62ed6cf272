// Pure tasks: no record of their attempts, and no commit between them.
#include <gtest/gtest.h>

#include <string>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

int g_runs = 0;

Service& service() {
  static Service made{"pure"};
  return made;
}
const auto twice = service().task("twice", {.pure = true}, [](std::int64_t number) {
  ++g_runs;
  return number * 2;
});
const auto note = service().task("note", [](std::int64_t number) { return number; });
const auto hint = service().signal<std::int64_t>("hint");
const auto chain = service().workflow("chain", [](std::int64_t steps) -> Future<std::int64_t> {
  std::int64_t value = 1;
  for (std::int64_t i = 0; i < steps; ++i) value = co_await twice(value);
  co_return value;
});
const auto mixed = service().workflow("mixed", [](std::int64_t steps) -> Future<std::int64_t> {
  std::int64_t value = 1;
  for (std::int64_t i = 0; i < steps; ++i) value = co_await twice(value);
  value = co_await note(value);
  for (std::int64_t i = 0; i < steps; ++i) value = co_await twice(value);
  value += co_await hint.expect();
  co_return value;
});

TEST(PureTasks, ASequenceOfThemTakesTwoCommits) {
  World world(service());
  const std::size_t before = world.commits;
  const std::string id = world.start(chain, std::int64_t{10});
  EXPECT_EQ(world.view(id).result_json, "1024");
  EXPECT_EQ(world.commits - before, 2U) << "the start and the close";
  EXPECT_EQ(world.replay_difference(id), "");
}

TEST(PureTasks, TheirCallsAndResultsAreInTheHistoryAllTheSame) {
  World world(service());
  const std::string id = world.start(chain, std::int64_t{3});
  EXPECT_EQ(world.history_types(id),
            (std::vector<std::string>{"execution_started", "task_scheduled", "task_succeeded",
                                      "task_scheduled", "task_succeeded", "task_scheduled",
                                      "task_succeeded", "execution_succeeded"}));
}

TEST(PureTasks, AnOrdinaryCallWritesWhatCameBefore) {
  World world(service());
  world.run_tasks = false;
  world.engine().start({"mixed", "one", "3", {}}, [](auto) {}, world.now);
  while (world.engine().has_output()) world.commit();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(world.attempts.size(), 1U);
    EXPECT_EQ(world.attempts.front().definition->name, "twice");
    world.run_attempt();
    while (world.engine().has_output()) world.commit();
  }
  ASSERT_EQ(world.attempts.front().definition->name, "note");
  world.restart();  // what led to the note is not run again
  const int before = g_runs;
  world.run_tasks = true;
  world.settle();
  EXPECT_EQ(g_runs - before, 3);
  EXPECT_TRUE(world.signal("mixed/one", "hint", "5").ok());
  EXPECT_EQ(world.view("mixed/one").result_json, "69");
  EXPECT_EQ(world.replay_difference("mixed/one"), "");
}

TEST(PureTasks, AKillInTheMiddleRunsThemAgain) {
  World world(service());
  world.run_tasks = false;
  world.engine().start({"chain", "one", "5", {}}, [](auto) {}, world.now);
  while (world.engine().has_output()) world.commit();
  world.run_attempt();
  while (world.engine().has_output()) world.commit();
  world.run_attempt();
  world.restart();
  world.run_tasks = true;
  world.settle();
  EXPECT_EQ(world.view("chain/one").result_json, "32");
  EXPECT_EQ(world.replay_difference("chain/one"), "");
}

TEST(PureTasks, ALongSequenceIsWrittenFromTimeToTime) {
  World world(service());
  const std::string id = world.start(chain, std::int64_t{60});
  EXPECT_EQ(world.view(id).status, "succeeded");
  const std::string longer =
      world.start(service().workflow("longer",
                                     [](std::int64_t) -> Future<std::int64_t> {
                                       for (int i = 0; i < 300; ++i) co_await twice(1);
                                       co_return 1;
                                     }),
                  std::int64_t{0}, "two");
  EXPECT_EQ(world.view(longer).status, "succeeded");
  EXPECT_EQ(world.replay_difference(longer), "");
}

}  // namespace
}  // namespace eventual::engine
