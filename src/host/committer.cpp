#include "host/committer.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/assert.hpp"
#include "base/thread_name.hpp"

namespace eventual::host {
namespace {

constexpr Duration k_retry_first{50};
constexpr Duration k_retry_most{1000};

}  // namespace

Committer::Committer(ports::Store& store, engine::LogSink log, std::function<void()> done)
    : store_(store), log_(std::move(log)), on_done_(std::move(done)), thread_([this] { run(); }) {}

Committer::~Committer() { end(); }

void Committer::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  output_.reset();  // who waits for it learns that it was given up
}

void Committer::failed(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = "the store does not accept writes: " + error.message();
  }
  if (!failing_.exchange(true)) {
    log_(LogLevel::error, {}, failure() + "; nothing is acknowledged until it does");
  }
}

void Committer::recovered() {
  if (!failing_.exchange(false)) return;
  {
    const std::lock_guard lock(mutex_);
    failure_.clear();
  }
  log_(LogLevel::info, {}, "the store accepts writes again");
}

bool Committer::commit_inline(engine::Output& output) {
  EVENTUAL_ASSERT(!busy_, "one output is on its way at a time");
  const Result<void> written = engine::commit_output(store_, output, false);
  if (written) return true;
  failed(written.error());
  {
    const std::lock_guard lock(mutex_);
    output_ = std::move(output);
    refused_before_ = true;
  }
  busy_ = true;
  changed_.notify_all();
  return false;
}

void Committer::begin(engine::Output output) {
  EVENTUAL_ASSERT(!busy_, "one output is on its way at a time");
  {
    const std::lock_guard lock(mutex_);
    output_ = std::move(output);
    refused_before_ = false;
  }
  busy_ = true;
  changed_.notify_all();
}

std::optional<engine::Output> Committer::take_done() {
  if (!done_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  done_.store(false, std::memory_order_relaxed);
  busy_ = false;
  return std::exchange(output_, std::nullopt);
}

void Committer::give_up(Duration grace) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, grace, [&] { return !output_ || done_.load(); });
  given_up_ = true;
  changed_.notify_all();
}

std::string Committer::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Committer::run() {
  base::name_thread("ev-committer");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || (output_ && !done_.load() && !given_up_); });
    if (ending_) return;
    Duration pause = k_retry_first;
    bool wait_first = refused_before_;
    for (;;) {
      if (wait_first) {
        changed_.wait_for(lock, pause, [&] { return ending_ || given_up_; });
        pause = std::min(pause * 2, k_retry_most);
      }
      if (ending_ || given_up_) break;
      engine::Output& output = *output_;
      lock.unlock();
      const Result<void> written = engine::commit_output(store_, output, wait_first);
      if (written) {
        recovered();
        lock.lock();
        done_.store(true, std::memory_order_release);
        break;
      }
      failed(written.error());
      wait_first = true;
      lock.lock();
    }
    if (ending_) return;
    changed_.notify_all();
    lock.unlock();
    on_done_();
    lock.lock();
  }
}

}  // namespace eventual::host
