#include "gateway/pipe.hpp"

#include <utility>

namespace eventual::gateway {

void Pipe::set_wake(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void Pipe::put(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  bytes_ += bytes;
  changed_.notify_one();
}

bool Pipe::full() const {
  const std::lock_guard lock(mutex_);
  return bytes_.size() >= k_bytes_max;
}

std::size_t Pipe::size() const {
  const std::lock_guard lock(mutex_);
  return bytes_.size();
}

void Pipe::end() {
  const std::lock_guard lock(mutex_);
  state_ = State::whole;
  changed_.notify_one();
}

void Pipe::fail(const http::HttpError& error) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::more) return;
  state_ = State::given_up;
  failure_ = error;
  changed_.notify_one();
}

std::string Pipe::read() {
  std::string taken;
  std::function<void()> wake;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !bytes_.empty() || state_ != State::more; });
    if (bytes_.empty() && failure_) throw http::HttpError(*failure_);
    if (bytes_.size() >= k_bytes_max) wake = wake_;
    taken.swap(bytes_);
  }
  if (wake) wake();
  return taken;
}

void Pipe::write(std::string_view bytes) {
  std::function<void()> wake;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || bytes_.size() < k_bytes_max; });
    if (closed_) throw Error(std::string(error_names::k_closed), "the caller is gone");
    if (bytes_.empty()) wake = wake_;
    bytes_ += bytes;
  }
  if (wake) wake();
}

void Pipe::finish(bool whole) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::more) return;
    state_ = whole ? State::whole : State::given_up;
    wake = wake_;
  }
  if (wake) wake();
}

Pipe::State Pipe::take(std::string& out) {
  const std::lock_guard lock(mutex_);
  if (out.empty()) {
    out.swap(bytes_);
  } else {
    out += bytes_;
    bytes_.clear();
  }
  changed_.notify_one();
  return state_;
}

void Pipe::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

bool Pipe::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace eventual::gateway
