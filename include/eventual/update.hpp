// Updates: requests to a running execution that it validates and answers, once.
#pragma once

#include <concepts>
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
#include "eventual/signal.hpp"

namespace eventual {

/// A validator that lets everything through.
struct AcceptAll {
  template <class... Input>
  void operator()(const Input&...) const noexcept {}
};
inline constexpr AcceptAll accept_all{};

struct UpdateOptions {
  std::string id = {};  ///< asking again with it gives the recorded answer; empty: a fresh one
};

/// An update of a service. A literal value: copy it freely.
template <class Input, class Output>
class Update : public detail::RemoteHandle {
 public:
  using input_type = Input;
  using output_type = Output;

  /// Names an update that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Update(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Workflows: answers the update until the result leaves scope; the newest handler counts.
  ///
  /// `function` takes the input and gives the answer, or a future of it. A plain function may
  /// capture; a coroutine captures nothing: `arguments` are copied into its frame on each call.
  /// What it throws is the answer, and the execution goes on. `validator` looks at the input first
  /// and throws to refuse it: then nothing is recorded, and the caller gets what it threw. It may
  /// capture, and only reads: it is not called on replay, and no operation works in it.
  template <class Function, class Validator = AcceptAll, class... Arguments>
  Listener on(Function function, Validator validator = {}, Arguments... arguments) const {
    detail::UpdateHandler handler;
    handler.validate = [validator = std::move(validator)](std::string_view json) mutable {
      if constexpr (std::is_void_v<Input>) {
        (void)json;
        static_assert(std::is_invocable_v<Validator&>,
                      "a validator takes the update's input and throws to refuse it");
        validator();
      } else {
        static_assert(
            std::is_invocable_v<Validator&, const Input&>,
            "a validator takes the update's input by const reference and throws to refuse it");
        const Input input = detail::decode_value<Input>(json);
        validator(input);
      }
    };
    handler.run = [function = std::move(function),
                   ... arguments = std::move(arguments)](std::string_view json) mutable {
      auto invoke = [&]() -> decltype(auto) {
        if constexpr (std::is_void_v<Input>) {
          (void)json;
          return function(arguments...);
        } else {
          return function(detail::decode_value<Input>(json), arguments...);
        }
      };
      using Return = std::remove_cvref_t<decltype(invoke())>;
      if constexpr (detail::is_future<Return>) {
        static_assert(std::is_same_v<typename Return::value_type, Output>,
                      "the answer must be of the update's type");
        return invoke().release_slot();
      } else if constexpr (std::is_void_v<Output>) {
        static_assert(std::is_void_v<Return>, "the update answers nothing");
        invoke();
        return detail::settled_slot();
      } else {
        static_assert(std::is_convertible_v<Return, Output>,
                      "the answer must be of the update's type");
        return detail::ready_future<Output>(invoke()).release_slot();
      }
    };
    if constexpr (!std::is_void_v<Output>) {
      handler.encode = [](const void* value, std::string& out) {
        append_json(out, *static_cast<const Output*>(value));
      };
    }
    detail::Runtime& runtime = detail::Runtime::require("taking updates");
    return Listener(&runtime, runtime.add_update_handler(name_, std::move(handler)));
  }

  /// Handlers: asks it of a running execution. Completes with the answer when that is durable.
  /// Fails as the validator refused or the handler failed; with NotFound, Closed, NotAllowed (the
  /// execution does not take it now) or Unavailable (it is parked). The answer to an id stays the
  /// same, after a crash and after the end too.
  Future<Output> ask(const ExecutionId& execution, const detail::Stored<Input>& input,
                     const UpdateOptions& options = {}) const
    requires(!std::is_void_v<Input>)
  {
    return ask_json(execution, to_json(input), options);
  }
  Future<Output> ask(const ExecutionId& execution, const UpdateOptions& options = {}) const
    requires(std::is_void_v<Input>)
  {
    return ask_json(execution, "null", options);
  }

 private:
  Future<Output> ask_json(const ExecutionId& execution, std::string input,
                          const UpdateOptions& options) const {
    detail::UpdateAsk asked{.update = name_,
                            .execution_id = execution.id,
                            .input = std::move(input),
                            .update_id = options.id,
                            .decode = detail::decoder_of<Output>()};
    if (remote_ != nullptr) return Future<Output>(remote_->ask_update(std::move(asked)));
    return Future<Output>(
        detail::Runtime::require("asking for an update").ask_update(std::move(asked)));
  }

  std::string_view name_;
};

}  // namespace eventual
