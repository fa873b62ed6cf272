// Turns handlers of commands and routes and middleware into functions without their types, and
// checks at compile time that somebody provides what they ask for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <variant>

#include "eventual/command.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/detail/handler.hpp"
#include "eventual/detail/middleware.hpp"
#include "eventual/future.hpp"
#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "eventual/streams.hpp"

namespace eventual::http {
template <class... Values>
class Next;
}

namespace eventual::detail {

template <class... T>
struct TypeList {};

template <class T, class List>
inline constexpr bool contains = false;
template <class T, class... Types>
inline constexpr bool contains<T, TypeList<Types...>> = (std::is_same_v<T, Types> || ...);

template <class Left, class Right>
struct Joined;
template <class... A, class... B>
struct Joined<TypeList<A...>, TypeList<B...>> {
  using type = TypeList<A..., B...>;
};

template <class T>
inline constexpr bool is_next = false;
template <class... Values>
inline constexpr bool is_next<http::Next<Values...>> = true;

template <class T>
inline constexpr bool is_stream =
    std::is_same_v<T, http::BodyReader> || std::is_same_v<T, http::ResponseWriter> ||
    std::is_same_v<T, http::EventStream>;

template <class T>
inline constexpr bool is_request_part =
    std::is_same_v<T, http::Request> || std::is_same_v<T, ServiceInfo> ||
    std::is_same_v<T, CommandContext> || is_stream<T> || is_next<T>;

template <class Parameter>
inline constexpr bool is_mutable_reference =
    std::is_lvalue_reference_v<Parameter> && !std::is_const_v<std::remove_reference_t<Parameter>>;

/// The parameter is a part of the request, a value of the middleware before, or (`T&`) what
/// Service::provide gives.
template <class Parameter, class Provided>
inline constexpr bool is_given =
    is_request_part<std::remove_cvref_t<Parameter>> ||
    contains<std::remove_cvref_t<Parameter>, Provided> || is_mutable_reference<Parameter>;

template <class Parameters, class Provided>
struct EndpointInput {
  using type = void;
  static constexpr bool present = false;
};
template <class First, class... Rest, class Provided>
  requires(!is_given<First, Provided>)
struct EndpointInput<std::tuple<First, Rest...>, Provided> {
  using type = std::remove_cvref_t<First>;
  static constexpr bool present = true;
};

template <class F, class Provided>
struct EndpointTypes {
  using Types = CallableTypes<F>;
  using Parameters = typename Types::Parameters;
  using Return = typename Types::Return;
  using Input = typename EndpointInput<Parameters, Provided>::type;
  using Output = typename Unwrapped<Return>::type;
  static constexpr bool has_input = EndpointInput<Parameters, Provided>::present;
  static constexpr bool returns_future = is_future<std::remove_cvref_t<Return>>;
};

template <class T, class Parameters>
inline constexpr bool takes = false;
template <class T, class... Parameters>
inline constexpr bool takes<T, std::tuple<Parameters...>> =
    (std::is_same_v<T, std::remove_cvref_t<Parameters>> || ...);

template <class Parameters>
struct NextOf {
  using type = void;
  using Added = TypeList<>;
};
template <class... Values, class... Rest>
struct NextOf<std::tuple<http::Next<Values...>&, Rest...>> {
  using type = http::Next<Values...>;
  using Added = TypeList<Values...>;
};
template <class First, class... Rest>
struct NextOf<std::tuple<First, Rest...>> : NextOf<std::tuple<Rest...>> {};

/// What a request's parts are given as; made on the stack of its thread.
struct RequestParts {
  explicit RequestParts(HandlerScope& from)
      : scope(from), reader(from.body_source), writer(from.body_sink), events(from.body_sink) {}
  HandlerScope& scope;
  http::BodyReader reader;
  http::ResponseWriter writer;
  http::EventStream events;
};

/// The innermost value of this type; it is there: the types say so.
void* find_value(const HandlerScope& scope, std::type_index type) noexcept;

template <class Parameter, class Provided>
decltype(auto) give(RequestParts& parts, void* next) {
  using Type = std::remove_cvref_t<Parameter>;
  if constexpr (contains<Type, Provided>) {
    return static_cast<Type&>(*static_cast<Type*>(find_value(parts.scope, typeid(Type))));
  } else if constexpr (is_next<Type>) {
    return static_cast<Type&>(*static_cast<Type*>(next));
  } else if constexpr (std::is_same_v<Type, http::BodyReader>) {
    return static_cast<http::BodyReader&>(parts.reader);
  } else if constexpr (std::is_same_v<Type, http::ResponseWriter>) {
    return static_cast<http::ResponseWriter&>(parts.writer);
  } else if constexpr (std::is_same_v<Type, http::EventStream>) {
    return static_cast<http::EventStream&>(parts.events);
  } else {
    static_assert(is_given<Parameter, Provided>,
                  "nothing provides this parameter: add a middleware that gives it with "
                  "orders.use(…), or take a T& that orders.provide<T>(…) gives");
    return supply<Parameter>(parts.scope);
  }
}

template <class Provided, class Parameters, std::size_t Skip, class F, class... First,
          std::size_t... Index>
decltype(auto) call_given(F& function, RequestParts& parts, void* next,
                          std::index_sequence<Index...>, First&&... first) {
  return function(std::forward<First>(first)...,
                  give<std::tuple_element_t<Index + Skip, Parameters>, Provided>(parts, next)...);
}

/// Whether reading a value of this type may refuse what writing one lets pass.
bool has_checks(const TypeSchema& type);

/// The result as JSON; throws OutputMismatch when it is not what its type promises.
template <class T>
std::string output_json(const T& value) {
  static const bool checked = has_checks(schema_of<T>());
  std::string json;
  try {
    json = to_json(value);
  } catch (const Error& error) {
    throw OutputMismatch(error);
  }
  if (checked) {
    const Result<T> read = from_json<T>(json);
    if (!read) throw OutputMismatch(read.error());
  }
  return json;
}

/// A command's handler as a function of JSON. One that is a coroutine runs to its end on the
/// calling thread.
template <class F, class Provided>
HandlerFunction make_command_handler(F handler, Annotations annotations,
                                     bool unknown_fields_refused) {
  using Types = EndpointTypes<F, Provided>;
  using Parameters = typename Types::Parameters;
  static_assert(
      !takes<http::BodyReader, Parameters> && !takes<http::ResponseWriter, Parameters> &&
          !takes<http::EventStream, Parameters>,
      "bodies in pieces belong to routes: declare it with orders.http.get(…), post(…), …");
  constexpr std::size_t skip = Types::has_input ? 1 : 0;
  constexpr auto others = std::make_index_sequence<std::tuple_size_v<Parameters> - skip>{};
  return [handler = std::move(handler), annotations, unknown_fields_refused, others](
             std::string_view input_json, HandlerScope& scope) mutable -> std::string {
    RequestParts parts(scope);
    auto run = [&]() -> decltype(auto) {
      if constexpr (Types::has_input) {
        const ReadOptions options{.unknown_fields_refused = unknown_fields_refused,
                                  .annotations = &annotations};
        auto input = from_json<typename Types::Input>(input_json, options).value();
        return call_given<Provided, Parameters, skip>(handler, parts, nullptr, others,
                                                      std::move(input));
      } else {
        (void)input_json, (void)annotations, (void)unknown_fields_refused;
        return call_given<Provided, Parameters, skip>(handler, parts, nullptr, others);
      }
    };
    if constexpr (std::is_void_v<typename Types::Output>) {
      if constexpr (Types::returns_future) {
        run().get();
      } else {
        run();
      }
      return "null";
    } else if constexpr (Types::returns_future) {
      return output_json(static_cast<typename Types::Output>(run().get()));
    } else {
      return output_json(static_cast<const typename Types::Output&>(run()));
    }
  };
}

template <class T>
http::Response route_response(T value) {
  if constexpr (std::is_same_v<T, http::Response>) {
    return value;
  } else if constexpr (std::is_convertible_v<T, std::string>) {
    return http::text_response(std::move(value));
  } else if constexpr (std::is_same_v<T, Json>) {
    return http::json_response(value.dump());
  } else {
    return http::json_response(output_json(value));
  }
}

/// A route's handler as a function of the request.
template <class F, class Provided>
AnswerFunction make_route_handler(F handler) {
  using Types = EndpointTypes<F, Provided>;
  using Parameters = typename Types::Parameters;
  static_assert(!Types::has_input,
                "a route takes parts of the request (const http::Request&, http::BodyReader&, …), "
                "values of middleware and what provide gives; for a typed input declare a command");
  constexpr auto all = std::make_index_sequence<std::tuple_size_v<Parameters>>{};
  return [handler = std::move(handler), all](HandlerScope& scope) mutable -> http::Response {
    RequestParts parts(scope);
    auto run = [&]() -> decltype(auto) {
      return call_given<Provided, Parameters, 0>(handler, parts, nullptr, all);
    };
    if constexpr (std::is_void_v<typename Types::Output>) {
      if constexpr (Types::returns_future) {
        run().get();
      } else {
        run();
      }
      const bool sent = scope.body_sink != nullptr && scope.body_sink->begun();
      return http::Response{.status = sent ? 200 : 204, .headers = {}, .body = {}};
    } else if constexpr (Types::returns_future) {
      return route_response<typename Types::Output>(run().get());
    } else {
      return route_response<typename Types::Output>(run());
    }
  };
}

// --- middleware ---

/// What a middleware's result means.
template <class T>
struct MiddlewareResult {  // a value for what comes after
  using Added = TypeList<T>;
};
template <>
struct MiddlewareResult<void> {  // it only checks
  using Added = TypeList<>;
};
template <>
struct MiddlewareResult<std::optional<http::Response>> {  // an answer, or go on
  using Added = TypeList<>;
};
template <class T>
struct MiddlewareResult<std::variant<T, http::Response>> {  // a value, or an answer
  using Added = TypeList<T>;
};

template <class F, class Provided>
struct MiddlewareTypes {
  using Types = EndpointTypes<F, Provided>;
  using Parameters = typename Types::Parameters;
  using Next = typename NextOf<Parameters>::type;
  using Output = typename Types::Output;
  static constexpr bool has_next = !std::is_void_v<Next>;
  static_assert(!Types::has_input,
                "a middleware takes parts of the request (const http::Request&, …), values of the "
                "middleware before it and what provide gives");
  static_assert(!takes<http::BodyReader, Parameters> && !takes<http::ResponseWriter, Parameters> &&
                    !takes<http::EventStream, Parameters>,
                "bodies in pieces belong to the handler of a route");
  static_assert(!has_next || std::is_same_v<Output, http::Response>,
                "a middleware that takes http::Next<…>& returns an http::Response");
  static_assert(has_next || !std::is_same_v<Output, http::Response>,
                "this middleware always answers: take http::Next<…>& to go on, or return "
                "std::optional<http::Response>");
  using Added =
      typename std::conditional_t<has_next, NextOf<Parameters>, MiddlewareResult<Output>>::Added;
};

/// Runs what comes after with one more value each.
inline http::Response run_with(HandlerScope& scope, Stage& next) { return next.run(scope); }
template <class First, class... Rest>
http::Response run_with(HandlerScope& scope, Stage& next, First& first, Rest&... rest) {
  const ProvidedValue value{scope.values, typeid(First), &first};
  scope.values = &value;
  http::Response response = run_with(scope, next, rest...);
  scope.values = value.outer;
  return response;
}

template <class F, class Provided>
std::shared_ptr<const Middleware> make_middleware(F function, std::source_location location) {
  using Types = MiddlewareTypes<F, Provided>;
  using Parameters = typename Types::Parameters;
  using Output = typename Types::Output;
  auto middleware = std::make_shared<Middleware>();
  if constexpr (requires { function.info(); }) middleware->info = function.info();
  middleware->location = location;
  constexpr auto all = std::make_index_sequence<std::tuple_size_v<Parameters>>{};
  middleware->run = [function = std::move(function), all](HandlerScope& scope,
                                                          Stage& stage) mutable -> http::Response {
    RequestParts parts(scope);
    auto call = [&](void* next) -> Output {
      if constexpr (Types::Types::returns_future) {
        return call_given<Provided, Parameters, 0>(function, parts, next, all).get();
      } else {
        return call_given<Provided, Parameters, 0>(function, parts, next, all);
      }
    };
    if constexpr (Types::has_next) {
      typename Types::Next next(scope, stage);
      return call(&next);
    } else if constexpr (std::is_void_v<Output>) {
      call(nullptr);
      return stage.run(scope);
    } else if constexpr (std::is_same_v<Output, std::optional<http::Response>>) {
      std::optional<http::Response> answer = call(nullptr);
      return answer ? std::move(*answer) : stage.run(scope);
    } else if constexpr (std::is_same_v<typename MiddlewareResult<Output>::Added,
                                        TypeList<Output>>) {
      Output value = call(nullptr);
      return run_with(scope, stage, value);
    } else {
      Output value = call(nullptr);
      if (auto* answer = std::get_if<1>(&value)) return std::move(*answer);
      return run_with(scope, stage, *std::get_if<0>(&value));
    }
  };
  return middleware;
}

}  // namespace eventual::detail

namespace eventual::http {

/// What comes after a middleware, for one that acts around it: call it once to get its answer, with
/// the values that it is to provide. It does not throw: what the handler throws is an answer by
/// then.
template <class... Values>
class Next {
 public:
  Next(detail::HandlerScope& scope, detail::Stage& stage) noexcept : scope_(scope), stage_(stage) {}
  Next(const Next&) = delete;
  Next& operator=(const Next&) = delete;

  Response operator()(Values... values) { return detail::run_with(scope_, stage_, values...); }

 private:
  detail::HandlerScope& scope_;
  detail::Stage& stage_;
};

}  // namespace eventual::http
