#include "host/turn_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/thread_name.hpp"

namespace eventual::host {

TurnWatch::TurnWatch(std::shared_ptr<CrashMarks> marks, engine::LogSink log,
                     std::chrono::milliseconds tick)
    : marks_(std::move(marks)), log_(std::move(log)), tick_(tick), thread_([this] { watch(); }) {}

TurnWatch::~TurnWatch() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void TurnWatch::begin(const ports::CallName& call) noexcept {
  if (marks_ != nullptr) marks_->begin(call);
  if (depth_++ > 0) return;
  const std::lock_guard lock(mutex_);
  ++stretch_;
  runs_ = true;
  id_bytes_ = std::min(call.execution_id.size(), k_id_bytes_max);
  std::memcpy(id_.data(), call.execution_id.data(), id_bytes_);
}

void TurnWatch::end() noexcept {
  if (--depth_ == 0) {
    const std::lock_guard lock(mutex_);
    runs_ = slow_ = false;
  }
  if (marks_ != nullptr) marks_->end();
}

std::uint32_t TurnWatch::crashes(const ports::CallName& call) {
  return marks_ == nullptr ? 0 : marks_->crashes(call);
}

void TurnWatch::forgive(std::string_view execution_id) {
  if (marks_ != nullptr) marks_->forgive(execution_id);
}

std::uint64_t TurnWatch::running() const {
  const std::lock_guard lock(mutex_);
  return runs_ ? stretch_ : 0;
}

std::string TurnWatch::slow() const {
  const std::lock_guard lock(mutex_);
  return slow_ ? fmt::format("the code of {} does not give back, and the engine waits for it", id())
               : std::string();
}

std::string TurnWatch::execution() const {
  const std::lock_guard lock(mutex_);
  return id();
}

std::string TurnWatch::id() const { return {id_.data(), id_bytes_}; }

void TurnWatch::watch() {
  base::name_thread("ev-watch");
  std::uint64_t seen = 0;
  std::uint32_t ticks = 0;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, tick_, [&] { return ended_; })) {
    if (!runs_ || stretch_ != seen) {
      seen = runs_ ? stretch_ : 0;
      ticks = 0;
      continue;
    }
    if (++ticks != k_slow_ticks && ticks % k_again_ticks != 0) continue;
    slow_ = true;
    const std::string execution = id();
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(ticks * tick_);
    lock.unlock();
    log_(LogLevel::warn, execution,
         fmt::format("its workflow code has been running for {} s without waiting for anything; "
                     "until it does, nothing else goes on. Work that takes long, and what blocks, "
                     "belongs in a task; a loop needs a co_await",
                     passed.count()));
    lock.lock();
  }
}

}  // namespace eventual::host
