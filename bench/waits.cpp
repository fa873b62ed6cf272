// Executions that wait: for a time, for a signal.
#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "bench/load.hpp"
#include "bench/service.hpp"
#include "bench/workload.hpp"
#include "eventual/json.hpp"

namespace eventual::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

/// Starts per second that even a slow machine reaches: all timers must stand before they are due.
constexpr std::uint64_t k_starts_per_s = 2'000;

}  // namespace

Measurement run_signal(const Options& options) {
  Plan plan = payload_plan(options, names::k_receiver);
  plan.until = Plan::Until::signalled;
  return measure(options, plan);
}

Measurement run_timers(const Options& options) {
  const Running running = start_node(options);
  const auto due = std::chrono::ceil<std::chrono::milliseconds>(
      system_clock::now() + 1s + std::chrono::milliseconds(options.count * 1000 / k_starts_per_s));
  const std::int64_t due_ms = due.time_since_epoch() / 1ms;
  const std::string input = alarm_json(due_ms);

  Measurement measurement;
  const Meter meter(running.store);
  Plan plan;
  plan.drive = drive_plan(options);
  plan.until = Plan::Until::started;
  plan.request = [&](std::uint64_t index) {
    return ports::StartRequest{.workflow = std::string(names::k_alarm),
                               .name = fmt::format("{}", index),
                               .input_json = input,
                               .timeout = {}};
  };
  Measurement starts;
  Load(*running.node, std::move(plan)).run(starts);
  measurement.first_error = starts.first_error;
  if (system_clock::now() >= due)
    throw Error("TooSlow", "the timers were due before all of them were set");

  struct {
    std::mutex mutex;
    std::condition_variable ended;
    std::uint64_t answers = 0;
    std::uint64_t early = 0;
    Measurement* measurement = nullptr;
  } state;
  state.measurement = &measurement;
  for (std::uint64_t index = 0; index < options.count; ++index) {
    running.node->wait_closed(
        {std::string(names::k_alarm), fmt::format("{}", index), 0}, 1h,
        [&state, due, due_ms](Result<ports::ExecutionView> view) {
          const auto late = system_clock::now() - due;
          std::int64_t woken_ms = 0;
          if (view && view->status == "succeeded")
            woken_ms = Json::parse(*view->result_json).value()["due_ms"].as_int64();
          const std::lock_guard lock(state.mutex);
          Measurement& result = *state.measurement;
          if (late < 0ns || (woken_ms != 0 && woken_ms < due_ms)) ++state.early;
          if (woken_ms >= due_ms && late >= 0ns) {
            ++result.figures.done;
            result.figures.latency.add(late);
          } else {
            ++result.figures.errors;
            if (result.first_error.empty()) {
              result.first_error =
                  view ? "woke early or failed: " + view->status : view.error().message();
            }
          }
          ++state.answers;
          state.ended.notify_all();
        });
  }
  std::unique_lock lock(state.mutex);
  if (!state.ended.wait_until(lock, due + 120s, [&] { return state.answers == options.count; })) {
    throw Timeout(fmt::format("{} of {} timers have not fired after two minutes",
                              options.count - state.answers, options.count));
  }
  measurement.figures.elapsed_s = std::chrono::duration<double>(system_clock::now() - due).count();
  lock.unlock();
  meter.finish(measurement.figures);
  measurement.details = {
      {"starts_per_s", static_cast<double>(options.count) / starts.figures.elapsed_s},
      {"last_late_ms", measurement.figures.latency.max_ms()},
      {"early", static_cast<double>(state.early)}};
  running.node->stop(10s);
  return measurement;
}

}  // namespace eventual::bench
