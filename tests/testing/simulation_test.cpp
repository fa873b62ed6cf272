// The simulator on small services: sound ones pass, and defects of a service are found and
// reproduced.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "eventual/testing.hpp"
#include "testing/busy.hpp"
#include "testing/planted_defects.hpp"

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
  EXPECT_GT(report.faults_total(), report.crashes);
}

TEST(Simulation, TheSameSeedIsTheSameRun) {
  std::vector<SimulationReport> reports;
  for (int i = 0; i < 2; ++i) {
    Sound sound;
    reports.push_back(Simulation(sound.service, {.first_seed = 77, .seeds = 20}).run());
  }
  EXPECT_EQ(reports[0].steps, reports[1].steps);
  EXPECT_EQ(reports[0].faults_total(), reports[1].faults_total());
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

TEST(Simulation, ARunThatNeverRestsNamesWhatGoesOnForEver) {
  Service service{"clock"};
  (void)service.workflow("tick", []() -> Future<void> {
    for (;;) co_await sleep_for(1h);
  });
  Simulation simulation(service, {.seeds = 1, .faults = Faults::none(), .steps_max = 200});
  simulation.scenario([](SimulatedRun& run) { run.start_json("tick", "null", "t-1", 0ms); });
  const SimulationReport report = simulation.run();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.failure->reason.find("still moving after 200 steps; timers are set by tick/t-1"),
            std::string::npos)
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

// --- what a scenario can do ---

/// A scenario without faults, whose outcome is known.
SimulationReport run_plainly(Service& service, std::function<void(SimulatedRun&)> plan,
                             std::function<void(SimulatedRun&)> check) {
  SimulationOptions options{.seeds = 10};
  options.faults = Faults::none();
  Simulation simulation(service, std::move(options));
  simulation.scenario(std::move(plan)).invariant("as planned", std::move(check));
  return simulation.run();
}

void expect_status(SimulatedRun& run, const std::string& id, const std::string& status) {
  const std::string found = run.view(id)["status"].as_string();
  if (found != status) throw Error("Status", id + " is " + found + ", not " + status);
}

struct Everything {
  Everything() { busy::declare(service); }
  Service service{"busy"};
};

TEST(Simulation, AScenarioMakesEveryKindOfRequest) {
  Everything everything;
  constexpr Workflow<busy::State, std::int64_t> counter("counter");
  constexpr Workflow<std::string, std::string> helper("helper");
  constexpr Command<busy::Job, std::string> begin("begin");
  constexpr Schedule night("night");
  const SimulationReport report = run_plainly(
      everything.service,
      [&](SimulatedRun& run) {
        const std::string counts =
            run.send_with_start(counter, busy::State{}, "c", busy::note, "x");
        run.update(counts, busy::add, busy::Add{5}, 10min);
        run.read_view(counts, 11min);
        run.send(counts, busy::stop, 12min);
        const std::string ended = run.start(helper, "a", "ended");
        run.terminate(ended, 1min);
        run.retry(ended, 2min);
        const std::string called_off = run.start(helper, "b", "cancelled");
        run.cancel(called_off, 1min);
        const std::string held = run.start(helper, "c", "held");
        run.pause(held, 1min);
        run.resume(held, 2h);
        run.fork(held, 1, "copy", 2min);
        run.call(begin, busy::Job{"j", 2}, 1min);
        run.trigger(night, 1min);
        run.pause(night, 20min);
        run.resume(night, 40min);
        run.backfill(night, 0min, 30min, 50min);
      },
      [&](SimulatedRun& run) {
        expect_status(run, "counter/c", "succeeded");
        if (run.view("counter/c")["result"].as_int64() < 5)
          throw Error("Update", "what was added is not in the result");
        expect_status(run, "helper/ended", "succeeded");
        if (run.view("helper/ended")["run"].as_uint64() != 2U)
          throw Error("Retry", "it was not run again");
        expect_status(run, "helper/cancelled", "cancelled");
        expect_status(run, "helper/held", "succeeded");
        expect_status(run, "helper/copy", "succeeded");
        expect_status(run, "job/begun-j", "succeeded");
        std::size_t nights = 0;
        for (const std::string& id : run.executions()) nights += id.starts_with("nightly/") ? 1 : 0;
        if (nights < 6) throw Error("Nights", std::to_string(nights));
      });
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
  EXPECT_EQ(report.faults_total(), 0U);
}

TEST(Simulation, AServiceThatUsesEverythingSurvivesEveryFault) {
  Everything everything;
  const SimulationReport report = Simulation(everything.service, {.seeds = 150}).run();
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
  for (const auto& fault : report.faults) EXPECT_GT(fault.count, 0U) << fault.name;
}

TEST(Simulation, RequestsThatAreLeftOutAreNotMade) {
  Everything everything;
  SimulationOptions options{.seeds = 1};
  options.only = {{1}};
  Simulation simulation(everything.service, options);
  simulation.scenario([](SimulatedRun& run) {
    for (const char* name : {"a", "b", "c"})
      run.start(Workflow<std::string, std::string>("helper"), "x", name);
  });
  std::vector<std::string> helpers;
  simulation.invariant("only the second", [&](SimulatedRun& run) {
    for (const std::string& id : run.executions())
      if (id.starts_with("helper/")) helpers.push_back(id);
  });
  EXPECT_TRUE(simulation.run().ok());
  EXPECT_EQ(helpers, std::vector<std::string>{"helper/b"});
}

TEST(Simulation, AfterTheCalmBeginsNoFaultHappens) {
  Sound sound;
  SimulationOptions options{.seeds = 20};
  options.calm_after = 0;
  EXPECT_EQ(Simulation(sound.service, options).run().faults_total(), 0U);
}

/// ev::now() as the code sees it, whatever is done to the machine's clock.
TEST(Simulation, TimeNeverRunsBackwardsForTheCodeThoughTheClockIsSetBack) {
  Service service{"clocks"};
  (void)service.task("work", [](std::int64_t n) { return n; });
  (void)service.workflow("watch", []() -> Future<void> {
    constexpr Task<std::int64_t, std::int64_t> work("work");
    Timestamp last = now();
    for (std::int64_t i = 0; i < 6; ++i) {
      const Timestamp due = now() + 10min;
      co_await sleep_for(10min);
      if (now() < due) throw Error("Early", "the timer");
      (void)co_await settle(work(i));
      if (now() < last) throw Error("Backwards", "the clock");
      last = now();
    }
  });
  SimulationOptions options{.seeds = 100};
  options.faults.clock_step = 0.1;
  Simulation simulation(service, options);
  simulation.scenario([](SimulatedRun& run) {
    for (const char* name : {"a", "b"})
      run.start_json("watch", "null", name, run.random_duration(10min));
  });
  simulation.invariant("its time is sound", [](SimulatedRun& run) {
    for (const std::string& id : run.executions()) expect_status(run, id, "succeeded");
  });
  const SimulationReport report = simulation.run();
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
}

TEST(Simulation, DeclarationsWithDefectsAreRefused) {
  Service service{"wrong"};
  (void)service.task("twice", [] {});
  (void)service.task("twice", [] {});
  Simulation simulation(service);
  EXPECT_THROW(simulation.run(), Error);
}

// --- defects that are there ---

const std::map<int, std::string>& planted_defects() {
  using Defect = eventual::testing::PlantedDefect;
  static const std::map<int, std::string> names{
      {static_cast<int>(Defect::acts_before_commit), "ActsBeforeCommit"},
      {static_cast<int>(Defect::ignores_write_error), "IgnoresWriteError"},
      {static_cast<int>(Defect::forgets_timers), "ForgetsTimers"},
      {static_cast<int>(Defect::loses_messages), "LosesMessages"},
      {static_cast<int>(Defect::forgets_active_rows), "ForgetsActiveRows"},
      {static_cast<int>(Defect::tears_batches), "TearsBatches"},
      {static_cast<int>(Defect::loses_turns), "LosesTurns"},
      {static_cast<int>(Defect::loses_signals), "LosesSignals"},
      {static_cast<int>(Defect::answers_before_commit), "AnswersBeforeCommit"},
      {static_cast<int>(Defect::records_results_twice), "RecordsResultsTwice"},
      {static_cast<int>(Defect::retry_loses_results), "RetryLosesResults"},
      {static_cast<int>(Defect::fires_timers_early), "FiresTimersEarly"},
      {static_cast<int>(Defect::stale_writer), "StaleWriter"},
      {static_cast<int>(Defect::delivers_twice), "DeliversTwice"},
  };
  return names;
}

/// Each defect that the host may have is found within 10,000 seeds.
class PlantedDefects : public ::testing::TestWithParam<int> {};

TEST_P(PlantedDefects, AreFound) {
  Everything everything;
  SimulationOptions options{.seeds = 10'000};
  options.planted_defect = static_cast<std::uint8_t>(GetParam());
  options.shrink = false;
  const SimulationReport report = Simulation(everything.service, options).run();
  ASSERT_FALSE(report.ok()) << "not found in " << report.seeds_run << " seeds";
  std::cout << planted_defects().at(GetParam()) << " found after " << report.seeds_run
            << " seeds: " << report.failure->reason << "\n";
}

INSTANTIATE_TEST_SUITE_P(Host, PlantedDefects,
                         ::testing::Range(1, eventual::testing::k_planted_defects + 1),
                         [](const auto& defect) { return planted_defects().at(defect.param); });

}  // namespace
}  // namespace eventual
