#include "host/deadlines.hpp"

#include "base/thread_name.hpp"

namespace eventual::host {

Deadlines::Deadlines(AwakeClock& clock) : clock_(clock), thread_([this] { run(); }) {}

Deadlines::~Deadlines() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Deadlines::Key Deadlines::add(AwakeClock::Time wait, std::function<void()> expired) {
  const AwakeClock::Time at = clock_.now() + wait;
  const std::lock_guard lock(mutex_);
  const Key key{at, next_++};
  const auto place = waiting_.emplace(key, std::move(expired)).first;
  if (place == waiting_.begin()) changed_.notify_one();
  return key;
}

void Deadlines::remove(const Key& key) {
  std::function<void()> dropped;
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) return;
  dropped = std::move(found->second);
  waiting_.erase(found);
}

void Deadlines::run() {
  base::name_thread("ev-deadlines");
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    // Asked anew after each sleep: the process may have stood still meanwhile.
    const AwakeClock::Time left = waiting_.begin()->first.first - clock_.now();
    if (left > AwakeClock::Time(0)) {
      changed_.wait_for(lock, left);
      continue;
    }
    const std::function<void()> expired = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    lock.unlock();
    expired();
    lock.lock();
  }
}

}  // namespace eventual::host
