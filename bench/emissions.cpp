// Events: each goes to three subscriptions.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"

namespace eventual::bench {
namespace {

/// Emits events; each has ended when its emission is acknowledged and all its deliveries were made.
class Emissions {
 public:
  Emissions(ports::Operations& operations, const Drive::Plan& plan)
      : operations_(operations),
        first_(plan.first),
        events_(plan.count),
        drive_(plan, [this](std::uint32_t slot, std::uint64_t index) { begin(slot, index); }) {}

  void run(Measurement& measurement) { drive_.run(measurement); }

  /// From a subscription's handler, on any thread.
  void delivered(std::uint64_t index) {
    if (index < first_ || index - first_ >= events_.size()) return;  // of the warm-up
    take_part(events_[index - first_]);
  }
  /// Deliveries beyond the first of each subscription.
  std::uint64_t repeated() const { return repeated_.load(); }

 private:
  struct Event {
    std::atomic<std::uint32_t> parts{0};  ///< the acknowledgement, and each delivery
    std::uint32_t slot = 0;
  };

  void begin(std::uint32_t slot, std::uint64_t index) {
    events_[index - first_].slot = slot;
    ports::EmitRequest request;
    request.events.push_back({.name = std::string(names::k_happened),
                              .payload_json = payload_json(index),
                              .id = {},
                              .key = {},
                              .source = {}});
    operations_.emit(std::move(request),
                     [this, slot, index](const Result<ports::EmitReply>& reply) {
                       if (!reply) return drive_.end(slot, reply.error().message());
                       take_part(events_[index - first_]);
                     });
  }
  void take_part(Event& event) {
    const std::uint32_t part = event.parts.fetch_add(1) + 1;
    if (part == k_subscriptions + 1) drive_.end(event.slot);
    if (part > k_subscriptions + 1) repeated_.fetch_add(1);
  }

  ports::Operations& operations_;
  const std::uint64_t first_;
  std::vector<Event> events_;
  std::atomic<std::uint64_t> repeated_{0};
  Drive drive_;
};

}  // namespace

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
