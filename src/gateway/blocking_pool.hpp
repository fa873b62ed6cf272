// A few threads for what blocks, so that I/O threads never do.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace eventual::gateway {

/// Runs jobs in order of arrival on `threads` threads. The destructor runs what waits, then joins.
class BlockingPool {
 public:
  BlockingPool(std::size_t threads, std::size_t jobs_max);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// False, without keeping the job, when `jobs_max` already wait. Any thread. Jobs must not throw.
  bool post(std::function<void()> job);

 private:
  void run();

  std::size_t jobs_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace eventual::gateway
