// Tests of a service on virtual time: the real engine on a memory store, one thing at a time, and a
// clock that moves only when the test says so. Works with any test framework; what goes wrong is
// thrown as ev::Error.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eventual/command.hpp"
#include "eventual/event.hpp"
#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "eventual/service.hpp"
#include "eventual/signal.hpp"
#include "eventual/simulation.hpp"
#include "eventual/task.hpp"
#include "eventual/transaction.hpp"
#include "eventual/workflow.hpp"

namespace eventual {

class TestEnvironment;

namespace detail {

/// What a mocked task does, in JSON.
class TaskMockCore {
 public:
  /// The result, or a thrown failure.
  using Act = std::function<std::string(std::string_view input_json)>;

  explicit TaskMockCore(std::string task) : task_(std::move(task)) {}

  void always(Act act);
  void once(Act act);
  void block_always();
  void block_once();
  void async_always();
  void async_once();
  const std::vector<std::string>& tokens() const noexcept { return tokens_; }
  void add_token(std::string token) { tokens_.push_back(std::move(token)); }
  const std::vector<std::string>& calls() const noexcept { return calls_; }
  void forget_calls() noexcept { calls_.clear(); }
  const std::string& task() const noexcept { return task_; }

  struct Behaviour {
    bool blocks = false;
    Act act;
    bool async = false;
  };
  /// Takes the next behaviour.
  Behaviour next(std::string input_json);

 private:
  std::string task_;
  std::vector<Behaviour> once_;
  std::optional<Behaviour> always_;
  std::vector<std::string> calls_;
  std::vector<std::string> tokens_;
};

}  // namespace detail

/// A task that a test answers for. Behaviours for one attempt are used up first, in order; then the
/// standing one. Without any, it succeeds with a default-made result. Belongs to its environment.
template <class Input, class Output>
class TaskMock {
 public:
  explicit TaskMock(std::shared_ptr<detail::TaskMockCore> core) : core_(std::move(core)) {}

  TaskMock& succeed(const detail::Stored<Output>& value)
    requires(!std::is_void_v<Output>)
  {
    core_->always(result(value));
    return *this;
  }
  TaskMock& succeed()
    requires std::is_void_v<Output>
  {
    core_->always([](std::string_view) { return std::string("null"); });
    return *this;
  }
  TaskMock& succeed_once(const detail::Stored<Output>& value)
    requires(!std::is_void_v<Output>)
  {
    core_->once(result(value));
    return *this;
  }
  TaskMock& succeed_once()
    requires std::is_void_v<Output>
  {
    core_->once([](std::string_view) { return std::string("null"); });
    return *this;
  }
  TaskMock& fail(std::string name, std::string message = {}) {
    core_->always(failure(Error(std::move(name), std::move(message))));
    return *this;
  }
  TaskMock& fail_once(std::string name, std::string message = {}) {
    core_->once(failure(Error(std::move(name), std::move(message))));
    return *this;
  }
  /// Calls `function` with the input instead of the handler.
  template <class Function>
  TaskMock& invoke(Function function) {
    core_->always(call(std::move(function)));
    return *this;
  }
  template <class Function>
  TaskMock& invoke_once(Function function) {
    core_->once(call(std::move(function)));
    return *this;
  }
  /// Attempts begin and never end by themselves: only a time limit or a cancellation ends the call.
  TaskMock& block() {
    core_->block_always();
    return *this;
  }
  TaskMock& block_once() {
    core_->block_once();
    return *this;
  }

  /// Attempts end without a result and leave a token in tokens(), as a handler that calls
  /// TaskContext::complete_later. Complete them with TestEnvironment::complete or fail.
  TaskMock& async() {
    core_->async_always();
    return *this;
  }
  TaskMock& async_once() {
    core_->async_once();
    return *this;
  }
  /// Of the attempts that ended so, oldest first.
  const std::vector<std::string>& tokens() const noexcept { return core_->tokens(); }

  /// The inputs of all attempts so far, oldest first.
  std::vector<detail::Stored<Input>> calls() const {
    std::vector<detail::Stored<Input>> inputs;
    for (const std::string& json : core_->calls()) {
      if constexpr (std::is_void_v<Input>) {
        inputs.emplace_back();
      } else {
        inputs.push_back(detail::decode_value<Input>(json));
      }
    }
    return inputs;
  }
  std::size_t call_count() const noexcept { return core_->calls().size(); }

