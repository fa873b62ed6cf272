// Workflows: coroutines that survive crashes, restarts and years of sleep, and what they may do.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eventual/detail/handler.hpp"
#include "eventual/detail/remote.hpp"
#include "eventual/future.hpp"
#include "eventual/ids.hpp"
#include "eventual/options.hpp"
#include "eventual/schema.hpp"
#include "eventual/task.hpp"

namespace eventual {

template <class Payload = void>
class Signal;

/// Asks an execution to stop; it sees ev::Cancelled. Completes when it knows; also where it is
/// closed or gone already.
Future<void> cancel(const ExecutionId& execution,
                    std::source_location location = std::source_location::current());

/// A child that its parent keeps in hand. Copies share it; dropping it changes nothing.
///
/// Replay: what is sent and what is awaited are calls like any other.
template <class Output>
class Child {
 public:
  Child(ExecutionId id, Future<Output> result) : id_(std::move(id)), result_(std::move(result)) {}

  /// "<workflow>/<name>", known before it has begun.
  const std::string& id() const noexcept { return id_.id; }
  operator const ExecutionId&() const noexcept { return id_; }  // NOLINT: a child stands for its id

  /// As Signal::send; a child that is being started gets it when it has begun.
  template <class Payload, class Body>
  Future<void> signal(const Signal<Payload>& which, const Body& payload,
                      std::source_location location = std::source_location::current()) const {
    return which.send(id_, payload, SendOptions{}, location);
  }
  template <class Payload>
    requires std::is_void_v<Payload>
  Future<void> signal(const Signal<Payload>& which,
                      std::source_location location = std::source_location::current()) const {
    return which.send(id_, SendOptions{}, location);
  }
  /// Asks it to stop. Its result still tells how it ended.
  Future<void> cancel(std::source_location location = std::source_location::current()) const {
    return eventual::cancel(id_, location);
  }
  /// Its result; fails as it failed, or as its start did. Every call gives the same future.
  Future<Output> result() const { return result_; }

 private:
  ExecutionId id_;
  Future<Output> result_;
};

/// A handle on one execution: of this service, or of the one that a ServiceClient's workflow gave
/// it for. The latter keeps the client's connections, and works as long as it lives.
template <class Output>
class Execution {
 public:
  Execution() = default;
  explicit Execution(ExecutionId id, std::shared_ptr<detail::Remote> remote = nullptr)
      : id_(std::move(id)), remote_(std::move(remote)) {}

  /// "<workflow>/<name>".
  const std::string& id() const noexcept { return id_.id; }
  // NOLINTNEXTLINE(google-explicit-constructor): an Execution stands for its id.
  operator const ExecutionId&() const noexcept { return id_; }

  /// Waits until it closes. Fails as the execution failed; Cancelled, Timeout or
  /// Error("Terminated") when it ended so.
  Future<Output> result(std::source_location location = std::source_location::current()) const {
    if (remote_ != nullptr) {
      return Future<Output>(remote_->wait_result(id_.id, detail::decoder_of<Output>()));
    }
    return Future<Output>(detail::Runtime::require("waiting for a result")
                              .wait_result(id_.id, detail::decoder_of<Output>(), location));
  }

  /// Holds it: none of its code runs and no attempt begins until it is resumed; what arrives is
  /// kept. For handlers, as are the next three. Durable when it completes. NotFound, Closed,
  /// NotAllowed (it is parked).
  Future<void> pause(std::string reason = {}) const {
    return Future<void>(act(detail::ExecutionAct::Kind::pause, std::move(reason), 0, nullptr));
  }
  /// Lets a paused one go on, tries a parked one again. NotFound, Closed, and what still parks it.
  Future<void> resume() const {
    return Future<void>(act(detail::ExecutionAct::Kind::resume, {}, 0, nullptr));
  }
  /// Runs a closed one again, as its next run, from where it failed: what succeeded is not done
  /// again. NotFound, NotClosed, NotAllowed (it succeeded or was cancelled).
  Future<Execution> retry() const {
    return Future<Execution>(act(detail::ExecutionAct::Kind::retry, {}, 0, &decode_id));
  }
  /// A new execution that shares the history up to call `seq`, which is made again. An empty name:
  /// made by the engine. NotFound (also: no such call), AlreadyExists.
  Future<Execution> fork(std::uint32_t seq, std::string new_name = {}) const {
    return Future<Execution>(
        act(detail::ExecutionAct::Kind::fork, std::move(new_name), seq, &decode_id));
  }

