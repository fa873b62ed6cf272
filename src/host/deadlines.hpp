// What is to be done when the time of a request is over.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "host/awake_clock.hpp"

namespace eventual::host {

/// Calls functions when their time has come. One thread, asleep nearly always: requests with equal
/// timeouts come in order.
///
/// Thread rule: any thread.
class Deadlines {
 public:
  using Key = std::pair<AwakeClock::Time, std::uint64_t>;

  /// `clock` must outlive it.
  explicit Deadlines(AwakeClock& clock);
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  /// Calls `expired` on the thread of deadlines when `wait` has passed, unless it is removed
  /// before.
  Key add(AwakeClock::Time wait, std::function<void()> expired);
  void remove(const Key& key);

 private:
  void run();

  AwakeClock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::function<void()>> waiting_;
  std::uint64_t next_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace eventual::host