 private:
  static detail::TaskMockCore::Act result(const detail::Stored<Output>& value) {
    return [json = to_json(value)](std::string_view) { return json; };
  }
  static detail::TaskMockCore::Act failure(Error error) {
    return [error = std::move(error)](std::string_view) -> std::string { throw_error(error); };
  }
  template <class Function>
  static detail::TaskMockCore::Act call(Function function) {
    return [function = std::move(function)](std::string_view json) mutable -> std::string {
      auto run = [&]() -> decltype(auto) {
        if constexpr (std::is_void_v<Input>) {
          (void)json;
          return function();
        } else {
          return function(detail::decode_value<Input>(json));
        }
      };
      if constexpr (std::is_void_v<Output>) {
        run();
        return "null";
      } else {
        return to_json(static_cast<Output>(run()));
      }
    };
  }

  std::shared_ptr<detail::TaskMockCore> core_;  // shared with the environment, which asks it
};

/// An execution of the environment.
template <class Output>
class TestExecution {
 public:
  TestExecution(TestEnvironment& environment, std::string id)
      : environment_(&environment), id_(std::move(id)) {}

  const std::string& id() const noexcept { return id_; }
  operator ExecutionId() const { return ExecutionId{id_, 0}; }  // NOLINT: it stands for its id

  /// "running", "succeeded", "failed", …
  std::string status() const;
  /// The result; throws what the execution failed with. While it is open: throws Error("NotClosed")
  /// that says what it waits for.
  Output result() const;
  /// The failure of a failed execution, the reason of a parked one.
  std::optional<Error> error() const;
  std::vector<Json> history() const;
  std::vector<Json> waiting_for() const;

 private:
  TestEnvironment* environment_;
  std::string id_;
};

struct TestOptions {
  Timestamp start{};       ///< the first instant
  std::uint64_t seed = 1;  ///< of ids and jitter
  std::size_t live_executions_max =
      20'000;  ///< a small one makes executions be replayed all the time
  /// As the setting payload_limit; nothing: that of ServiceOptions. Out of its range, the
  /// constructor throws InvalidInput.
  std::optional<std::size_t> payload_limit = {};
};

/// One service under test. One thread uses it at a time.
///
/// start, send, cancel and call do all that can be done at the current instant before they return;
/// time moves by tick alone.
class TestEnvironment {
 public:
  explicit TestEnvironment(Service& service, TestOptions options = {});
  ~TestEnvironment();
  TestEnvironment(const TestEnvironment&) = delete;
  TestEnvironment& operator=(const TestEnvironment&) = delete;

  Timestamp now() const noexcept;

  /// Moves time by a second, by `seconds` single ones, or by `duration`; everything that falls due
  /// happens at its own instant. InvalidInput unless positive.
  void tick();
  void tick(std::int64_t seconds);
  void tick(Duration duration);
  void tick(int seconds) { tick(static_cast<std::int64_t>(seconds)); }
  /// InvalidInput for a fraction: a duration says what is meant.
  void tick(double) = delete;
  /// Moves time to `time`, inclusive; does only what is due when it is past.
  void tick_until(Timestamp time);
  /// Moves time from one due instant to the next until nothing is due any more but schedules.
  /// Throws Error("NotIdle") when there is still something due after `horizon`.
  void run_until_idle(Duration horizon = std::chrono::hours(24 * 365 * 10));

  /// Answers for a task from now on. The same mock for the same task.
  template <class Input, class Output>
  TaskMock<Input, Output> mock(const Task<Input, Output>& task) {
    detail::TaskMockCore::Act standing;
    if constexpr (std::is_void_v<Output>) {
      standing = [](std::string_view) { return std::string("null"); };
    } else if constexpr (std::is_default_constructible_v<Output>) {
      standing = [](std::string_view) { return to_json(Output{}); };
    }
    return TaskMock<Input, Output>(mock_json(task.name(), std::move(standing)));
  }