 private:
  static void decode_id(std::string_view json, void* object) {
    detail::RemoteExecution told = detail::read_execution(json);
    *static_cast<Execution*>(object) =
        Execution(ExecutionId{std::move(told.id), 0}, std::move(told.remote));
  }
  detail::SlotRef act(detail::ExecutionAct::Kind kind, std::string text, std::uint32_t seq,
                      detail::DecodeFunction decode) const {
    detail::ExecutionAct asked{.kind = kind,
                               .execution_id = id_.id,
                               .run = id_.run,
                               .text = std::move(text),
                               .seq = seq,
                               .decode = decode};
    if (remote_ != nullptr) return remote_->act_on_execution(std::move(asked));
    return detail::Runtime::require("acting on an execution").act_on_execution(std::move(asked));
  }

  ExecutionId id_;
  // shared: by the client and the executions that it gave
  std::shared_ptr<detail::Remote> remote_;
};

namespace detail {

template <class Output>
DecodeFunction execution_decoder() {
  return [](std::string_view json, void* object) {
    RemoteExecution told = read_execution(json);
    *static_cast<Execution<Output>*>(object) =
        Execution<Output>(ExecutionId{std::move(told.id), 0}, std::move(told.remote));
  };
}

}  // namespace detail

/// A workflow of a service. A literal value: copy it freely. One of a ServiceClient's contract runs
/// there: starts are repeated where the connection is lost, for each has a name.
template <class Input, class Output>
class Workflow : public detail::RemoteHandle {
 public:
  using input_type = Input;
  using output_type = Output;

  /// Names a workflow that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Workflow(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Runs it and gives its result: in a workflow as a child with a name of its own, in a handler as
  /// a new execution. Fails as the execution failed, or NotFound where the service has no such
  /// workflow.
  Future<Output> operator()(const detail::Stored<Input>& input, const StartOptions& options = {},
                            std::source_location location = std::source_location::current()) const
    requires(!std::is_void_v<Input>)
  {
    return Future<Output>(
        call(to_json(input), options, true, detail::decoder_of<Output>(), location));
  }
  Future<Output> operator()(const StartOptions& options = {},
                            std::source_location location = std::source_location::current()) const
    requires(std::is_void_v<Input>)
  {
    return Future<Output>(call("null", options, true, detail::decoder_of<Output>(), location));
  }

  /// Starts it and completes when that is durable. The same name and input give the existing
  /// execution; another input fails with AlreadyExists.
  Future<Execution<Output>> start(
      const detail::Stored<Input>& input, const StartOptions& options = {},
      std::source_location location = std::source_location::current()) const
    requires(!std::is_void_v<Input>)
  {
    return Future<Execution<Output>>(
        call(to_json(input), options, false, detail::execution_decoder<Output>(), location));
  }
  Future<Execution<Output>> start(
      const StartOptions& options = {},
      std::source_location location = std::source_location::current()) const
    requires(std::is_void_v<Input>)
  {
    return Future<Execution<Output>>(
        call("null", options, false, detail::execution_decoder<Output>(), location));
  }

  /// Workflows: starts a child and keeps it in hand, to signal it, to cancel it and to await its
  /// result.
  Child<Output> start_child(const detail::Stored<Input>& input, const StartOptions& options = {},
                            std::source_location location = std::source_location::current()) const
    requires(!std::is_void_v<Input>)
  {
    return child(to_json(input), options, location);
  }
  Child<Output> start_child(const StartOptions& options = {},
                            std::source_location location = std::source_location::current()) const
    requires(std::is_void_v<Input>)
  {
    return child("null", options, location);
  }

