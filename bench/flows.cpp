// Executions that run from start to end.
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

}  // namespace eventual::bench
