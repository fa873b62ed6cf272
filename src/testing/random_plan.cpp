#include "testing/random_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "testing/random_input.hpp"

namespace eventual::testing {
namespace {

constexpr std::uint64_t k_signals_most = 2;
constexpr std::uint64_t k_updates_most = 2;
constexpr std::uint64_t k_calls_most = 2;
constexpr std::uint64_t k_events_most = 6;
constexpr std::uint64_t k_event_keys = 2;
constexpr std::uint64_t k_event_ids = 3;
constexpr std::uint64_t k_forked_call_most = 6;
constexpr Duration k_backfill_most{3'600'000};

class Plan {
 public:
  Plan(SimulatedRun& run, const detail::Declarations& declarations,
       const SimulationOptions& options)
      : run_(run), declarations_(declarations), options_(options) {}

  void make() {
    for (std::uint32_t i = 0; i < options_.executions && !declarations_.workflows().empty(); ++i)
      plan_execution(i);
    for (const detail::CommandDefinition& command : declarations_.commands()) {
      for (std::uint64_t count = run_.random(k_calls_most + 1); count > 0; --count)
        run_.call_json(command.name, input(command.input), sometime());
    }
    for (const detail::ScheduleDefinition& schedule : declarations_.schedules())
      plan_schedule(Schedule(schedule.name));
    for (const detail::EventDefinition& event : declarations_.events()) {
      if (!event.name.starts_with('~')) plan_events(event);  // those are the framework's own
    }
    for (const detail::SubscriptionDefinition& subscription : declarations_.subscriptions()) {
      if (once_in(4)) run_.redrive(Subscription(subscription.name), sometime());
      if (once_in(12)) run_.discard(Subscription(subscription.name), sometime());
    }
  }

 private:
  Duration sometime() { return run_.random_duration(std::max(options_.span, Duration(1))); }
  /// True once in `times`.
  bool once_in(std::uint64_t times) { return run_.random(times) == 0; }
  template <class Definitions>
  const auto& any(const Definitions& definitions) {
    return definitions[static_cast<std::size_t>(run_.random(definitions.size()))];
  }
  std::string input(const detail::TypeSchema* type) {
    return random_input(type, [this](std::uint64_t n) { return run_.random(n); });
  }

  void plan_execution(std::uint32_t number) {
    const detail::WorkflowDefinition& workflow = any(declarations_.workflows());
    const std::string name = fmt::format("sim-{}", number);
    const Duration at = sometime();
    std::string id;
    if (!declarations_.signals().empty() && once_in(5)) {
      const detail::SignalDefinition& signal = any(declarations_.signals());
      const std::string given = input(workflow.input);
      id = run_.send_with_start_json(workflow.name, given, name, signal.name, input(signal.input),
                                     at);
    } else {
      id = run_.start_json(workflow.name, input(workflow.input), name, at);
    }
    const auto later = [&] { return at + sometime(); };
    if (!declarations_.signals().empty()) {
      for (std::uint64_t count = run_.random(k_signals_most + 1); count > 0; --count) {
        const detail::SignalDefinition& signal = any(declarations_.signals());
        run_.send_json(id, signal.name, input(signal.input), later());
      }
    }
    if (!declarations_.updates().empty()) {
      for (std::uint64_t count = run_.random(k_updates_most + 1); count > 0; --count) {
        const detail::UpdateDefinition& update = any(declarations_.updates());
        run_.update_json(id, update.name, input(update.input), later());
      }
    }
    if (once_in(3)) run_.read_view(id, later());
    if (once_in(8)) run_.cancel(id, later());
    if (once_in(16)) run_.terminate(id, later());
    if (once_in(8)) {
      const Duration paused = later();
      run_.pause(id, paused);
      run_.resume(id, paused + sometime());
    }
    for (std::uint64_t count = run_.random(3); count > 0; --count) {
      if (once_in(2)) run_.retry(id, later() + sometime());
    }
    if (once_in(6)) {
      const auto seq = static_cast<std::uint32_t>(run_.random(k_forked_call_most));
      run_.fork(id, seq, name + "-fork", later());
    }
  }

  void plan_schedule(const Schedule& schedule) {
    if (once_in(3)) run_.trigger(schedule, sometime());
    if (once_in(4)) {
      const Duration paused = sometime();
      run_.pause(schedule, paused);
      run_.resume(schedule, paused + sometime());
    }
    if (once_in(6)) {
      const Duration from = sometime();
      run_.backfill(schedule, from, from + run_.random_duration(k_backfill_most), sometime());
    }
  }

  /// Some share a key, some an id.
  void plan_events(const detail::EventDefinition& event) {
    for (std::uint64_t count = run_.random(k_events_most + 1); count > 0; --count) {
      EmitOptions emitted;
      if (once_in(2)) emitted.key = fmt::format("key-{}", run_.random(k_event_keys));
      if (once_in(4)) emitted.id = fmt::format("id-{}", run_.random(k_event_ids));
      run_.emit_json(event.name, input(event.input), emitted, sometime());
    }
  }

  SimulatedRun& run_;
  const detail::Declarations& declarations_;
  const SimulationOptions& options_;
};

}  // namespace

void plan_at_random(SimulatedRun& run, const detail::Declarations& declarations,
                    const SimulationOptions& options) {
  Plan(run, declarations, options).make();
}

}  // namespace eventual::testing
