#include "bench/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "bench/service.hpp"

namespace eventual::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds k_stalled{60};
constexpr Duration k_wait{std::chrono::hours(1)};
/// More tell nothing new, and a load that fails at once would go round in circles.
constexpr std::uint64_t k_errors_max = 1'000;

void append(std::string& text, std::string_view line) {
  if (text.empty()) text = line;
}

}  // namespace

Running start_node(const Options& options) {
  Running running;
  auto store = open_store(options);
  running.store = store.get();
  host::NodeOptions node_options;
  node_options.crashes_file = options.folder + "/crashes";
  node_options.log = [](LogLevel level, std::string_view id, std::string_view message) {
    if (level >= LogLevel::warn) fmt::print(stderr, "{}: {}\n", id, message);
  };
  running.node =
      host::Node::start(declarations(), std::move(store), std::move(node_options)).value();
  return running;
}

Load::Load(ports::Operations& operations, Plan plan)
    : operations_(operations), plan_(std::move(plan)) {
  slots_.resize(std::min<std::uint64_t>(plan_.concurrency, plan_.count));
}

void Load::run(Measurement& measurement) {
  const auto began = steady_clock::now();
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) begin(slot);
  {
    std::unique_lock lock(mutex_);
    std::uint64_t seen = 0;
    while (!ended_.wait_for(lock, k_stalled, [&] { return idle_slots_ == slots_.size(); })) {
      if (done_ + errors_ == seen) {
        // Its callbacks may still come: there is no way on from here.
        fmt::print(stderr,
                   "eventual-bench: nothing has ended for {} s: {} of {} are done, {} failed\n",
                   k_stalled.count(), done_, plan_.count, errors_);
        std::_Exit(1);
      }
      seen = done_ + errors_;
    }
  }
  Figures& figures = measurement.figures;
  figures.elapsed_s += std::chrono::duration<double>(steady_clock::now() - began).count();
  figures.done += done_;
  figures.errors += plan_.count - done_;
  figures.latency = latency_;
  append(measurement.first_error, first_error_);
}

void Load::begin(std::uint32_t slot) {
  Slot& flight = slots_[slot];
  {
    const std::lock_guard lock(mutex_);
    if (next_ == plan_.count || errors_ >= k_errors_max) {
      ++idle_slots_;
      if (idle_slots_ == slots_.size()) ended_.notify_all();
      return;
    }
    flight.index = plan_.first + next_++;
  }
  ports::StartRequest request = plan_.request(flight.index);
  flight.execution.workflow = request.workflow;
  flight.began = steady_clock::now();
  operations_.start(std::move(request),
                    [this, slot](Result<ports::StartReply> reply) { started(slot, reply); });
}

void Load::started(std::uint32_t slot, const Result<ports::StartReply>& reply) {
  if (!reply) return end(slot, "start: " + reply.error().message());
  if (plan_.until == Plan::Until::started) return end(slot, {});
  Slot& flight = slots_[slot];
  flight.execution.name = reply->execution_id.substr(flight.execution.workflow.size() + 1);
  if (plan_.until == Plan::Until::closed) return wait_closed(slot);
  flight.began = steady_clock::now();
  operations_.signal({.execution = flight.execution,
                      .signal = std::string(names::k_go),
                      .payload_json = payload_json(flight.index),
                      .message_id = {}},
                     [this, slot](Result<bool> sent) {
                       if (!sent) return end(slot, "signal: " + sent.error().message());
                       wait_closed(slot);
                     });
}

void Load::wait_closed(std::uint32_t slot) {
  operations_.wait_closed(slots_[slot].execution, k_wait,
                          [this, slot](Result<ports::ExecutionView> view) { closed(slot, view); });
}

void Load::closed(std::uint32_t slot, const Result<ports::ExecutionView>& reply) {
  if (!reply) return end(slot, "result: " + reply.error().message());
  if (reply->status != "succeeded") {
    return end(slot, fmt::format("{} is {}: {}", reply->execution.id(), reply->status,
                                 reply->error ? reply->error->message() : std::string()));
  }
  if (!plan_.correct(slots_[slot].index, *reply)) {
    return end(slot, fmt::format("{} has the wrong result {}", reply->execution.id(),
                                 reply->result_json.value_or("(none)")));
  }
  end(slot, {});
}

void Load::end(std::uint32_t slot, const std::string& error) {
  const auto took = steady_clock::now() - slots_[slot].began;
  if (error.empty() && plan_.on_done) plan_.on_done(slots_[slot].index);
  {
    const std::lock_guard lock(mutex_);
    if (error.empty()) {
      ++done_;
      latency_.add(took);
    } else {
      ++errors_;
      append(first_error_, error);
    }
  }
  begin(slot);
}

Measurement measure(const Options& options, const Plan& plan) {
  const Running running = start_node(options);
  if (options.warm_up > 0) {
    Plan warm_up = plan;
    warm_up.first = plan.first + plan.count;
    warm_up.count = options.warm_up;
    Measurement ignored;
    Load(*running.node, std::move(warm_up)).run(ignored);
    if (ignored.figures.errors > 0) throw Error("WarmUp", ignored.first_error);
  }
  Measurement measurement;
  const Meter meter(running.store);
  Load(*running.node, plan).run(measurement);
  meter.finish(measurement.figures);
  running.node->stop(std::chrono::seconds(10));
  return measurement;
}

Plan payload_plan(const Options& options, std::string_view workflow) {
  Plan plan;
  plan.count = options.count;
  plan.concurrency = options.concurrency;
  plan.request = [workflow](std::uint64_t index) {
    return ports::StartRequest{.workflow = std::string(workflow),
                               .name = {},
                               .input_json = payload_json(index),
                               .timeout = {}};
  };
  plan.correct = [](std::uint64_t index, const ports::ExecutionView& view) {
    return view.result_json == payload_json(index);
  };
  return plan;
}

}  // namespace eventual::bench
