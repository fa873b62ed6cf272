// Tasks: units of real work. They run on worker threads, may block, and are retried; one result is recorded.
#pragma once

#include <concepts>
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

/// What a task's handler may ask for. Valid while the handler runs, on its thread.
class TaskContext {
 public:
  TaskContext(std::string execution_id, std::uint32_t run, std::uint32_t seq, std::uint32_t attempt,
              std::string idempotency_key, std::stop_token stop)
      : execution_id_(std::move(execution_id)),
        run_(run),
        seq_(seq),
        attempt_(attempt),
        idempotency_key_(std::move(idempotency_key)),
        stop_(std::move(stop)) {}

  const std::string& execution_id() const noexcept { return execution_id_; }
  std::uint32_t run() const noexcept { return run_; }
  /// The call's number within its execution.
  std::uint32_t seq() const noexcept { return seq_; }
  /// 1 for the first attempt; an attempt that a crash interrupted runs again under the same number.
  std::uint32_t attempt() const noexcept { return attempt_; }
  /// The same for every attempt of this call, different for every other call.
  const std::string& idempotency_key() const noexcept { return idempotency_key_; }
  /// Asked to stop when the attempt timed out, its result is no longer wanted, or the service shuts down.
  const std::stop_token& stop_token() const noexcept { return stop_; }

 private:
  std::string execution_id_;
  std::uint32_t run_;
  std::uint32_t seq_;
  std::uint32_t attempt_;
  std::string idempotency_key_;
  std::stop_token stop_;
};

template <>
inline constexpr bool detail::outlives_coroutine<TaskContext> = true;

/// The key of the task call that this thread is running an attempt of; the same on every attempt. NotAllowed elsewhere.
std::string idempotency_key();

/// A task of a service. A literal value: copy it freely. Call it in a workflow; elsewhere the call throws NotAllowed.
template <class Input, class Output>
class Task {
 public:
  using input_type = Input;
  using output_type = Output;

  /// Names a task that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Task(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Calls it. The attempt starts when the turn that asked for it is durable. Fails with the handler's error after its last
  /// attempt, Timeout, Interrupted, or NotFound where the service has no such task. Replay: gives the recorded result.
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
  Future<Output> call(std::string input, const CallOptions& options, std::source_location location) const {
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