  template <class Input, class Output>
  TestExecution<Output> start(const Workflow<Input, Output>& workflow,
                              const detail::Stored<Input>& input, const StartOptions& options = {})
    requires(!std::is_void_v<Input>)
  {
    return TestExecution<Output>(*this, start_json(workflow.name(), to_json(input), options));
  }
  template <class Input, class Output>
  TestExecution<Output> start(const Workflow<Input, Output>& workflow,
                              const StartOptions& options = {})
    requires std::is_void_v<Input>
  {
    return TestExecution<Output>(*this, start_json(workflow.name(), "null", options));
  }

  /// Throws NotFound or Closed as the sender would see it.
  template <class Payload, class Body>
  void send(const ExecutionId& execution, const Signal<Payload>& signal, const Body& payload,
            const SendOptions& options = {}) {
    send_json(execution, signal.name(), to_json(static_cast<Payload>(payload)), options);
  }
  void send(const ExecutionId& execution, const Signal<void>& signal,
            const SendOptions& options = {}) {
    send_json(execution, signal.name(), "null", options);
  }

  /// As Signal::send_with_start.
  template <class Input, class Output, class Payload, class Body>
  TestExecution<Output> send_with_start(const Workflow<Input, Output>& workflow,
                                        const detail::Stored<Input>& input,
                                        const Signal<Payload>& signal, const Body& payload,
                                        const StartOptions& options = {})
    requires(!std::is_void_v<Input>)
  {
    return TestExecution<Output>(
        *this, send_with_start_json(workflow.name(), to_json(input), options, signal.name(),
                                    to_json(static_cast<Payload>(payload))));
  }

  /// Asks a query; throws as Query::ask fails.
  template <class Input, class Output>
  Output query(const ExecutionId& execution, const Query<Input, Output>& query,
               const detail::Stored<Input>& input) {
    return detail::decode_value<Output>(query_json(execution, query.name(), to_json(input)));
  }
  template <class Output>
  Output query(const ExecutionId& execution, const Query<void, Output>& query) {
    return detail::decode_value<Output>(query_json(execution, query.name(), "null"));
  }

  /// Asks for an update; throws as Update::ask fails. One that needs time to pass is not answered:
  /// throws Error("NotClosed"). Ask again with the same id when it has passed.
  template <class Input, class Output>
  Output update(const ExecutionId& execution, const Update<Input, Output>& update,
                const detail::Stored<Input>& input, const UpdateOptions& options = {})
    requires(!std::is_void_v<Input>)
  {
    const std::string json = update_json(execution, update.name(), to_json(input), options);
    if constexpr (!std::is_void_v<Output>) return detail::decode_value<Output>(json);
  }
  template <class Output>
  Output update(const ExecutionId& execution, const Update<void, Output>& update,
                const UpdateOptions& options = {}) {
    const std::string json = update_json(execution, update.name(), "null", options);
    if constexpr (!std::is_void_v<Output>) return detail::decode_value<Output>(json);
  }

  /// What ev::complete_task, fail_task and heartbeat_task do; throws what those fail with.
  template <class Value>
  void complete(const std::string& token, const Value& result) {
    tell_attempt(
        {.kind = detail::AttemptNews::Kind::success, .token = token, .json = to_json(result)});
  }
  void complete(const std::string& token) {
    tell_attempt({.kind = detail::AttemptNews::Kind::success, .token = token});
  }
  void fail(const std::string& token, const Error& error) {
    tell_attempt({.kind = detail::AttemptNews::Kind::failure, .token = token, .error = error});
  }
  /// True when the attempt is asked to stop.
  template <class Details>
  bool heartbeat(const std::string& token, const Details& details) {
    return tell_attempt(
        {.kind = detail::AttemptNews::Kind::heartbeat, .token = token, .json = to_json(details)});
  }

