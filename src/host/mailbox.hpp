// What other threads tell the engine's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/engine.hpp"
#include "ports/operations.hpp"

namespace eventual::host {

namespace messages {

struct Start {
  ports::StartRequest request;
  ports::Callback<ports::StartReply> done;
};
struct Signal {
  ports::SignalRequest request;
  ports::Callback<bool> done;
};
struct Update {
  ports::UpdateRequest request;
  ports::Callback<ports::UpdateReply> done;
};
struct Published {
  ports::ExecutionRef execution;
  ports::Callback<std::string> done;
};
struct Describe {
  ports::ExecutionRef execution;
  ports::Callback<ports::ExecutionView> done;
};
struct WaitClosed {
  ports::ExecutionRef execution;
  Duration wait{};
  ports::Callback<ports::ExecutionView> done;
};
/// Cancel, terminate, pause, resume.
struct Act {
  enum class Kind { cancel, terminate, pause, resume };
  Kind kind = Kind::cancel;
  ports::ExecutionRef execution;
  std::string reason;
  ports::Callback<bool> done;
};
struct Retry {
  ports::ExecutionRef execution;
  ports::Callback<ports::StartReply> done;
};
struct Fork {
  ports::ForkRequest request;
  ports::Callback<ports::StartReply> done;
};
struct Import {
  model::ExportedHistory history;
  std::string name;  ///< of the execution here; empty: its own
  ports::Callback<ports::ImportReply> done;
  std::size_t bytes = 0;
};
struct Schedules {
  std::string name;
  ports::Callback<std::vector<ports::ScheduleView>> done;
};
struct ActOnSchedule {
  ports::ScheduleAct act;
  ports::Callback<ports::ScheduleReply> done;
};
/// The latest that an attempt said, until the engine takes it: however often it speaks, one message
/// waits.
class LatestHeartbeat {
 public:
  /// True where an earlier one was still there.
  bool set(std::string details) {
    const std::lock_guard lock(mutex_);
    details_ = std::move(details);
    return std::exchange(waits_, true);
  }
  std::string take() {
    const std::lock_guard lock(mutex_);
    waits_ = false;
    return std::move(details_);
  }

 private:
  std::mutex mutex_;
  std::string details_;
  bool waits_ = false;
};
struct Tell {
  engine::AttemptNews news;
  ports::Callback<bool> done;  ///< null: nobody waits
  std::shared_ptr<LatestHeartbeat> latest = {};
};
/// What a transaction writes.
struct Commit {
  engine::Part part;
};
/// What is asked about events. `run` answers its own callback.
struct EventWork {
  std::function<void(engine::Engine& engine, Timestamp now)> run;
  ports::Callback<bool> done;  ///< called with a refusal instead of `run`; null: nobody waits
  std::size_t bytes = 0;
};
/// The service begins to stop: nobody waits for results any more.
struct Drain {};

}  // namespace messages

using Message =
    std::variant<engine::AttemptResult, messages::Start, messages::Signal, messages::Update,
                 messages::Published, messages::Describe, messages::WaitClosed, messages::Act,
                 messages::Retry, messages::Fork, messages::Import, messages::Schedules,
                 messages::ActOnSchedule, messages::Tell, messages::EventWork, messages::Drain,
                 messages::Commit, engine::StoreCallResult>;

/// The bytes of the payloads in it.
std::size_t size_of(const Message& message);

/// Many threads post, one takes. A post wakes the taker only when it sleeps.
class Mailbox {
 public:
  /// At most so many requests, or so many bytes of payloads, wait.
  Mailbox(std::size_t requests_max, std::size_t bytes_max)
      : requests_max_(requests_max), bytes_max_(bytes_max) {}

  /// Unavailable once it is closed, LimitExceeded when too much waits; `message` is then as before.
  Result<void> post_request(Message&& message);
  /// Never refused for a limit; false once it is closed.
  bool post(Message message);
  /// Appends what waits to `messages`, oldest first.
  void take(std::vector<Message>& messages);
  bool empty() const noexcept { return !has_mail_.load(std::memory_order_acquire); }

  /// Takes no more; what waits can still be taken.
  void close();
  /// Ends the taker's sleep, or its next one. Any thread.
  void wake();
  enum class Until { mail, woken };
  /// Sleeps until wake() or `time`, or also until there is mail.
  void sleep_until(std::chrono::steady_clock::time_point time, Until until);

 private:
  void add_locked(Message&& message);

  const std::size_t requests_max_;
  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Message> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool closed_ = false;
  bool sleeps_for_mail_ = false;
  bool woken_ = false;
  std::atomic<bool> has_mail_{false};
};

}  // namespace eventual::host
