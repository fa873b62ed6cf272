// The threads that run handlers: a bounded number at a time, more of them when handlers wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "host/compensation.hpp"

namespace eventual::host {

/// One piece of work. It is destroyed without having run when the pool ends first.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() noexcept = 0;
};

struct WorkerPoolOptions {
  /// Handlers that run at a time, not counting those that wait. 0: twice the cores, at least 4.
  /// More helps handlers that block without telling us, and costs context switches.
  std::uint32_t handlers_running_max = 0;
  std::uint32_t handler_threads_max = 256;  ///< with those that wait; beyond: LimitExceeded
  std::size_t jobs_waiting_max = 10'000;    ///< for try_submit; beyond it refuses
  /// Called first on each thread; what it returns lives as long as the thread.
  std::function<std::shared_ptr<void>()> thread_scope = {};
};

class WorkerPool final : public Compensation {
 public:
  explicit WorkerPool(WorkerPoolOptions options);
  /// Threads whose handler does not end are left to themselves.
  ~WorkerPool() override;
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Takes one job, or leaves it and gives LimitExceeded (too many wait) or Unavailable (it stops).
  /// Any thread. Never blocks.
  Result<void> try_submit(std::unique_ptr<Job>& job);
  /// Takes them all, whatever waits: the caller bounds them. Any thread. LimitExceeded when the
  /// system gives no thread.
  Result<void> submit(std::vector<std::unique_ptr<Job>> jobs);

  void begin_blocking() override;
  void end_blocking() noexcept override;

  /// Takes no more jobs, and waits at most `grace` for those that it has. True when all are done
  /// and the threads have ended; call it again otherwise, or destroy the pool.
  bool stop(Duration grace);

  struct Figures {
    std::uint32_t threads = 0;
    std::uint32_t running = 0;
    std::uint32_t blocked = 0;
    std::size_t waiting = 0;  ///< jobs that no thread has begun
  };
  Figures figures() const;

 private:
  struct State;
  // shared: a thread whose handler never ends keeps what it stands on.
  std::shared_ptr<State> state_;
};

}  // namespace eventual::host