  void cancel(const ExecutionId& execution);
  void terminate(const ExecutionId& execution, std::string reason = {});
  /// Holds it; throws NotAllowed when it is parked.
  void pause(const ExecutionId& execution, std::string reason = {});
  /// Lets a paused one go on, tries a parked one again. Throws what still parks it.
  void resume(const ExecutionId& execution);
  /// Runs a closed one again from where it failed, as its next run: handles without a run mean that
  /// one then. Returns its number.
  std::uint32_t retry(const ExecutionId& execution);
  /// A new execution with the history of `source` up to call `seq`, which is made again.
  template <class Output>
  TestExecution<Output> fork(const TestExecution<Output>& source, std::uint32_t seq,
                             std::string name = {}) {
    return TestExecution<Output>(*this, fork_id(source, seq, std::move(name)));
  }

  /// As the schedule's own handle does. Each throws NotFound where the service has no such
  /// schedule.
  void pause(const Schedule& schedule, std::string reason = {});
  void resume(const Schedule& schedule);
  /// Ids of what it started: one or none.
  std::vector<std::string> trigger(const Schedule& schedule);
  std::vector<std::string> backfill(const Schedule& schedule, Timestamp from, Timestamp to);
  /// What GET /_eventual/schedules/<name> gives.
  Json view(const Schedule& schedule);

  /// Calls a command in process, as an RPC: through its middleware, which sees `headers`, and its
  /// schemas. Throws what the handler throws, or http::HttpError where middleware refuses. A
  /// command that waits for what needs time to pass cannot end: throws Error("NotClosed") that says
  /// what everything waits for.
  template <class Input, class Output>
  Output call(const Command<Input, Output>& command, const detail::Stored<Input>& input,
              const http::Fields& headers = {})
    requires(!std::is_void_v<Input>)
  {
    const std::string json = call_json(command.name(), to_json(input), headers);
    if constexpr (!std::is_void_v<Output>) return detail::decode_value<Output>(json);
  }
  template <class Input, class Output>
  Output call(const Command<Input, Output>& command, const http::Fields& headers = {})
    requires std::is_void_v<Input>
  {
    const std::string json = call_json(command.name(), "null", headers);
    if constexpr (!std::is_void_v<Output>) return detail::decode_value<Output>(json);
  }

  /// Calls a transaction, as a command's handler would. Throws what it fails with.
  template <class Input, class Output>
  Output run(const Transaction<Input, Output>& transaction, const detail::Stored<Input>& input,
             const TransactOptions& options = {})
    requires(!std::is_void_v<Input>)
  {
    return in_handler([&] { return transaction(input, options).get(); });
  }
  template <class Input, class Output>
  Output run(const Transaction<Input, Output>& transaction, const TransactOptions& options = {})
    requires std::is_void_v<Input>
  {
    return in_handler([&] { return transaction(options).get(); });
  }

  /// Runs `function` as a command's handler, where entities can be read and written:
  /// `env.in_handler([&] { return accounts.get("a").get(); })`. Throws what it throws, and
  /// Error("NotClosed") when it waits for what needs time to pass.
  template <class Function>
  auto in_handler(Function function) -> std::invoke_result_t<Function&> {
    using Output = std::invoke_result_t<Function&>;
    if constexpr (std::is_void_v<Output>) {
      run_in_handler([&] { function(); });
    } else {
      std::optional<Output> output;
      run_in_handler([&] { output.emplace(function()); });
      return std::move(*output);
    }
  }

  /// Sends a request to the command or route of its method and raw_target
  /// ("/orders/o-1?full=true"), through its middleware, without a network; a body in pieces is
  /// whole. What a server adds of its own (limits of sizes, Host and Origin checks, CORS of the
  /// settings) is not there. Throws Error("NotClosed") where the handler waits for what needs time
  /// to pass.
  http::Response request(http::Request request);

  /// Emits an event from outside and delivers it as far as that goes at this instant. Returns its
  /// id. Throws what POST /_eventual/events answers with.
  template <class T>
  std::string emit(const Event<T>& event, const std::type_identity_t<T>& payload,
                   const EmitOptions& options = {}) {
    return emit_json(event.name(), to_json(payload), options);
  }

