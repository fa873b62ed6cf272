// Transactions under every fault of the simulator: whatever crashes, they are serialisable and
// happen once; and a host that commits over changed rows is found out.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "eventual/testing.hpp"
#include "testing/virtual_host.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

struct Purse {
  std::string id;
  std::int64_t coins = 0;
};
/// A purse as a move found it.
struct Found {
  std::string purse;
  std::uint64_t version = 0;
  std::int64_t coins = 0;
  std::int64_t change = 0;
};
struct Tour {
  std::int64_t moves = 0;
  std::int64_t seed = 0;
};
struct Move {
  std::string from;
  std::string to;
};

struct Moving {
  Service service{"moving"};
  const ServiceEntity<Purse, std::string> purses = service.entity("purses", key(&Purse::id));
  /// The versions that the handler was told of, by purse.
  std::map<std::string, std::vector<std::uint64_t>> told;
  const Subscription telling =
      purses.on_change("telling", {.retry = {.max_attempts = 1'000, .max_interval = 10s}},
                       [this](const EntityChange<Purse>& change) {
                         told[change.now->id].push_back(change.version);
                       });
  const Transaction<Move, std::vector<Found>> move =
      service.transaction("move", [this](const Move& input, TransactionContext& tx) {
        std::vector<Found> found;
        const auto change = [&](const std::string& id, std::int64_t coins) {
          const auto before = tx.get_versioned(purses, id);
          const Purse purse = before ? before->value : Purse{id};
          found.push_back({id, before ? before->version : 0, purse.coins, coins});
          tx.put(purses, {id, purse.coins + coins});
        };
        change(input.from, -1);
        change(input.to, 1);
        return found;
      });
  const Workflow<Tour, std::vector<Found>> tour =
      service.workflow("tour", [](Tour input) -> Future<std::vector<Found>> {
        constexpr Transaction<Move, std::vector<Found>> move_in("move");
        std::vector<Found> all;
        for (std::int64_t i = 0; i < input.moves; ++i) {
          const std::int64_t from = (input.seed + i) % 3;
          const auto found = co_await move_in(
              {"p" + std::to_string(from), "p" + std::to_string((from + 1 + i % 2) % 3)});
          all.insert(all.end(), found.begin(), found.end());
          if (i % 2 == 1) co_await sleep_for(1s);
        }
        co_return all;
      });

  SimulationReport simulate(std::uint64_t seeds, testing::PlantedDefect defect) {
    SimulationOptions options;
    options.seeds = seeds;
    options.planted_defect = static_cast<std::uint8_t>(defect);
    Simulation simulation(service, options);
    simulation.scenario([this](SimulatedRun& run) {
      told.clear();
      for (std::int64_t i = 0; i < 4; ++i)
        run.start(tour, Tour{4, i}, "t" + std::to_string(i), Duration(run.random(2'000)));
    });
    simulation.invariant("moves happen one after another, each once", [](SimulatedRun& run) {
      std::map<std::string, std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>>> chain;
      for (const std::string& id : run.executions()) {
        const Json view = run.view(id);
        if (view["status"].as_string() != "succeeded")
          throw Error("Violated", id + " is " + view["status"].as_string());
        for (const Found& found : from_json<std::vector<Found>>(view["result"].dump()).value()) {
          const bool first = chain[found.purse]
                                 .emplace(found.version, std::pair(found.coins, found.change))
                                 .second;
          if (!first)
            throw Error("Violated", found.purse + " was changed twice in version " +
                                        std::to_string(found.version));
        }
      }
      for (const auto& [purse, versions] : chain) {
        std::uint64_t next = 0;
        std::int64_t coins = 0;
        for (const auto& [version, change] : versions) {
          if (version != next++)
            throw Error("Violated", purse + " has a version that no move made: before " +
                                        std::to_string(version));
          if (change.first != coins)
            throw Error("Violated",
                        purse + " had other coins in version " + std::to_string(version));
          coins += change.second;
        }
      }
    });
    simulation.invariant("each change is told, in order", [this](SimulatedRun& run) {
      std::map<std::string, std::uint64_t> last;
      for (const std::string& id : run.executions()) {
        const Json result = run.view(id)["result"];
        for (const Found& found : from_json<std::vector<Found>>(result.dump()).value())
          last[found.purse] = std::max(last[found.purse], found.version + 1);
      }
      for (const auto& [purse, version] : last) {
        std::uint64_t next = 1;
        for (const std::uint64_t heard : told[purse]) {
          if (heard > next)
            throw Error("Violated", purse + ": " + std::to_string(heard) + " was told before " +
                                        std::to_string(next));
          if (heard == next) ++next;  // else it is told again
        }
        if (next != version + 1)
          throw Error("Violated", purse + ": " + std::to_string(next) + " was not told");
      }
    });
    return simulation.run();
  }
};

TEST(TransactionSimulation, FindsNothingInASoundHost) {
  Moving moving;
  const SimulationReport report = moving.simulate(60, testing::PlantedDefect::none);
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
  EXPECT_GT(report.crashes, 0U);
}

TEST(TransactionSimulation, FindsAHostThatSkipsPreconditions) {
  Moving moving;
  const SimulationReport report = moving.simulate(60, testing::PlantedDefect::skips_preconditions);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.failure->reason.find("moves happen one after another"), std::string::npos)
      << report.failure->reason;
}

}  // namespace
}  // namespace eventual
