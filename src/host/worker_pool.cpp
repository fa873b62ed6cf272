#include "host/worker_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/thread_name.hpp"

namespace eventual::host {
namespace {

/// How long a thread that has run a request looks for another before it sleeps: waking it takes
/// about as long. The next attempts come after a write to the disk, which takes much longer.
constexpr std::chrono::microseconds k_look{20};

/// Jobs that were handed in together. Threads claim them one by one, without the pool's lock.
struct Chunk {
  Chunk(std::vector<std::unique_ptr<Job>> taken, bool alone)
      : jobs(std::move(taken)), more_may_follow(alone) {}

  std::unique_ptr<Job> claim() noexcept {
    if (next.load(std::memory_order_relaxed) >= jobs.size()) return nullptr;
    const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
    return index < jobs.size() ? std::move(jobs[index]) : nullptr;
  }
  bool exhausted() const noexcept { return next.load(std::memory_order_relaxed) >= jobs.size(); }

  std::vector<std::unique_ptr<Job>> jobs;
  const bool more_may_follow;  ///< at any moment, as one request follows another
  std::atomic<std::size_t> next{0};
};

}  // namespace

struct WorkerPool::State {
  explicit State(WorkerPoolOptions given) : options(std::move(given)) {
    if (options.handlers_running_max == 0) {
      options.handlers_running_max = std::max(4U, 2 * std::thread::hardware_concurrency());
    }
    options.handler_threads_max = std::max(options.handler_threads_max, 1U);
  }

  /// Makes one more thread look for work, unless one is on its way or all slots are taken. Returns
  /// false when there is no thread to do anything at all.
  bool wake_one_locked(const std::shared_ptr<State>& self);
  bool spawn_locked(const std::shared_ptr<State>& self);
  void give_slot_locked();
  void work(const std::shared_ptr<State>& self);
  void after_claim(const std::shared_ptr<State>& self);
  void look_for_work(std::unique_lock<std::mutex>& lock);
  bool quiet_locked() const noexcept {
    return running.load() == 0 && blocked == 0 && unclaimed.load() == 0;
  }

  WorkerPoolOptions options;
  mutable std::mutex mutex;
  std::condition_variable work_ready;
  std::condition_variable slot_ready;
  std::condition_variable went_quiet;
  std::condition_variable thread_ended;
  // shared: threads claim from a chunk that another one has already taken off the queue.
  std::deque<std::shared_ptr<Chunk>> chunks;
  std::vector<std::thread> threads;
  std::uint32_t threads_alive = 0;
  std::uint32_t blocked = 0;  // threads that gave their slot back
  std::uint32_t granted = 0;  // slots kept for threads that return
  bool looking = false;       // a thread that found nothing looks once more before it sleeps
  bool stopping = false;
  bool ended = false;
  // Written under the mutex, read without it for cheap decisions.
  std::atomic<std::uint32_t> idle{0};
  std::atomic<std::uint32_t> running{0};    // slots taken
  std::atomic<std::uint32_t> returning{0};  // threads that want their slot again
  std::atomic<bool> waking{false};          // a thread is on its way to look for work
  std::atomic<std::size_t> unclaimed{0};
};

bool WorkerPool::State::spawn_locked(const std::shared_ptr<State>& self) {
  if (threads_alive >= options.handler_threads_max) return threads_alive > 0;
  try {
    threads.emplace_back([self] { self->work(self); });
  } catch (const std::system_error&) {
    return threads_alive > 0;
  }
  ++threads_alive;
  waking.store(true, std::memory_order_relaxed);
  return true;
}

bool WorkerPool::State::wake_one_locked(const std::shared_ptr<State>& self) {
  if (waking.load(std::memory_order_relaxed)) return true;
  if (unclaimed.load() == 0 || running.load() >= options.handlers_running_max) return true;
  if (looking) return true;  // it sees the work before it sleeps
  if (idle.load() == 0) return spawn_locked(self);
  waking.store(true, std::memory_order_relaxed);
  work_ready.notify_one();
  return true;
}

/// The calling thread's slot goes to a thread that returns from waiting, or back.
void WorkerPool::State::give_slot_locked() {
  if (returning.load() > 0) {
    --returning;
    ++granted;
    slot_ready.notify_one();
    return;
  }
  --running;
}

/// One thread that found work brings up the next while there is more: short work never wakes more
/// than it needs.
void WorkerPool::State::after_claim(const std::shared_ptr<State>& self) {
  unclaimed.fetch_sub(1, std::memory_order_relaxed);
  if (unclaimed.load(std::memory_order_relaxed) == 0 || waking.load(std::memory_order_relaxed) ||
      running.load(std::memory_order_relaxed) >= options.handlers_running_max) {
    return;
  }
  const std::lock_guard lock(mutex);
  (void)wake_one_locked(self);
}

/// For as long as waking a thread would take; other threads that want the core have it meanwhile.
void WorkerPool::State::look_for_work(std::unique_lock<std::mutex>& lock) {
  looking = true;
  lock.unlock();
  const auto end = std::chrono::steady_clock::now() + k_look;
  while (unclaimed.load(std::memory_order_relaxed) == 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  lock.lock();
  looking = false;
}

void WorkerPool::State::work(const std::shared_ptr<State>& self) {
  base::name_thread("ev-worker");
  const std::shared_ptr<void> scope = options.thread_scope ? options.thread_scope() : nullptr;
  std::unique_lock lock(mutex);
  bool announced = true;  // `waking` stands for this thread
  bool may_look = false;
  for (;;) {
    while (!chunks.empty() && chunks.front()->exhausted()) chunks.pop_front();
    if (std::exchange(announced, false)) waking.store(false, std::memory_order_relaxed);
    const bool may_run = !chunks.empty() && running.load() < options.handlers_running_max;
    if (!may_run) {
      if (ended) break;
      if (stopping && quiet_locked()) went_quiet.notify_all();
      if (chunks.empty() && !stopping && !looking && std::exchange(may_look, false)) {
        look_for_work(lock);
        continue;
      }
      ++idle;
      work_ready.wait(lock);
      --idle;
      announced = true;
      continue;
    }
    const std::shared_ptr<Chunk> chunk = chunks.front();
    ++running;
    lock.unlock();
    while (std::unique_ptr<Job> job = chunk->claim()) {
      after_claim(self);
      job->run();
      job.reset();
      if (returning.load(std::memory_order_relaxed) > 0) break;
    }
    lock.lock();
    may_look = chunk->more_may_follow;
    give_slot_locked();
  }
  --threads_alive;
  thread_ended.notify_all();
}

WorkerPool::WorkerPool(WorkerPoolOptions options)
    : state_(std::make_shared<State>(std::move(options))) {}

WorkerPool::~WorkerPool() {
  for (int attempt = 0; attempt < 2 && !stop(Duration(0)); ++attempt) {
  }
  const std::lock_guard lock(state_->mutex);
  state_->ended = true;
  state_->work_ready.notify_all();
  for (std::thread& thread : state_->threads) {
    if (thread.joinable()) thread.detach();
  }
  state_->threads.clear();
}

Result<void> WorkerPool::try_submit(std::unique_ptr<Job>& job) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.stopping) {
    return Error(std::string(error_names::k_unavailable), "the service is stopping");
  }
  if (state.unclaimed.load() >= state.options.jobs_waiting_max) {
    return Error(
        std::string(error_names::k_limit_exceeded),
        fmt::format("{} requests wait for a handler already", state.options.jobs_waiting_max));
  }
  std::vector<std::unique_ptr<Job>> jobs(1);
  jobs.front() = std::move(job);
  auto chunk = std::make_shared<Chunk>(std::move(jobs), true);
  ++state.unclaimed;
  state.chunks.push_back(chunk);
  if (state.wake_one_locked(state_)) return {};
  state.chunks.pop_back();
  --state.unclaimed;
  job = std::move(chunk->jobs.front());
  return Error(std::string(error_names::k_limit_exceeded),
               "the system gives no thread for handlers");
}

