#include "host/mailbox.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace eventual::host {

void Mailbox::add_locked(Message&& message) {
  waiting_.push_back(std::move(message));
  has_mail_.store(true, std::memory_order_release);
  if (std::exchange(sleeps_for_mail_, false)) arrived_.notify_one();
}

Result<void> Mailbox::post_request(Message&& message) {
  const std::lock_guard lock(mutex_);
  if (closed_) return Error(std::string(error_names::k_unavailable), "the service is stopping");
  if (waiting_.size() >= requests_max_) {
    return Error(std::string(error_names::k_limit_exceeded),
                 fmt::format("{} requests wait for the engine already", requests_max_));
  }
  add_locked(std::move(message));
  return {};
}

bool Mailbox::post(Message message) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  add_locked(std::move(message));
  return true;
}

void Mailbox::take(std::vector<Message>& messages) {
  const std::lock_guard lock(mutex_);
  has_mail_.store(false, std::memory_order_relaxed);
  if (messages.empty()) {
    messages.swap(waiting_);
    return;
  }
  messages.insert(messages.end(), std::make_move_iterator(waiting_.begin()),
                  std::make_move_iterator(waiting_.end()));
  waiting_.clear();
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Mailbox::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  arrived_.notify_one();
}

void Mailbox::sleep_until(std::chrono::steady_clock::time_point time, Until until) {
  std::unique_lock lock(mutex_);
  const bool mail_counts = until == Until::mail;
  const auto awake = [&] { return woken_ || (mail_counts && !waiting_.empty()); };
  if (!awake()) {
    sleeps_for_mail_ = mail_counts;
    arrived_.wait_until(lock, time, awake);
    sleeps_for_mail_ = false;
  }
  woken_ = false;
}

}  // namespace eventual::host
