// Executions that are put away and read again: nobody can tell from what is recorded.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/mixed.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using namespace mixed;
using ports::Table;

std::vector<Plan> plans() {
  std::vector<Plan> all;
  base::Random random(7);
  for (int i = 0; i < 30; ++i) {
    Plan plan;
    for (int n = 0; n < 6; ++n) {
      plan.steps.push_back(
          static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(Step::count))));
    }
    plan.fails = random.one_in(4);
    all.push_back(std::move(plan));
  }
  return all;
}

void run_all(World& world) {
  world.start_json("sink", "null", "one").value();
  const std::vector<Plan> all = plans();
  for (std::size_t i = 0; i < all.size(); ++i) world.start(mix, all[i], std::to_string(i));
  for (int round = 0; round < 6; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (round < count_of(all[i], Step::signal)) {
        const std::string id = "mix/" + std::to_string(i);
        EXPECT_TRUE(world.signal(id, "poke", "null", "m" + std::to_string(round)).ok());
        EXPECT_TRUE(world.signal(id, "poke", "null", "m" + std::to_string(round)).ok());
      }
    }
    world.advance(3ms);
  }
  world.advance(1min);
}

TEST(EvictionTest, OneLiveExecutionGivesTheSameRowsAsManyDo) {
  World roomy(service());
  run_all(roomy);
  World tight(service(), {.live_executions_max = 1});
  run_all(tight);
  EXPECT_GT(tight.engine().figures().replays, roomy.engine().figures().replays);
  EXPECT_LE(tight.engine().figures().live, 1U);
  EXPECT_EQ(tight.engine().figures().attempts_in_flight, 0U);
  for (const Table table : {Table::executions, Table::history, Table::listing, Table::timers,
                            Table::active, Table::messages}) {
    EXPECT_EQ(tight.rows(table), roomy.rows(table)) << ports::table_name(table);
  }
  const std::vector<Plan> all = plans();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto view = tight.view("mix/" + std::to_string(i));
    if (all[i].fails) {
      EXPECT_EQ(view.error->message(), expected(all[i]));
    } else {
      EXPECT_EQ(view.result_json, to_json(expected(all[i])));
    }
  }
}

TEST(EvictionTest, AttemptsInFlightOutliveTheEvictionOfTheirExecution) {
  World world(service(), {.live_executions_max = 1});
  world.run_tasks = false;
  for (int i = 0; i < 10; ++i) {
    world.start(mix, Plan{{static_cast<std::int64_t>(Step::parallel)}, false}, std::to_string(i));
  }
  EXPECT_EQ(world.attempts.size(), 30U);
  EXPECT_LE(world.engine().figures().live, 1U);
  while (!world.attempts.empty()) {
    world.run_attempt();
    world.settle();
  }
  EXPECT_EQ(world.engine().figures().attempts_in_flight, 0U);
  world.run_tasks = true;
  world.advance(1s);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(world.view("mix/" + std::to_string(i)).result_json, R"("p")");
  EXPECT_TRUE(world.rows(Table::active).empty());
}

TEST(EvictionTest, TheLimitInTimeOfAnAttemptHoldsAfterAnEviction) {
  World world(service(), {.live_executions_max = 1});
  world.run_tasks = false;
  for (int i = 0; i < 3; ++i) {
    world.start(mix, Plan{{static_cast<std::int64_t>(Step::task)}, false}, std::to_string(i));
  }
  world.attempts.clear();
  world.advance(1min);
  EXPECT_EQ(world.stops.size(), 3U);
  world.advance(1s);
  EXPECT_EQ(world.attempts.size(), 3U) << "the second attempts";
}

}  // namespace
}  // namespace eventual::engine
