// Time in which the process ran: limits on attempts, requests and waiting count by it, so that a
// breakpoint, SIGSTOP or a suspended machine uses up none of them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace eventual::host {

struct AwakeClockOptions {
  /// How often it is looked at. Shorter finds shorter stops, and wakes the processor more often.
  std::chrono::milliseconds period{50};
  /// A look that comes this much later than the one before it means that the process stood still.
  /// Must be longer than `period`.
  std::chrono::milliseconds gap_min{150};
  /// Nanoseconds that also pass while the machine is suspended. Absent: the system's.
  std::function<std::chrono::nanoseconds()> real_time = {};
  bool ticks = true;  ///< false: no thread looks, only callers do
};

/// Stands still while the process does. A stop is noticed by whoever reads the clock first after
/// it, before anybody can see the time that it took. Stops shorter than `gap_min` count as time; a
/// machine so busy that no thread of ours runs for that long stands still too.
///
/// Thread rule: any thread.
class AwakeClock {
 public:
  using Time = std::chrono::nanoseconds;  ///< since the clock was made

  explicit AwakeClock(AwakeClockOptions options = {});
  ~AwakeClock();
  AwakeClock(const AwakeClock&) = delete;
  AwakeClock& operator=(const AwakeClock&) = delete;

  Time now() { return read().awake; }
  /// How long the process has stood still in all.
  std::chrono::milliseconds stood_still() {
    return std::chrono::floor<std::chrono::milliseconds>(read().stood_still);
  }

 private:
  struct Reading {
    std::chrono::nanoseconds awake;
    std::chrono::nanoseconds stood_still;
  };
  Reading read();
  Reading read_locked();
  void run();

  const AwakeClockOptions options_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::chrono::nanoseconds start_;
  std::chrono::nanoseconds last_look_;
  std::chrono::nanoseconds stood_still_{0};
  std::thread thread_;
};

}  // namespace eventual::host