  /// The execution of that name.
  Execution<Output> execution(std::string_view execution_name) const {
    return Execution<Output>(ExecutionId{std::string(name_) + "/" + std::string(execution_name), 0},
                             shared_remote());
  }

 private:
  Child<Output> child(std::string input, const StartOptions& options,
                      std::source_location location) const {
    ExecutionId id;
    Future<Output> result(
        call(std::move(input), options, true, detail::decoder_of<Output>(), location, &id.id));
    return Child<Output>(std::move(id), std::move(result));
  }
  detail::SlotRef call(std::string input, const StartOptions& options, bool wait_for_result,
                       detail::DecodeFunction decode, std::source_location location,
                       std::string* execution_id = nullptr) const {
    detail::WorkflowCall asked{.workflow = name_,
                               .input = std::move(input),
                               .name = options.name,
                               .timeout = options.timeout.value_or(k_forever),
                               .has_timeout = options.timeout.has_value(),
                               .wait_for_result = wait_for_result,
                               .on_parent_close = options.on_parent_close,
                               .decode = decode,
                               .normalise = &detail::normalise_json<Input>,
                               .location = location,
                               .execution_id = execution_id,
                               .signal = {},
                               .signal_payload = {},
                               .signal_id = {}};
    if (remote_ != nullptr) return remote_->call_workflow(std::move(asked));
    return detail::Runtime::require("starting a workflow").call_workflow(std::move(asked));
  }

