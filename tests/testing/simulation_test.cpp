// The simulator on small services: sound ones pass, and defects of a service are found and
// reproduced.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

struct Job {
  std::string id;
  std::int64_t parts = 0;
};

struct Sound {
  Service service{"sound"};
  std::map<std::string, int> done;  // by idempotency key
  const Task<std::int64_t, std::int64_t> work =
      service.task("work", {.timeout = 1min, .retry = {.max_attempts = 20, .initial_interval = 1s}},
                   [](std::int64_t part) { return part * 2; });
  const Signal<std::string> hurry = service.signal<std::string>("hurry");
  const Workflow<std::string, std::string> helper =
      service.workflow("helper", [](std::string text) -> Future<std::string> {
        co_await sleep_for(5min);
        co_return "helped " + text;
      });
  const Workflow<Job, std::string> run =
      service.workflow("run", [](Job job) -> Future<std::string> {
        constexpr Task<std::int64_t, std::int64_t> work_task("work");
        constexpr Signal<std::string> hurry_signal("hurry");
        constexpr Workflow<std::string, std::string> helper_workflow("helper");
        int hurried = 0;
        auto listening = hurry_signal.on([&](std::string) { ++hurried; });
        std::int64_t total = 0;
        for (std::int64_t part = 0; part < job.parts % 5; ++part) total += co_await work_task(part);
        const bool told = co_await condition([&] { return hurried > 0; }, {.timeout = 20min});
        std::string helped = co_await helper_workflow(job.id);
        std::vector<Future<std::int64_t>> many;
        for (std::int64_t part = 0; part < 3; ++part) many.push_back(work_task(part));
        for (const std::int64_t value : co_await all(std::move(many))) total += value;
        co_return helped + (told ? " hurried" : "") + " " + std::to_string(total);
      });
};

TEST(Simulation, ASoundServiceSurvivesEveryFault) {
  Sound sound;
  const char* more = std::getenv("EVENTUAL_SEEDS");  // a longer look than the default
  const std::uint64_t seeds = more == nullptr ? 150 : std::strtoull(more, nullptr, 10);
  Simulation simulation(sound.service, {.seeds = seeds});
  const SimulationReport report = simulation.run();
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
  EXPECT_EQ(report.seeds_run, seeds);
  EXPECT_GT(report.crashes, 0U);
  EXPECT_GT(report.faults, report.crashes);
}

TEST(Simulation, TheSameSeedIsTheSameRun) {
  std::vector<SimulationReport> reports;
  for (int i = 0; i < 2; ++i) {
    Sound sound;
    reports.push_back(Simulation(sound.service, {.first_seed = 77, .seeds = 20}).run());
  }
  EXPECT_EQ(reports[0].steps, reports[1].steps);
  EXPECT_EQ(reports[0].faults, reports[1].faults);
}

TEST(Simulation, AnInvariantThatDoesNotHoldIsReportedWithTheLineThatShowsItAgain) {
  Sound sound;
  const auto no_hurry = [](SimulatedRun& run) {
    for (const std::string& id : run.executions()) {
      const Json view = run.view(id);
      if (view["result"].is_string() &&
          view["result"].as_string().find("hurried") != std::string::npos) {
        throw Error("Hurried", id);
      }
    }
  };
  Simulation simulation(sound.service, {.seeds = 1000});
  simulation.invariant("nobody hurries", no_hurry);
  const SimulationReport report = simulation.run();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.failure->reason.find("nobody hurries"), std::string::npos);
  EXPECT_NE(report.failure->reproduce.find("sim --seed "), std::string::npos);
}

TEST(Simulation, AWorkflowThatReadsTheOutsideIsCaughtByItsReplay) {
  static int g_runs = 0;  // code that is not a function of its history
  Service service{"unsound"};
  const auto work = service.task("work", [](std::int64_t part) { return part; });
  (void)work;
  (void)service.workflow("run", [](std::int64_t) -> Future<std::int64_t> {
    constexpr Task<std::int64_t, std::int64_t> work_task("work");
    co_return co_await work_task(++g_runs);
  });
  const SimulationReport report = Simulation(service, {.seeds = 50}).run();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.failure->reason.find("DeterminismError"), std::string::npos)
      << report.failure->reason;
}

TEST(Simulation, AServiceThatChargesTwiceIsFound) {
  static std::map<std::string, int> g_charges;
  Service service{"shop"};
  (void)service.task("charge", [](const std::string& order) {
    g_charges[order]++;
  });  // ignores its idempotency key
  (void)service.workflow("order", [](std::string order) -> Future<void> {
    constexpr Task<std::string, void> charge("charge");
    co_await charge(order);
  });
  Simulation simulation(service, {.seeds = 500});
  simulation.scenario([](SimulatedRun& run) {
    g_charges.clear();
    for (int i = 0; i < 4; ++i) {
      const std::string name = "o-" + std::to_string(i);
      run.start_json("order", "\"" + name + "\"", name,
                     Duration(static_cast<std::int64_t>(run.random(1000))));
    }
  });
  simulation.invariant("nobody pays twice", [](SimulatedRun&) {
    for (const auto& [order, times] : g_charges) {
      if (times > 1) throw Error("Twice", order);
    }
  });
  const SimulationReport report = simulation.run();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.failure->reason.find("nobody pays twice"), std::string::npos);
}

TEST(Simulation, AForgottenCompensationIsFound) {
  static int g_charged = 0;
  static int g_refunded = 0;
  Service service{"shop"};
  (void)service.task("charge", {.delivery = Delivery::at_most_once}, [] { ++g_charged; });
  (void)service.task("refund", [] { ++g_refunded; });
  (void)service.task("ship", {.retry = {.max_attempts = 2}}, [] {});
  (void)service.workflow("order", []() -> Future<void> {
    constexpr Task<void, void> charge("charge");
    constexpr Task<void, void> ship("ship");
    co_await charge();
    co_await ship();  // when it fails the customer has paid for nothing: the saga is missing
  });
  Simulation simulation(service, {.seeds = 500});
  simulation.scenario([](SimulatedRun& run) {
    g_charged = g_refunded = 0;
    run.start_json("order", "null", "one", Duration(0));
  });
  simulation.invariant("who has paid gets the goods or the money", [](SimulatedRun& run) {
    for (const std::string& id : run.executions()) {
      if (run.view(id)["status"].as_string() == "failed" && g_charged > g_refunded)
        throw Error("PaidForNothing", id);
    }
  });
  const SimulationReport report = simulation.run();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.failure->reason.find("who has paid"), std::string::npos)
      << report.failure->reason;
}

/// Each defect that the host may have is found within 10,000 seeds.
class PlantedDefects : public testing::TestWithParam<int> {};

TEST_P(PlantedDefects, AreFound) {
  Sound sound;
  SimulationOptions options{.seeds = 10'000};
  options.planted_defect = static_cast<std::uint8_t>(GetParam());
  const SimulationReport report = Simulation(sound.service, options).run();
  ASSERT_FALSE(report.ok()) << "not found in " << report.seeds_run << " seeds";
  RecordProperty("seeds", static_cast<int>(report.seeds_run));
  RecordProperty("reason", report.failure->reason);
}

INSTANTIATE_TEST_SUITE_P(Host, PlantedDefects, testing::Range(1, 9));

}  // namespace
}  // namespace eventual
