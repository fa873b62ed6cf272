#include "host/mailbox.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace eventual::host {

std::size_t size_of(const Message& message) {
  return std::visit(
      [](const auto& value) -> std::size_t {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, engine::AttemptResult>) {
          return value.result.size();
        } else if constexpr (std::is_same_v<T, messages::Commit>) {
          std::size_t bytes = 0;
          for (const ports::Write& write : value.part.batch.writes)
            bytes += write.key.size() + write.value.size();
          return bytes;
        } else if constexpr (std::is_same_v<T, messages::Start>) {
          return value.request.input_json.size();
        } else if constexpr (std::is_same_v<T, messages::Signal>) {
          return value.request.payload_json.size();
        } else if constexpr (std::is_same_v<T, messages::Update>) {
          return value.request.input_json.size();
        } else if constexpr (std::is_same_v<T, messages::EventWork> ||
                             std::is_same_v<T, messages::Import>) {
          return value.bytes;
        } else {
          return 0;
        }
      },
      message);
}

void Mailbox::add_locked(Message&& message) {
  waiting_bytes_ += size_of(message);
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
  // One alone is always taken.
  if (!waiting_.empty() && waiting_bytes_ + size_of(message) > bytes_max_) {
    return Error(std::string(error_names::k_limit_exceeded),
                 fmt::format("requests of {} bytes wait for the engine already", waiting_bytes_));
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
  waiting_bytes_ = 0;
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