  std::string_view name_;
};

/// The time: pinned for a whole turn in a workflow (and the same on replay), the wall clock in a
/// handler.
Timestamp now();

/// Completes when `duration` has passed; at once when it is not positive. Durable in a workflow, a
/// plain wait in a handler.
Future<void> sleep_for(Duration duration,
                       std::source_location location = std::source_location::current());
/// Completes at `time`; at once when it is past.
Future<void> sleep_until(Timestamp time,
                         std::source_location location = std::source_location::current());

/// The future's value or failure when it comes within `duration`; else throws Timeout and cancels
/// it (see Future::cancel).
template <class T>
Future<T> with_timeout(Duration duration, Future<T> future,
                       std::source_location location = std::source_location::current()) {
  if (!future.ready()) {
    Future<void> timer = sleep_for(duration, location);
    std::uint32_t first = 0;
    try {
      first = co_await detail::WaitMany(detail::WaitMode::race, {future.slot(), timer.slot()});
    } catch (...) {
      timer.cancel(location);
      throw;
    }
    if (first != 0) {
      future.cancel(location);
      throw Timeout("it took longer than " + std::to_string(duration.count()) + " ms");
    }
    timer.cancel(location);
  }
  if constexpr (std::is_void_v<T>) {
    detail::take<void>(future.slot(), false);
  } else {
    co_return detail::take<T>(future.slot(), true);
  }
}

/// Completes with true when `predicate` holds, or with false when `timeout` passes first. Workflows
/// only. The predicate is evaluated after everything runnable has run, until nothing changes; it
/// must not block or change what others read. When it throws, the await throws.
Future<bool> condition(std::function<bool()> predicate, const WaitOptions& options = {},
                       std::source_location location = std::source_location::current());

/// 64 random bits: seeded in a workflow (the same on replay), from the system in a handler.
std::uint64_t random_u64();
/// A number in [0, 1).
double random_double();
/// A fresh id, unique over all executions; the same on replay.
std::string new_id();

/// The execution whose code is running: its id in a workflow, the caller's in a task.
ExecutionId this_execution();

/// Writes to the service's log with the execution's id; silent on replay.
void log(LogLevel level, std::string_view message);

namespace log_levels {
inline void debug(std::string_view message) { log(LogLevel::debug, message); }
inline void info(std::string_view message) { log(LogLevel::info, message); }
inline void warn(std::string_view message) { log(LogLevel::warn, message); }
inline void error(std::string_view message) { log(LogLevel::error, message); }
}  // namespace log_levels

/// What `co_await ev::continue_as_new(…)` would give: it never does. Stands for any result, so that
/// it can be returned.
struct Never {
  template <class T>
  operator T() const {  // NOLINT: there is no value of it
    throw Error(std::string(error_names::k_internal), "a run that has ended goes on");
  }
};

namespace detail {
Future<Never> continue_as_new_json(std::string input, std::source_location location);
}  // namespace detail

/// Ends this run and goes on as the next one with `input`, which is the workflow's input: a history
/// that would grow for ever begins afresh. The old run's status is `continued`; its id, its parent,
/// its time limit and who waits for its result go on with the new run, and so do signals that
/// nobody has read. One batch holds both.
///
/// Nothing of this run is run any more: no destructor undoes anything, and sagas do not compensate.
/// Tasks that are under way end unheard; updates that are not answered fail with Closed. Write
/// `co_return co_await ev::continue_as_new(input);`, or without co_return where the workflow has no
/// result. Throws InvalidInput for another type than the workflow's input, LimitExceeded for one
/// that is too large, NotAllowed outside workflows and in compensations. Replay: ends there again.
template <class Input>
Future<Never> continue_as_new(const Input& input,
                              std::source_location location = std::source_location::current()) {
  return detail::continue_as_new_json(to_json(input), location);
}
inline Future<Never> continue_as_new(
    std::source_location location = std::source_location::current()) {
  return detail::continue_as_new_json("null", location);
}

/// Which version of a change this execution runs, from `min` to `max`, so that code can change
/// under executions that are open. New executions get `max`, and it is recorded; those whose
/// history passed this point before the call was in the code get `min`. The same for every call
/// with this `change` in one execution.
///
/// A recorded version outside [min, max] parks the execution with a DeterminismError that names the
/// change. To drop an old branch raise `min`; to drop the call put `ev::deprecate_version` in its
/// place, and remove that when no history that is replayed has the mark. Workflows only.
std::uint32_t version(std::string_view change, std::uint32_t min, std::uint32_t max,
                      std::source_location location = std::source_location::current());

/// Takes the place of `ev::version` when only its newest branch is left: accepts the mark of
/// histories that have it and records nothing in new ones. Workflows only.
void deprecate_version(std::string_view change,
                       std::source_location location = std::source_location::current());

/// Undoes what was done when its scope is left by an exception, newest first, each under its task's
/// options, before the execution can close. A compensation that fails for good parks the execution
/// with the reason.
class Saga {
 public:
  Saga() : runtime_(&detail::Runtime::require("a saga")) {}
  Saga(const Saga&) = delete;
  Saga& operator=(const Saga&) = delete;
  ~Saga() {
    if (!undo_.empty() && runtime_->unwinding() && !runtime_->discarding()) {
      runtime_->defer_compensations(std::move(undo_));
    }
  }

  /// Remembers to call `task` with `input`.
  template <class Input, class Output, class Value>
    requires std::convertible_to<const Value&, Input>
  void undo(const Task<Input, Output>& task, const Value& input,
            std::source_location location = std::source_location::current()) {
    undo_.push_back([task, held = Input(input), location]() {
      return task(held, CallOptions{}, location).slot();
    });
  }
  template <class Output>
  void undo(const Task<void, Output>& task,
            std::source_location location = std::source_location::current()) {
    undo_.push_back([task, location]() { return task(CallOptions{}, location).slot(); });
  }
  /// Remembers to run a coroutine that captures nothing; `arguments` are copied.
  template <class Function, class... Arguments>
    requires(detail::is_future<std::invoke_result_t<Function&, Arguments&...>>)
  void undo(Function function, Arguments... arguments) {
    undo_.push_back(
        [function = std::move(function), ... arguments = std::move(arguments)]() mutable {
          return function(arguments...).slot();
        });
  }

  /// Forgets everything: what was done stands.
  void keep() noexcept { undo_.clear(); }

 private:
  detail::Runtime* runtime_;
  std::vector<std::function<detail::SlotRef()>> undo_;
};

}  // namespace eventual
