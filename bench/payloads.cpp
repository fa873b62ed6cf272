// Values of all sizes, by each way in: how long they take, and how often they are written.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "bench/emissions.hpp"
#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"

namespace eventual::bench {
namespace {

struct Size {
  const char* name;
  std::size_t bytes;
  std::uint64_t percent;  ///< of the executions: the largest are few, they would fill the disk
};
constexpr std::array k_sizes = {Size{"1_kb", 1U << 10, 40},     Size{"16_kb", 16U << 10, 40},
                                Size{"256_kb", 256U << 10, 12}, Size{"1_mb", 1U << 20, 5},
                                Size{"4_mb", 4U << 20, 2},      Size{"16_mb", 16U << 20, 1}};

std::uint64_t share_of(std::uint64_t count, const Size& size) { return count * size.percent / 100; }
std::uint64_t larger_than_first(std::uint64_t count) {
  std::uint64_t others = 0;
  for (std::size_t i = 1; i < k_sizes.size(); ++i) others += share_of(count, k_sizes[i]);
  return others;
}

/// `task`: an input that is a task's, its result and the execution's. `child`: likewise of a child.
/// `signal`: a payload that becomes the result. `event`: one to three subscriptions.
enum class Way : std::uint8_t { task, child, signal, event };
constexpr std::array k_ways = {Way::task, Way::child, Way::signal, Way::event};
const char* name_of(Way way) {
  switch (way) {
    case Way::task:
      return "task";
    case Way::child:
      return "child";
    case Way::signal:
      return "signal";
    case Way::event:
      return "event";
  }
  return "";
}
std::string_view workflow_of(Way way) {
  if (way == Way::task) return names::k_echo;
  return way == Way::child ? names::k_parent : names::k_receiver;
}

Plan plan_of(const Options& options, Way way, std::size_t bytes) {
  Plan plan = payload_plan(options, workflow_of(way));
  if (way != Way::signal) {
    plan.request = [bytes, way](std::uint64_t index) {
      return ports::StartRequest{.workflow = std::string(workflow_of(way)),
                                 .name = {},
                                 .input_json = payload_json(index, bytes),
                                 .timeout = {}};
    };
  } else {
    plan.until = Plan::Until::signalled;
    plan.signal = [bytes](std::uint64_t index) { return payload_json(index, bytes); };
  }
  plan.correct = [bytes](std::uint64_t index, const ports::ExecutionView& view) {
    return view.result_json == payload_json(index, bytes);
  };
  return plan;
}

void add(const Measurement& part, Measurement& all) {
  all.figures.done += part.figures.done;
  all.figures.errors += part.figures.errors;
  all.figures.elapsed_s += part.figures.elapsed_s;
  all.figures.latency.add(part.figures.latency);
  if (all.first_error.empty()) all.first_error = part.first_error;
}

}  // namespace

Measurement run_payload(const Options& options) {
  const auto current = std::make_shared<std::atomic<Emissions*>>(nullptr);
  g_on_delivery = [current](std::uint64_t index) {
    if (Emissions* emissions = current->load()) emissions->delivered(index);
  };
  engine::Options engine_options;
  engine_options.payload_bytes_max = base::k_payload_limit_most;
  const Running running = start_node(options, engine_options);
  Measurement measurement;
  // They live until the node has stopped: deliveries may come twice.
  std::vector<std::unique_ptr<Emissions>> emissions;
  const Meter meter(running.store);
  const std::uint64_t all = options.count;
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < k_sizes.size(); ++i) {
    const Size& size = k_sizes[i];
    const std::uint64_t count = i == 0 ? all - larger_than_first(all) : share_of(all, size);
    for (const Way way : k_ways) {
      const std::uint64_t others = count / k_ways.size();
      const std::uint64_t here = way == Way::task ? count - (k_ways.size() - 1) * others : others;
      if (here == 0) continue;
      Drive::Plan drive = drive_plan(options);
      drive.first = std::exchange(first, first + here);
      drive.count = here;
      const std::uint64_t before = running.store->figures().bytes_written;
      Measurement part;
      if (way == Way::event) {
        emissions.push_back(std::make_unique<Emissions>(*running.node, drive, size.bytes));
        current->store(emissions.back().get());
        emissions.back()->run(part);
      } else {
        Plan plan = plan_of(options, way, size.bytes);
        plan.drive = drive;
        Load(*running.node, std::move(plan)).run(part);
      }
      add(part, measurement);
      const std::string name = fmt::format("{}_{}", name_of(way), size.name);
      const auto written = static_cast<double>(running.store->figures().bytes_written - before);
      measurement.details.emplace_back("p50_ms_" + name, part.figures.latency.percentile_ms(0.5));
      measurement.details.emplace_back("written_per_byte_" + name,
                                       written / static_cast<double>(here * size.bytes));
    }
  }
  meter.finish(measurement.figures);
  running.node->stop(std::chrono::seconds(10));
  current->store(nullptr);
  return measurement;
}

}  // namespace eventual::bench
