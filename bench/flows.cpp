// Executions that run from start to end.
#include <algorithm>
#include <array>
#include <chrono>

#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"

namespace eventual::bench {

Measurement run_seq(const Options& options) {
  return measure(options, payload_plan(options, names::k_seq));
}

Measurement run_seq_pure(const Options& options) {
  return measure(options, payload_plan(options, names::k_seq_pure));
}

Measurement run_start(const Options& options) {
  return measure(options, payload_plan(options, names::k_start));
}

Measurement run_fanout(const Options& options) {
  Plan plan = payload_plan(options, names::k_fanout);
  plan.correct = [](std::uint64_t index, const ports::ExecutionView& view) {
    return view.result_json == fanout_result_json(index);
  };
  return measure(options, plan);
}

Measurement run_payload(const Options& options) {
  struct Size {
    const char* name;
    std::size_t bytes;
    std::uint64_t percent;  ///< of the executions: the largest are few, they would fill the disk
  };
  constexpr std::array k_sizes = {
      Size{"p50_ms_1_kb", 1u << 10, 40}, Size{"p50_ms_16_kb", 16u << 10, 40},
      Size{"p50_ms_256_kb", 256u << 10, 14}, Size{"p50_ms_1_mb", 1u << 20, 4},
      Size{"p50_ms_4_mb", 4u << 20, 2}};
  const Running running = start_node(options);
  Measurement measurement;
  Histogram all;
  const Meter meter(running.store);
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < k_sizes.size() && first < options.count; ++i) {
    const std::uint64_t left = options.count - first;
    Plan plan = payload_plan(options, names::k_echo);
    plan.drive.first = first;
    plan.drive.count =
        i + 1 == k_sizes.size()
            ? left
            : std::clamp<std::uint64_t>(options.count * k_sizes[i].percent / 100, 1, left);
    first += plan.drive.count;
    plan.request = [bytes = k_sizes[i].bytes](std::uint64_t index) {
      return ports::StartRequest{.workflow = std::string(names::k_echo),
                                 .name = {},
                                 .input_json = payload_json(index, bytes),
                                 .timeout = {}};
    };
    plan.correct = [bytes = k_sizes[i].bytes](std::uint64_t index,
                                              const ports::ExecutionView& view) {
      return view.result_json == payload_json(index, bytes);
    };
    Load(*running.node, std::move(plan)).run(measurement);
    measurement.details.emplace_back(k_sizes[i].name,
                                     measurement.figures.latency.percentile_ms(0.5));
    all.add(measurement.figures.latency);
  }
  meter.finish(measurement.figures);
  measurement.figures.latency = all;
  running.node->stop(std::chrono::seconds(10));
  return measurement;
}

}  // namespace eventual::bench
