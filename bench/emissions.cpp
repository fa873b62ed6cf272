// Events: each goes to three subscriptions.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/emissions.hpp"
#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"

namespace eventual::bench {

Measurement run_events(const Options& options) {
  // Shared with the handlers: a late one may come while nothing is measured any more.
  const auto current = std::make_shared<std::atomic<Emissions*>>(nullptr);
  g_on_delivery = [current](std::uint64_t index) {
    if (Emissions* emissions = current->load()) emissions->delivered(index);
  };
  const Running running = start_node(options);
  Drive::Plan plan = drive_plan(options);
  plan.first = options.warm_up;
  Drive::Plan warm_up_plan = drive_plan(options);
  warm_up_plan.count = options.warm_up;
  // Both live until the node has stopped: deliveries may come twice.
  Emissions warm_up(*running.node, warm_up_plan);
  Emissions emissions(*running.node, plan);
  Measurement measurement;
  if (options.warm_up > 0) {
    Measurement ignored;
    current->store(&warm_up);
    warm_up.run(ignored);
    if (ignored.figures.errors > 0) throw Error("WarmUp", ignored.first_error);
  }
  current->store(&emissions);
  const Meter meter(running.store);
  emissions.run(measurement);
  meter.finish(measurement.figures);
  running.node->stop(std::chrono::seconds(10));
  current->store(nullptr);
  measurement.details = {
      {"deliveries_per_s", static_cast<double>(k_subscriptions * measurement.figures.done) /
                               measurement.figures.elapsed_s},
      {"deliveries_repeated", static_cast<double>(emissions.repeated())}};
  return measurement;
}

}  // namespace eventual::bench
