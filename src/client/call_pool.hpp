// Threads for blocking calls: they come with the work and go when there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "eventual/error.hpp"

namespace eventual::client {

/// Runs jobs in the order in which they came, at most `threads_max` at once. Thread rule: any
/// thread may call.
class CallPool {
 public:
  /// False: it is put behind those that wait, to be run again; not any more once the caller is
  /// about to stop the pool. Must not throw.
  using Job = std::function<bool()>;

  CallPool(std::uint32_t threads_max, std::size_t waiting_max);
  /// stop()
  ~CallPool();
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  /// LimitExceeded where too many wait or no thread can be had, Closed after stop().
  Result<void> add(Job job);

  /// Jobs wait for a thread: those that only wait for something should be short.
  bool crowded() const;

  /// Takes no more. Jobs that wait are run, so that each can say that it is over; returns when all
  /// have ended.
  void stop();

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);

  // shared: by its threads, the last of which may outlive the pool by an instant
  std::shared_ptr<State> state_;
};

}  // namespace eventual::client
