// Events that go to the three subscriptions.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench/drive.hpp"
#include "bench/service.hpp"
#include "ports/operations.hpp"

namespace eventual::bench {

/// Emits events; each has ended when its emission is acknowledged and all its deliveries were made.
class Emissions {
 public:
  /// `bytes`: of each payload.
  Emissions(ports::Operations& operations, const Drive::Plan& plan, std::size_t bytes = 100)
      : operations_(operations),
        bytes_(bytes),
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
                              .payload_json = payload_json(index, bytes_),
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
  const std::size_t bytes_;
  const std::uint64_t first_;
  std::vector<Event> events_;
  std::atomic<std::uint64_t> repeated_{0};
  Drive drive_;
};

}  // namespace eventual::bench
