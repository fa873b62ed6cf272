#include "host/awake_clock.hpp"

#include <ctime>
#include <utility>

#include "base/assert.hpp"
#include "base/thread_name.hpp"

namespace eventual::host {
namespace {

/// CLOCK_MONOTONIC stops with the machine, and with it would the time by which we notice that.
std::chrono::nanoseconds system_time() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

AwakeClockOptions complete(AwakeClockOptions options) {
  EVENTUAL_ASSERT(options.gap_min > options.period, "each look would be a stop");
  if (!options.real_time) options.real_time = &system_time;
  return options;
}

}  // namespace

AwakeClock::AwakeClock(AwakeClockOptions options)
    : options_(complete(std::move(options))), start_(options_.real_time()), last_look_(start_) {
  if (options_.ticks) thread_ = std::thread([this] { run(); });
}

AwakeClock::~AwakeClock() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void AwakeClock::run() {
  base::name_thread("ev-clock");
  std::unique_lock lock(mutex_);
  while (!ending_) {
    ended_.wait_for(lock, options_.period);
    (void)read_locked();
  }
}

AwakeClock::Reading AwakeClock::read() {
  const std::lock_guard lock(mutex_);
  return read_locked();
}

AwakeClock::Reading AwakeClock::read_locked() {
  const std::chrono::nanoseconds time = options_.real_time();
  const std::chrono::nanoseconds gap = time - last_look_;
  if (gap >= options_.gap_min) stood_still_ += gap - options_.period;
  last_look_ = time;
  return {time - start_ - stood_still_, stood_still_};
}

}  // namespace eventual::host
