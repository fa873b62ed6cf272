#include "client/call_pool.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace eventual::client {
namespace {

constexpr std::chrono::seconds k_idle_max{10};

}  // namespace

struct CallPool::State {
  std::uint32_t threads_max;
  std::size_t waiting_max;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> waiting;
  std::uint32_t threads = 0;
  std::uint32_t idle = 0;
  bool stopping = false;
};

CallPool::CallPool(std::uint32_t threads_max, std::size_t waiting_max)
    : state_(std::make_shared<State>()) {
  state_->threads_max = std::max(threads_max, 1U);
  state_->waiting_max = waiting_max;
}

CallPool::~CallPool() { stop(); }

Result<void> CallPool::add(Job job) {
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) return Error(std::string(error_names::k_closed), "the client has ended");
  if (state_->waiting.size() >= state_->waiting_max) {
    return Error(std::string(error_names::k_limit_exceeded),
                 fmt::format("{} calls wait for a connection already", state_->waiting.size()));
  }
  state_->waiting.push_back(std::move(job));
  if (state_->idle >= state_->waiting.size()) {
    state_->changed.notify_one();
    return {};
  }
  if (state_->threads >= state_->threads_max) return {};
  try {
    std::thread([state = state_] { run(state); }).detach();
    ++state_->threads;
  } catch (const std::system_error& error) {
    if (state_->threads > 0) return {};  // those that there are take it
    state_->waiting.pop_back();
    return Error(std::string(error_names::k_limit_exceeded),
                 fmt::format("no thread can be had for a call: {}", error.what()));
  }
  return {};
}

bool CallPool::crowded() const {
  const std::lock_guard lock(state_->mutex);
  return !state_->waiting.empty();
}

void CallPool::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    if (state->waiting.empty()) {
      if (state->stopping) break;
      ++state->idle;
      const bool work = state->changed.wait_for(
          lock, k_idle_max, [&] { return !state->waiting.empty() || state->stopping; });
      --state->idle;
      if (!work) break;
      continue;
    }
    Job job = std::move(state->waiting.front());
    state->waiting.pop_front();
    lock.unlock();
    const bool done = job();
    if (done) job = nullptr;  // what it holds ends outside of the lock
    lock.lock();
    if (!done) state->waiting.push_back(std::move(job));
  }
  --state->threads;
  state->changed.notify_all();
}

void CallPool::stop() {
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
  state_->changed.wait(lock, [&] { return state_->threads == 0; });
}

}  // namespace eventual::client
