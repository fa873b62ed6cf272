// Signals: typed messages into a running execution.
#pragma once

#include <concepts>
#include <functional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eventual/detail/handler.hpp"
#include "eventual/detail/remote.hpp"
#include "eventual/future.hpp"
#include "eventual/ids.hpp"
#include "eventual/options.hpp"
#include "eventual/schema.hpp"
#include "eventual/workflow.hpp"

namespace eventual {

/// Receives a signal until it is destroyed or disposed of. Moves, does not copy; belongs to its
/// execution.
class [[nodiscard]] Listener {
 public:
  Listener() = default;
  Listener(detail::Runtime* runtime, std::uint64_t id) noexcept : runtime_(runtime), id_(id) {}
  Listener(Listener&& other) noexcept
      : runtime_(std::exchange(other.runtime_, nullptr)), id_(other.id_) {}
  Listener& operator=(Listener&& other) noexcept {
    dispose();
    runtime_ = std::exchange(other.runtime_, nullptr);
    id_ = other.id_;
    return *this;
  }
  ~Listener() { dispose(); }

  /// Stops new calls of the listener; a coroutine listener that is running goes on.
  void dispose() noexcept {
    if (runtime_ != nullptr) std::exchange(runtime_, nullptr)->remove_listener(id_);
  }

 private:
  detail::Runtime* runtime_ = nullptr;
  std::uint64_t id_ = 0;
};

/// A signal of a service. A literal value: copy it freely.
template <class Payload>
class Signal : public detail::RemoteHandle {
 public:
  using payload_type = Payload;

  /// Names a signal that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Signal(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Workflows: waits for the next one, or takes the oldest that nobody has read. Fails with
  /// Timeout when `timeout` passes.
  Future<Payload> expect(const WaitOptions& options = {},
                         std::source_location location = std::source_location::current()) const {
    return Future<Payload>(
        detail::Runtime::require("expecting a signal")
            .expect_signal(name_, options.timeout, detail::decoder_of<Payload>(), location));
  }

  /// Workflows: calls `function` for each one, the whole backlog at once, until the result leaves
  /// scope.
  ///
  /// A plain function may capture; it runs within the turn and an exception from it fails the
  /// execution. A coroutine captures nothing: `arguments` are copied into its frame on each call;
  /// its failure is logged.
  template <class Function, class... Arguments>
  Listener on(Function function, Arguments... arguments) const {
    return listen(std::source_location::current(), std::move(function), std::move(arguments)...);
  }

  /// Anywhere: sends it. Completes when the receiver has committed it; fails with NotFound or
  /// Closed. In a task it leaves with the attempt's success, and the future is ready at once.
  /// Replay: sent once. One of a ServiceClient's contract leaves at once, from a task too, and
  /// counts once although it may be sent again.
  template <class Body>
    requires(!std::is_void_v<Payload> && std::convertible_to<const Body&, Payload>)
  Future<void> send(const ExecutionId& execution, const Body& payload,
                    const SendOptions& options = {},
                    std::source_location location = std::source_location::current()) const {
    return send_json(execution.id, to_json(static_cast<Payload>(payload)), options, location);
  }
  Future<void> send(const ExecutionId& execution, const SendOptions& options = {},
                    std::source_location location = std::source_location::current()) const
    requires(std::is_void_v<Payload>)
  {
    return send_json(execution.id, "null", options, location);
  }

  /// Handlers: starts the execution of that name and sends it the signal, in one turn; one that is
  /// open is sent the signal whatever its input. Fails with Closed where it has closed. The signal
  /// does not wait for a task's success.
  template <class Input, class Output, class Body>
    requires(!std::is_void_v<Payload> && std::convertible_to<const Body&, Payload>)
  Future<Execution<Output>> send_with_start(
      const Workflow<Input, Output>& workflow, const detail::Stored<Input>& input,
      const Body& payload, const StartOptions& start = {}, const SendOptions& options = {},
      std::source_location location = std::source_location::current()) const {
    return start_json(workflow, input, to_json(static_cast<Payload>(payload)), start, options,
                      location);
  }
  template <class Input, class Output>
    requires(std::is_void_v<Payload>)
  Future<Execution<Output>> send_with_start(
      const Workflow<Input, Output>& workflow, const detail::Stored<Input>& input,
      const StartOptions& start = {}, const SendOptions& options = {},
      std::source_location location = std::source_location::current()) const {
    return start_json(workflow, input, "null", start, options, location);
  }

 private:
  template <class Input, class Output>
  Future<Execution<Output>> start_json(const Workflow<Input, Output>& workflow,
                                       const detail::Stored<Input>& input, std::string payload,
                                       const StartOptions& start, const SendOptions& options,
                                       std::source_location location) const {
    detail::WorkflowCall call;
    call.workflow = workflow.name();
    if constexpr (std::is_void_v<Input>) {
      (void)input;
      call.input = "null";
    } else {
      call.input = to_json(input);
    }
    call.name = start.name;
    call.timeout = start.timeout.value_or(k_forever);
    call.has_timeout = start.timeout.has_value();
    call.wait_for_result = false;
    call.decode = detail::execution_decoder<Output>();
    call.normalise = &detail::normalise_json<Input>;
    call.location = location;
    call.signal = name_;
    call.signal_payload = std::move(payload);
    call.signal_id = options.id;
    if (this->remote_ != nullptr) {
      return Future<Execution<Output>>(this->remote_->call_workflow(std::move(call)));
    }
    return Future<Execution<Output>>(detail::Runtime::require("starting a workflow with a signal")
                                         .call_workflow(std::move(call)));
  }

  template <class Function, class... Arguments>
  Listener listen(std::source_location location, Function function, Arguments... arguments) const {
    detail::Runtime& runtime = detail::Runtime::require("listening to a signal");
    auto call = [function = std::move(function),
                 ... arguments = std::move(arguments)](std::string_view json) mutable {
      auto invoke = [&]() -> decltype(auto) {
        if constexpr (std::is_void_v<Payload>) {
          return function(arguments...);
        } else {
          return function(detail::decode_value<Payload>(json), arguments...);
        }
      };
      using Return = decltype(invoke());
      if constexpr (detail::is_future<std::remove_cvref_t<Return>>) {
        detach(invoke());
      } else {
        static_assert(std::is_void_v<Return>,
                      "a signal listener returns nothing, or an ev::Future<void>");
        invoke();
      }
    };
    return Listener(&runtime, runtime.add_listener(name_, std::move(call), location));
  }

  Future<void> send_json(const std::string& execution_id, std::string payload,
                         const SendOptions& options, std::source_location location) const {
    detail::SignalSend sent{.signal = name_,
                            .execution_id = execution_id,
                            .payload = std::move(payload),
                            .message_id = options.id,
                            .immediate = options.immediate,
                            .normalise = &detail::normalise_json<Payload>,
                            .location = location};
    if (this->remote_ != nullptr) return Future<void>(this->remote_->send_signal(std::move(sent)));
    return Future<void>(detail::Runtime::require("sending a signal").send_signal(std::move(sent)));
  }

  std::string_view name_;
};

}  // namespace eventual
