#include "bench/load.hpp"

#include <fmt/format.h>

#include <utility>

#include "bench/service.hpp"

namespace eventual::bench {
namespace {

constexpr Duration k_wait{std::chrono::hours(1)};

}  // namespace

Running start_node(const Options& options, const engine::Options& engine) {
  Running running;
  auto store = open_store(options);
  running.store = store.get();
  host::NodeOptions node_options;
  node_options.engine = engine;
  node_options.crashes_file = options.folder + "/crashes";
  node_options.log = [](LogLevel level, std::string_view id, std::string_view message) {
    if (level >= LogLevel::warn) fmt::print(stderr, "{}: {}\n", id, message);
  };
  running.node =
      host::Node::start(declarations(), std::move(store), std::move(node_options)).value();
  return running;
}

Load::Load(ports::Operations& operations, Plan plan)
    : operations_(operations),
      plan_(std::move(plan)),
      drive_(plan_.drive, [this](std::uint32_t slot, std::uint64_t index) { begin(slot, index); }),
      executions_(drive_.slots()) {}

void Load::begin(std::uint32_t slot, std::uint64_t index) {
  ports::StartRequest request = plan_.request(index);
  executions_[slot].workflow = request.workflow;
  operations_.start(std::move(request),
                    [this, slot](Result<ports::StartReply> reply) { started(slot, reply); });
}

void Load::started(std::uint32_t slot, const Result<ports::StartReply>& reply) {
  if (!reply) return drive_.end(slot, "start: " + reply.error().message());
  if (plan_.until == Plan::Until::started) return end(slot);
  ports::ExecutionRef& execution = executions_[slot];
  execution.name = reply->execution_id.substr(execution.workflow.size() + 1);
  if (plan_.until == Plan::Until::closed) return wait_closed(slot);
  drive_.restart_clock(slot);
  operations_.signal({.execution = execution,
                      .signal = std::string(names::k_go),
                      .payload_json = plan_.signal ? plan_.signal(drive_.index_of(slot))
                                                   : payload_json(drive_.index_of(slot)),
                      .message_id = {}},
                     [this, slot](Result<bool> sent) {
                       if (!sent) return drive_.end(slot, "signal: " + sent.error().message());
                       wait_closed(slot);
                     });
}

void Load::wait_closed(std::uint32_t slot) {
  operations_.wait_closed(executions_[slot], k_wait,
                          [this, slot](Result<ports::ExecutionView> view) { closed(slot, view); });
}

void Load::closed(std::uint32_t slot, const Result<ports::ExecutionView>& reply) {
  if (!reply) return drive_.end(slot, "result: " + reply.error().message());
  if (reply->status != "succeeded") {
    return drive_.end(slot, fmt::format("{} is {}: {}", reply->execution.id(), reply->status,
                                        reply->error ? reply->error->message() : std::string()));
  }
  if (!plan_.correct(drive_.index_of(slot), *reply)) {
    return drive_.end(slot, fmt::format("{} has the wrong result {}", reply->execution.id(),
                                        reply->result_json.value_or("(none)").substr(0, 200)));
  }
  end(slot);
}

void Load::end(std::uint32_t slot) {
  if (plan_.on_done) plan_.on_done(drive_.index_of(slot));
  drive_.end(slot);
}

Measurement measure(const Options& options, const Plan& plan) {
  const Running running = start_node(options);
  if (options.warm_up > 0) {
    Plan warm_up = plan;
    warm_up.drive.first = plan.drive.first + plan.drive.count;
    warm_up.drive.count = options.warm_up;
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
  plan.drive = drive_plan(options);
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
