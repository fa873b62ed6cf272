// Seed after seed, and what is reported of the one that fails.
#include "eventual/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "testing/checks.hpp"
#include "testing/random_plan.hpp"
#include "testing/shrink.hpp"
#include "testing/simulated_core.hpp"

namespace eventual {

std::uint64_t SimulationReport::faults_total() const noexcept {
  std::uint64_t total = 0;
  for (const FaultCount& fault : faults) total += fault.count;
  return total;
}

struct Simulation::Core {
  struct Outcome {
    std::optional<std::string> failure;
    std::uint64_t steps = 0;
    std::uint64_t executions = 0;
    std::uint32_t requests = 0;
    std::uint64_t crashes = 0;
    std::vector<std::uint64_t> faults;
  };

  Core(Service& simulated, SimulationOptions given)
      : service(simulated), options(std::move(given)) {}

  Outcome run_seed(std::uint64_t seed, const SimulationOptions& run_options) {
    Outcome outcome;
    SimulatedRun::Core core(service, run_options, seed);
    SimulatedRun run(core);
    try {
      if (plan) {
        plan(run);
      } else {
        testing::plan_at_random(run, service.declarations(), run_options);
      }
      outcome.requests = core.end_plan();
      core.run();
      outcome.executions = check(core, run);
    } catch (const std::exception& error) {
      outcome.failure = text_of(error);
      if (run_options.trace) run_options.trace("failed: " + *outcome.failure);
    }
    outcome.steps = core.steps;
    outcome.crashes = core.crashes;
    outcome.faults = core.fault_counts;
    return outcome;
  }

  static std::string text_of(const std::exception& error) {
    const auto* named = dynamic_cast<const Error*>(&error);
    return named == nullptr ? error.what() : named->name() + ": " + named->message();
  }

  /// The number of executions.
  std::uint64_t check(SimulatedRun::Core& core, SimulatedRun& run) {
    for (const testing::Request& request : core.clients.requests()) {
      testing::check_answer(core.store(), request);
      core.deliveries.check_answer(request);
    }
    core.deliveries.check_log();
    core.deliveries.check_all_delivered(core.subscriptions());
    const std::vector<std::string> ids = run.executions();
    for (const std::string& id : ids) {
      const testing::Story story = testing::read_story(core.store(), id).value();
      testing::check_history(service.declarations(), story, core.latest());
      core.deliveries.check_emitted(story);
      testing::check_can_wake(core.store(), core.view(id));
    }
    for (const auto& [name, holds] : invariants) {
      try {
        holds(run);
      } catch (const std::exception& error) {
        throw Error("Invariant", fmt::format("'{}' does not hold: {}", name, text_of(error)));
      }
    }
    return ids.size();
  }

  SimulationFailure describe_failure(std::uint64_t seed, const Outcome& outcome) {
    std::string reason = *outcome.failure;
    SimulationOptions smallest = options;
    if (options.shrink) {
      smallest = testing::shrink(options, outcome.requests, outcome.steps,
                                 [&](const SimulationOptions& candidate) {
                                   Outcome tried = run_seed(seed, candidate);
                                   if (tried.failure) reason = std::move(*tried.failure);
                                   return tried.failure.has_value();
                                 });
    }
    return {seed, std::move(reason), testing::reproduction(seed, smallest)};
  }

  Service& service;
  SimulationOptions options;
  std::function<void(SimulatedRun&)> plan;
  std::vector<std::pair<std::string, std::function<void(SimulatedRun&)>>> invariants;
};

Simulation::Simulation(Service& service, SimulationOptions options)
    : core_(std::make_unique<Core>(service, std::move(options))) {}
Simulation::~Simulation() = default;

Simulation& Simulation::scenario(std::function<void(SimulatedRun&)> plan) {
  core_->plan = std::move(plan);
  return *this;
}

Simulation& Simulation::invariant(std::string name, std::function<void(SimulatedRun&)> check) {
  core_->invariants.emplace_back(std::move(name), std::move(check));
  return *this;
}

SimulationReport Simulation::run(const std::function<void(const SimulationReport&)>& progress) {
  const auto& defects = core_->service.declarations().defects();
  if (!defects.empty()) {
    throw Error(std::string(error_names::k_invalid_input),
                fmt::format("the declarations of {} are wrong: {}", core_->service.name(),
                            defects.front().message));
  }
  SimulationReport report;
  for (const testing::FaultKind& kind : testing::fault_kinds())
    report.faults.push_back({std::string(kind.name), 0});
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < core_->options.seeds; ++i) {
    const auto spent =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
    if (spent >= core_->options.time_limit) break;
    const std::uint64_t seed = core_->options.first_seed + i;
    const Core::Outcome outcome = core_->run_seed(seed, core_->options);
    ++report.seeds_run;
    report.steps += outcome.steps;
    report.executions += outcome.executions;
    report.requests += outcome.requests;
    report.crashes += outcome.crashes;
    for (std::size_t kind = 0; kind < outcome.faults.size(); ++kind)
      report.faults[kind].count += outcome.faults[kind];
    if (outcome.failure) report.failure = core_->describe_failure(seed, outcome);
    if (progress) progress(report);
    if (report.failure) break;
  }
  return report;
}

}  // namespace eventual