Result<void> WorkerPool::submit(std::vector<std::unique_ptr<Job>> jobs) {
  if (jobs.empty()) return {};
  const std::size_t count = jobs.size();
  auto chunk = std::make_shared<Chunk>(std::move(jobs), false);
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.ended) return Error(std::string(error_names::k_unavailable), "the service is stopping");
  state.unclaimed += count;
  state.chunks.push_back(std::move(chunk));
  if (state.wake_one_locked(state_)) return {};
  state.chunks.pop_back();
  state.unclaimed -= count;
  return Error(std::string(error_names::k_limit_exceeded),
               "the system gives no thread for handlers");
}

void WorkerPool::begin_blocking() {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  // One thread must be left to run what the others wait for.
  if (state.blocked + 1 >= state.options.handler_threads_max) {
    throw Error(std::string(error_names::k_limit_exceeded),
                fmt::format("{} handlers wait already: handler_threads_max is {}", state.blocked,
                            state.options.handler_threads_max));
  }
  ++state.blocked;
  state.give_slot_locked();
  (void)state.wake_one_locked(state_);
}

void WorkerPool::end_blocking() noexcept {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  if (state.running.load() < state.options.handlers_running_max && state.returning.load() == 0) {
    ++state.running;
  } else {
    ++state.returning;
    state.slot_ready.wait(lock, [&] { return state.granted > 0; });
    --state.granted;
  }
  --state.blocked;
}

bool WorkerPool::stop(Duration grace) {
  State& state = *state_;
  std::vector<std::thread> finished;
  {
    std::unique_lock lock(state.mutex);
    state.stopping = true;
    const bool quiet = state.went_quiet.wait_for(lock, grace, [&] { return state.quiet_locked(); });
    if (!quiet) {
      // What nobody has begun is dropped; the jobs' destructors run without the lock.
      std::deque<std::shared_ptr<Chunk>> dropped;
      dropped.swap(state.chunks);
      lock.unlock();
      for (const auto& chunk : dropped) {
        while (std::unique_ptr<Job> job = chunk->claim()) state.unclaimed.fetch_sub(1);
      }
      return false;
    }
    state.ended = true;
    state.work_ready.notify_all();
    finished.swap(state.threads);
  }
  for (std::thread& thread : finished) thread.join();
  return true;
}

WorkerPool::Figures WorkerPool::figures() const {
  const State& state = *state_;
  const std::lock_guard lock(state.mutex);
  return {state.threads_alive, state.running.load(), state.blocked, state.unclaimed.load()};
}

}  // namespace eventual::host
