// Long histories: the cost of a step, and of replaying.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <variant>
#include <vector>

#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"
#include "engine/engine.hpp"
#include "workflow/executor.hpp"

namespace eventual::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

const std::string k_name = "one";

void start_long(host::Node& node, std::uint64_t steps) {
  static_cast<void>(wait_for<ports::StartReply>([&](auto done) {
    node.start({.workflow = std::string(names::k_long),
                .name = k_name,
                .input_json = long_json(steps),
                .timeout = {}},
               std::move(done));
  }));
}

ports::ExecutionRef the_long_one() { return {std::string(names::k_long), k_name, 0}; }

/// Waits until it waits for the signal: all its steps have run.
void wait_for_steps(host::Node& node, std::chrono::seconds patience) {
  const auto until = steady_clock::now() + patience;
  for (;;) {
    const auto view = wait_for<ports::ExecutionView>(
        [&](auto done) { node.describe(the_long_one(), std::move(done)); });
    if (view.status != "running") {
      throw Error("NotRunning", fmt::format("{} is {}: {}", view.execution.id(), view.status,
                                            view.error ? view.error->message() : ""));
    }
    if (view.waiting_for.size() == 1 && view.waiting_for[0].kind == "signal") return;
    if (steady_clock::now() > until) throw Timeout("the steps did not end");
    std::this_thread::sleep_for(2ms);
  }
}

}  // namespace

Measurement run_history(const Options& options) {
  if (options.count < 20)
    throw Error(std::string(error_names::k_invalid_input), "history needs at least 20 steps");
  Measurement measurement;
  std::vector<std::int64_t> times(options.count, 0);
  g_step_times_ns = times.data();
  {
    const Running running = start_node(options);
    const Meter meter(running.store);
    const auto began = steady_clock::now();
    start_long(*running.node, options.count);
    wait_for_steps(*running.node, 3600s);
    measurement.figures.elapsed_s =
        std::chrono::duration<double>(steady_clock::now() - began).count();
    meter.finish(measurement.figures);
    running.node->stop(10s);
  }
  Histogram first;
  Histogram last;
  const std::uint64_t tenth = options.count / 10;
  for (std::uint64_t i = 1; i < options.count; ++i) {
    const std::chrono::nanoseconds took(times[i] - times[i - 1]);
    measurement.figures.latency.add(took);
    if (i < tenth) first.add(took);
    if (i >= options.count - tenth) last.add(took);
  }

  // Cold: the next process knows nothing of it but its rows.
  const Running running = start_node(options);
  const auto began = steady_clock::now();
  static_cast<void>(wait_for<bool>([&](auto done) {
    running.node->signal({the_long_one(), std::string(names::k_go), payload_json(7), {}},
                         std::move(done));
  }));
  const auto view = wait_for<ports::ExecutionView>(
      [&](auto done) { running.node->wait_closed(the_long_one(), 60s, std::move(done)); });
  const double wake_up_s = std::chrono::duration<double>(steady_clock::now() - began).count();
  running.node->stop(10s);
  const bool good = view.status == "succeeded" && view.result_json == payload_json(7);
  measurement.figures.done = good ? 1 : 0;
  measurement.figures.errors = good ? 0 : 1;
  if (!good) measurement.first_error = "the long execution is " + view.status;
  measurement.details = {
      {"step_p50_ms_first_tenth", first.percentile_ms(0.5)},
      {"step_p50_ms_last_tenth", last.percentile_ms(0.5)},
      {"step_cost_growth", last.percentile_ms(0.5) / std::max(1e-9, first.percentile_ms(0.5))},
      {"cold_wake_up_s", wake_up_s}};
  return measurement;
}

Measurement run_replay(const Options& options) {
  // The history comes out of a real run; a store in memory is enough to make it.
  Options making = options;
  making.store = "memory";
  const Running running = start_node(making);
  start_long(*running.node, k_replay_steps);
  wait_for_steps(*running.node, 60s);
  const engine::StoredExecution stored =
      engine::read_execution(*const_cast<ports::Store*>(running.store), engine::Options().shards,
                             the_long_one().id(), 0)
          .value();
  running.node->stop(10s);

  const auto* definition = declarations().find_workflow(names::k_long);
  const auto* begin = std::get_if<model::ExecutionStarted>(&stored.turns.front().events.front());
  if (definition == nullptr || begin == nullptr)
    throw Error(std::string(error_names::k_internal), "the history has no start");
  std::uint64_t events = 0;
  for (const model::Turn& turn : stored.turns) events += turn.events.size() + turn.calls.size();
  const workflow::Identity identity{the_long_one().id(), 1, begin->derivation};
  const auto replay = [&](Measurement& measurement) {
    const auto began = steady_clock::now();
    workflow::Executor executor(declarations(), *definition, identity,
                                [](LogLevel, std::string_view) {});
    for (const model::Turn& turn : stored.turns) {
      executor.begin_replay(turn.at, turn.calls);
      for (const model::Event& event : turn.events) executor.apply(event);
      executor.end_turn();
    }
    measurement.figures.latency.add(steady_clock::now() - began);
    if (!executor.done() && executor.waiting().size() == 1) {
      ++measurement.figures.done;
    } else {
      ++measurement.figures.errors;
      measurement.first_error =
          executor.stuck() ? executor.stuck()->message() : "the replay ended elsewhere";
    }
  };
  Measurement ignored;
  for (std::uint64_t i = 0; i < options.warm_up; ++i) replay(ignored);
  Measurement measurement;
  const Meter meter(nullptr);
  const auto began = steady_clock::now();
  for (std::uint64_t i = 0; i < options.count; ++i) replay(measurement);
  measurement.figures.elapsed_s =
      std::chrono::duration<double>(steady_clock::now() - began).count();
  meter.finish(measurement.figures);
  measurement.details = {{"events_per_history", static_cast<double>(events)},
                         {"events_per_s", static_cast<double>(events * options.count) /
                                              measurement.figures.elapsed_s}};
  return measurement;
}

}  // namespace eventual::bench