  /// A subscription of the test beside the service's own; it takes what is emitted from now on, on
  /// handler threads as they do, and lasts until reset_test_subscriptions or reset.
  template <class... Payloads, class Handler>
  Subscription subscribe(EventSelection<Payloads...> events, SubscriptionOptions options,
                         Handler handler) {
    return add_subscription(detail::make_subscription({}, std::move(events), std::move(options),
                                                      std::move(handler),
                                                      std::source_location::current()));
  }
  template <class... Payloads, class Handler>
  Subscription subscribe(EventSelection<Payloads...> events, Handler handler) {
    return subscribe(std::move(events), SubscriptionOptions{}, std::move(handler));
  }
  template <class T, class Handler>
  Subscription subscribe(const Event<T>& event, Handler handler) {
    return subscribe(on(event), std::move(handler));
  }
  void reset_test_subscriptions();
  /// While they are off, the service's own subscriptions pass over what is emitted.
  void disable_service_subscriptions();
  void enable_service_subscriptions();

  /// Dead letters as GET /_eventual/dead-letters gives them, oldest events first; of all
  /// subscriptions or one.
  std::vector<Json> dead_letters();
  std::vector<Json> dead_letters(const Subscription& subscription);
  /// All of a subscription, at most 1000; how many there were.
  std::size_t redrive(const Subscription& subscription);
  std::size_t discard(const Subscription& subscription);
  /// What GET /_eventual/subscriptions gives.
  std::vector<Json> subscriptions();
  /// Every delivery that is not done with, one sentence each.
  std::vector<std::string> deliveries();

  /// Runs the code of every execution, open and closed, over its history once more. Throws the
  /// first DeterminismError.
  void replay_all();
  /// As after a crash of the process at this instant: what was committed goes on.
  void restart();
  /// Forgets executions and mocks, and sets the clock back to the start (or to `start`).
  void reset();
  void reset(Timestamp start);
  /// Ids of all executions, oldest first.
  std::vector<std::string> executions();
  /// What the service logged, as "LEVEL text".
  const std::vector<std::string>& logs() const noexcept;

  // --- untyped, for tools ---
  std::string start_json(std::string_view workflow, std::string input_json,
                         const StartOptions& options);
  void send_json(const ExecutionId& execution, std::string_view signal, std::string payload_json,
                 const SendOptions& options);
  std::string send_with_start_json(std::string_view workflow, std::string input_json,
                                   const StartOptions& options, std::string_view signal,
                                   std::string payload_json);
  std::string query_json(const ExecutionId& execution, std::string_view query,
                         std::string input_json);
  std::string update_json(const ExecutionId& execution, std::string_view update,
                          std::string input_json, const UpdateOptions& options);
  std::string call_json(std::string_view command, std::string input_json,
                        http::Fields headers = {});
  std::string emit_json(std::string_view event, std::string payload_json,
                        const EmitOptions& options);
  /// The members of GET /_eventual/executions/<id>.
  Json view(const ExecutionId& execution);
  std::vector<Json> history(const ExecutionId& execution);

 private:
  template <class Output>
  friend class TestExecution;

  bool tell_attempt(detail::AttemptNews news);
  void run_in_handler(const std::function<void()>& function);
  Subscription add_subscription(detail::SubscriptionDefinition definition);
  std::size_t act_on_dead_letters(bool redrive, const Subscription& subscription);
  std::shared_ptr<detail::TaskMockCore> mock_json(std::string_view task,
                                                  detail::TaskMockCore::Act standing);
  std::string fork_id(const ExecutionId& source, std::uint32_t seq, std::string name);
  /// JSON of the result; throws as TestExecution::result says.
  std::string result_json(const ExecutionId& execution);
  std::optional<Error> error_of(const ExecutionId& execution);

  struct Core;
  std::unique_ptr<Core> core_;
};

template <class Output>
std::string TestExecution<Output>::status() const {
  return environment_->view(*this)["status"].as_string();
}
template <class Output>
Output TestExecution<Output>::result() const {
  const std::string json = environment_->result_json(*this);
  if constexpr (!std::is_void_v<Output>) return detail::decode_value<Output>(json);
}
template <class Output>
std::optional<Error> TestExecution<Output>::error() const {
  return environment_->error_of(*this);
}
template <class Output>
std::vector<Json> TestExecution<Output>::history() const {
  return environment_->history(*this);
}
template <class Output>
std::vector<Json> TestExecution<Output>::waiting_for() const {
  return environment_->view(*this)["waiting_for"].as_array();
}

}  // namespace eventual
