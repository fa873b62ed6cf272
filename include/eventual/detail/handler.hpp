// Turns a user's handler into a function from JSON to JSON, and finds out its types.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <utility>

#include "eventual/detail/definitions.hpp"
#include "eventual/future.hpp"
#include "eventual/schema.hpp"

namespace eventual::detail {

/// A recorded or received value; absent members keep their defaults. Throws InvalidInput.
template <class T>
T decode_value(std::string_view json) {
  ReadOptions options;
  options.absent_is_default = true;
  return from_json<T>(json, options).value();
}

/// A recorded value as today's code would write it.
template <class T>
std::string normalise_json(std::string_view json) {
  if constexpr (std::is_void_v<T>) {
    (void)json;
    return "null";
  } else {
    return to_json(decode_value<T>(json));
  }
}

/// The same for what comes from outside: an absent member that is required is an error.
template <class T>
std::string checked_json(std::string_view json) {
  return to_json(from_json<T>(json).value());
}

template <class T>
DecodeFunction decoder_of() {
  if constexpr (std::is_void_v<T>) {
    return nullptr;
  } else {
    return [](std::string_view json, void* object) {
      *static_cast<T*>(object) = decode_value<T>(json);
    };
  }
}

template <class T>
const TypeSchema* schema_or_null() {
  if constexpr (std::is_void_v<T>) {
    return nullptr;
  } else {
    return &schema_of<T>();
  }
}

template <class T>
struct FunctionTypes;
template <class R, class... A>
struct FunctionTypes<R (*)(A...)> {
  using Return = R;
  using Parameters = std::tuple<A...>;
};
template <class R, class C, class... A>
struct FunctionTypes<R (C::*)(A...) const> {
  using Return = R;
  using Parameters = std::tuple<A...>;
};
template <class R, class C, class... A>
struct FunctionTypes<R (C::*)(A...)> {
  using Return = R;
  using Parameters = std::tuple<A...>;
};

template <class F>
concept HasCallOperator = requires { &std::remove_cvref_t<F>::operator(); };

template <class F>
struct CallableTypes : FunctionTypes<std::decay_t<F>> {};
template <HasCallOperator F>
struct CallableTypes<F> : FunctionTypes<decltype(&std::remove_cvref_t<F>::operator())> {};

/// A parameter that the service supplies: one of its contexts, or any other non-const reference.
template <class Parameter>
inline constexpr bool is_supplied =
    std::is_same_v<std::remove_cvref_t<Parameter>, http::Request> ||
    std::is_same_v<std::remove_cvref_t<Parameter>, ServiceInfo> ||
    (std::is_lvalue_reference_v<Parameter> && !std::is_const_v<std::remove_reference_t<Parameter>>);

template <class Parameters>
struct InputOf {
  using type = void;
  static constexpr bool present = false;
};
template <class First, class... Rest>
  requires(!is_supplied<First>)
struct InputOf<std::tuple<First, Rest...>> {
  using type = std::remove_cvref_t<First>;
  static constexpr bool present = true;
};

template <class T>
struct Unwrapped {
  using type = std::remove_cvref_t<T>;
};
template <>
struct Unwrapped<void> {
  using type = void;
};
template <class T>
struct Unwrapped<Future<T>> {
  using type = T;
};

template <class F>
struct HandlerTypes {
  using Types = CallableTypes<F>;
  using Parameters = typename Types::Parameters;
  using Input = typename InputOf<Parameters>::type;
  using Output = typename Unwrapped<typename Types::Return>::type;
  static constexpr bool has_input = InputOf<Parameters>::present;
  static constexpr bool returns_future = is_future<std::remove_cvref_t<typename Types::Return>>;
};

[[noreturn]] void throw_not_provided(const char* type);

template <class Parameter>
decltype(auto) supply(HandlerScope& scope) {
  using Type = std::remove_cvref_t<Parameter>;
  if constexpr (std::is_same_v<Type, TaskContext>) {
    if (scope.task == nullptr) throw_not_provided("ev::TaskContext");
    return static_cast<TaskContext&>(*scope.task);
  } else if constexpr (std::is_same_v<Type, EventContext>) {
    if (scope.event == nullptr) throw_not_provided("ev::EventContext");
    return static_cast<EventContext&>(*scope.event);
  } else if constexpr (std::is_same_v<Type, CommandContext>) {
    if (scope.command == nullptr) throw_not_provided("ev::CommandContext");
    return static_cast<CommandContext&>(*scope.command);
  } else if constexpr (std::is_same_v<Type, TransactionContext>) {
    if (scope.transaction == nullptr) throw_not_provided("ev::TransactionContext");
    return static_cast<TransactionContext&>(*scope.transaction);
  } else if constexpr (std::is_same_v<Type, http::Request>) {
    if (scope.request == nullptr) throw_not_provided("ev::http::Request");
    return static_cast<const http::Request&>(*scope.request);
  } else if constexpr (std::is_same_v<Type, ServiceInfo>) {
    if (scope.service == nullptr) throw_not_provided("ev::ServiceInfo");
    return static_cast<const ServiceInfo&>(*scope.service);
  } else {
    const auto found = scope.provided->find(std::type_index(typeid(Type)));
    if (found == scope.provided->end()) throw_not_provided(typeid(Type).name());
    return static_cast<Type&>(*static_cast<Type*>(found->second));
  }
}

template <class F, class Types, std::size_t... Index>
decltype(auto) invoke_supplied(F& handler, std::string_view input_json, HandlerScope& scope,
                               const ReadOptions& options, std::index_sequence<Index...>) {
  using Parameters = typename Types::Parameters;
  if constexpr (Types::has_input) {
    auto input = from_json<typename Types::Input>(input_json, options).value();
    return handler(std::move(input), supply<std::tuple_element_t<Index + 1, Parameters>>(scope)...);
  } else {
    (void)input_json, (void)options;
    return handler(supply<std::tuple_element_t<Index, Parameters>>(scope)...);
  }
}

/// The handler as a function of JSON. A handler that is a coroutine runs to its end on the calling
/// thread.
template <class F>
HandlerFunction make_handler(F handler, Annotations annotations = {},
                             bool unknown_fields_refused = false) {
  using Types = HandlerTypes<F>;
  constexpr std::size_t supplied =
      std::tuple_size_v<typename Types::Parameters> - (Types::has_input ? 1 : 0);
  return [handler = std::move(handler), annotations, unknown_fields_refused](
             std::string_view input_json, HandlerScope& scope) mutable -> std::string {
    const ReadOptions options{.unknown_fields_refused = unknown_fields_refused,
                              .annotations = &annotations};
    auto run = [&]() -> decltype(auto) {
      return invoke_supplied<F, Types>(handler, input_json, scope, options,
                                       std::make_index_sequence<supplied>{});
    };
    if constexpr (std::is_void_v<typename Types::Output>) {
      if constexpr (Types::returns_future) {
        run().get();
      } else {
        run();
      }
      return "null";
    } else if constexpr (Types::returns_future) {
      return to_json(static_cast<typename Types::Output>(run().get()));
    } else {
      return to_json(static_cast<const typename Types::Output&>(run()));
    }
  };
}

}  // namespace eventual::detail
