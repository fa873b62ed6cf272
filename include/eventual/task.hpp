// Tasks: units of real work. They run on worker threads, may block, and are retried; one result is
// recorded.
#pragma once

#include <concepts>
#include <optional>
#include <source_location>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eventual/detail/definitions.hpp"
#include "eventual/detail/handler.hpp"
#include "eventual/future.hpp"
#include "eventual/options.hpp"
#include "eventual/schema.hpp"

namespace eventual {

namespace detail {

/// What a running attempt tells its engine.
class AttemptPort {
 public:
  virtual ~AttemptPort() = default;
  virtual void heartbeat(std::string details_json) = 0;
  /// The details of the last heartbeat of an earlier attempt; null where there was none.
  virtual const std::string* last_heartbeat() const = 0;
  virtual std::string complete_later() = 0;
};

}  // namespace detail

/// What a task's handler may ask for. Valid while the handler runs, on its thread.
class TaskContext {
 public:
  /// `port` must outlive it; null: heartbeats and completing later are NotAllowed.
  TaskContext(std::string execution_id, std::uint32_t run, std::uint32_t seq, std::uint32_t attempt,
              std::string idempotency_key, std::stop_token stop,
              detail::AttemptPort* port = nullptr)
      : execution_id_(std::move(execution_id)),
        run_(run),
        seq_(seq),
        attempt_(attempt),
        idempotency_key_(std::move(idempotency_key)),
        stop_(std::move(stop)),
        port_(port) {}

  const std::string& execution_id() const noexcept { return execution_id_; }
  std::uint32_t run() const noexcept { return run_; }
  /// The call's number within its execution.
  std::uint32_t seq() const noexcept { return seq_; }
  /// 1 for the first attempt; an attempt that a crash interrupted runs again under the same number.
  std::uint32_t attempt() const noexcept { return attempt_; }
  /// The same for every attempt of this call, different for every other call.
  const std::string& idempotency_key() const noexcept { return idempotency_key_; }
  /// Asked to stop when the attempt timed out, its result is no longer wanted, or the service shuts
  /// down.
  const std::stop_token& stop_token() const noexcept { return stop_; }

  /// Says that the attempt is alive, and how far it is. Cheap: call it as often as there is
  /// something to say; most calls only note the details. With `.heartbeat_timeout` an attempt that
  /// says nothing for longer fails with HeartbeatTimeout.
  template <class Details>
  void heartbeat(const Details& details) {
    port().heartbeat(to_json(details));
  }
  void heartbeat() { port().heartbeat("null"); }

  /// What an earlier attempt of this call said last: in the same process exactly that, after a
  /// crash of the process what it said five seconds before it at the latest. Nothing where no
  /// attempt has said anything. InvalidInput where it is no `Details`.
  template <class Details>
  std::optional<Details> last_heartbeat() const {
    const std::string* json = port().last_heartbeat();
    if (json == nullptr || *json == "null") return std::nullopt;
    return detail::decode_value<Details>(*json);
  }

  /// Makes the attempt end without a result when the handler returns (what it returns is ignored),
  /// and gives a token: whoever has it completes the attempt later, by `ev::complete_task`,
  /// `ev::fail_task`, `ev::heartbeat_task` or POST /_eventual/tasks/…. Until then the attempt is in
  /// flight without a thread; that survives restarts, and its timeouts go on. Signals of the
  /// handler leave when it returns. The same token at every call; an attempt that fails makes it
  /// useless.
  std::string complete_later() { return port().complete_later(); }

 private:
  detail::AttemptPort& port() const {
    if (port_ == nullptr) {
      throw Error(std::string(error_names::k_not_allowed),
                  "heartbeats and tokens work only in a task that a workflow called");
    }
    return *port_;
  }

  std::string execution_id_;
  std::uint32_t run_;
  std::uint32_t seq_;
  std::uint32_t attempt_;
  std::string idempotency_key_;
  std::stop_token stop_;
  detail::AttemptPort* port_;
};

template <>
inline constexpr bool detail::outlives_coroutine<TaskContext> = true;

/// The key of the task call that this thread is running an attempt of; the same on every attempt.
/// NotAllowed elsewhere.
std::string idempotency_key();

/// Completes the attempt that a token stands for (TaskContext::complete_later) with its result.
/// Handlers only; completes when that is durable. Fails with NotAllowed for a token that this
/// service did not sign or that was altered, Closed when the attempt is over (completed, failed,
/// timed out, or its execution closed), InvalidInput for a result that is not the task's.
template <class Value>
Future<void> complete_task(std::string token, const Value& result) {
  return Future<void>(detail::Runtime::require("completing a task")
                          .tell_attempt({.kind = detail::AttemptNews::Kind::success,
                                         .token = std::move(token),
                                         .json = to_json(result)}));
}
inline Future<void> complete_task(std::string token) {
  return Future<void>(
      detail::Runtime::require("completing a task")
          .tell_attempt({.kind = detail::AttemptNews::Kind::success, .token = std::move(token)}));
}
/// Fails the attempt: the task's retry policy decides what follows. Otherwise as complete_task.
inline Future<void> fail_task(std::string token, Error error) {
  return Future<void>(detail::Runtime::require("failing a task")
                          .tell_attempt({.kind = detail::AttemptNews::Kind::failure,
                                         .token = std::move(token),
                                         .error = std::move(error)}));
}
/// TaskContext::heartbeat from elsewhere. Gives true when the attempt is asked to stop. Otherwise
/// as complete_task.
template <class Details>
Future<bool> heartbeat_task(std::string token, const Details& details) {
  return Future<bool>(detail::Runtime::require("a heartbeat")
                          .tell_attempt({.kind = detail::AttemptNews::Kind::heartbeat,
                                         .token = std::move(token),
                                         .json = to_json(details),
                                         .decode = detail::decoder_of<bool>()}));
}

/// A task of a service. A literal value: copy it freely. Call it in a workflow; elsewhere the call
/// throws NotAllowed.
template <class Input, class Output>
class Task {
 public:
  using input_type = Input;
  using output_type = Output;

  /// Names a task that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Task(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Calls it. The attempt starts when the turn that asked for it is durable. Fails with the
  /// handler's error after its last attempt, Timeout, Interrupted, or NotFound where the service
  /// has no such task. Replay: gives the recorded result.
  Future<Output> operator()(const detail::Stored<Input>& input, const CallOptions& options = {},
                            std::source_location location = std::source_location::current()) const
    requires(!std::is_void_v<Input>)
  {
    return call(to_json(input), options, location);
  }
  Future<Output> operator()(const CallOptions& options = {},
                            std::source_location location = std::source_location::current()) const
    requires(std::is_void_v<Input>)
  {
    return call("null", options, location);
  }

 private:
  Future<Output> call(std::string input, const CallOptions& options,
                      std::source_location location) const {
    return Future<Output>(detail::Runtime::require("calling a task")
                              .call_task({.task = name_,
                                          .input = std::move(input),
                                          .options = &options,
                                          .decode = detail::decoder_of<Output>(),
                                          .normalise = &detail::normalise_json<Input>,
                                          .location = location}));
  }

  std::string_view name_;
};

}  // namespace eventual
