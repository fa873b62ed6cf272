// Changes of entities under every fault of the simulator: each version of an item is told, in its
// order, whoever writes and whatever crashes; and a host that forgets to tell is found out.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "eventual/testing.hpp"
#include "testing/planted_defects.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

struct Purse {
  std::string id;
  std::int64_t coins = 0;
};
struct Move {
  std::string from;
  std::string to;
};

struct Moving {
  Service service{"moving"};
  const ServiceEntity<Purse, std::string> purses = service.entity("purses", key(&Purse::id));
  const Subscription watching =
      purses.on_change("watching", {.retry = {.max_attempts = 4, .initial_interval = 1s}},
                       [](const EntityChange<Purse>& change) {
                         if (!change.now) throw Error("Removed", "nobody removes a purse");
                       });
  const Transaction<Move, void> move =
      service.transaction("move", [this](const Move& input, TransactionContext& tx) {
        for (const std::string& id : {input.from, input.to}) {
          Purse purse = tx.get(purses, id).value_or(Purse{id});
          purse.coins += id == input.from ? -1 : 1;
          tx.put(purses, purse);
        }
      });
  const Task<std::string, void> fill =
      service.task("fill", {.retry = {.max_attempts = 3}},
                   [this](const std::string& id) { purses.put({id, 10}).get(); });
  const Workflow<std::int64_t, void> tour =
      service.workflow("tour", [](std::int64_t seed) -> Future<void> {
        constexpr Transaction<Move, void> move_in("move");
        constexpr Task<std::string, void> fill_in("fill");
        constexpr Entity<Purse, std::string> all("purses");
        for (std::int64_t i = 0; i < 4; ++i) {
          const std::string from = "p" + std::to_string((seed + i) % 3);
          const std::string to = "p" + std::to_string((seed + i + 1) % 3);
          (void)co_await settle(move_in({from, to}));
          if (i == 1) (void)co_await settle(fill_in(from));
          if (i == 2) (void)co_await settle(all.put({to, 5}));
        }
      });

  SimulationReport simulate(std::uint64_t seeds, testing::PlantedDefect defect) {
    SimulationOptions options{.seeds = seeds, .shrink = false};
    options.planted_defect = static_cast<std::uint8_t>(defect);
    Simulation simulation(service, options);
    simulation.scenario([this](SimulatedRun& run) {
      for (std::int64_t i = 0; i < 4; ++i)
        run.start(tour, i, "t" + std::to_string(i), run.random_duration(2s));
    });
    simulation.invariant("each version of a purse is told in its order", [](SimulatedRun& run) {
      std::map<std::string, std::uint64_t> told;
      for (const Json& event : run.events()) {
        const std::uint64_t version = event["payload"]["version"].as_uint64();
        if (version != ++told[event["key"].as_string()]) {
          throw Error("Violated", event["key"].as_string() + " has version " +
                                      std::to_string(version) + " where " +
                                      std::to_string(told[event["key"].as_string()]) + " follows");
        }
      }
      if (told.empty()) throw Error("Violated", "nothing was told");
    });
    return simulation.run();
  }
};

TEST(EntityChangesSimulation, FindsNothingInASoundHost) {
  Moving moving;
  const char* more = std::getenv("EVENTUAL_SEEDS");  // a longer look than the default
  const SimulationReport report = moving.simulate(
      more == nullptr ? 60 : std::strtoull(more, nullptr, 10), testing::PlantedDefect::none);
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
  EXPECT_GT(report.crashes, 0U);
}

TEST(EntityChangesSimulation, FindsAHostThatForgetsToTell) {
  Moving moving;
  const SimulationReport report = moving.simulate(10'000, testing::PlantedDefect::forgets_changes);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.failure->reason.find("each version of a purse is told"), std::string::npos)
      << report.failure->reason;
}

}  // namespace
}  // namespace eventual
