// Routes, and commands and routes behind middleware.
//
//   const auto signed_in = orders.use([](const http::Request& request) -> User { … });
//   signed_in.command("cancelOrder", [](std::string id, const User& user) { … });
//   signed_in.http.get("/me", [](const User& user) { return "you are " + user.name; });
#pragma once

#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eventual/command.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/detail/endpoint.hpp"
#include "eventual/detail/needs.hpp"
#include "eventual/options.hpp"

namespace eventual {

namespace detail {

/// What middleware gives, too.
template <class Provided>
struct ContextsAnd {
  template <class Type>
  static constexpr bool gives =
      is_context<Type> || is_request_part<Type> || contains<Type, Provided>;
};

}  // namespace detail

/// Raw routes: the handler sees the request and makes the response. `Provided` are the values of
/// the middleware before it.
///
/// A handler takes, in any order and by type, const http::Request&, http::BodyReader&,
/// http::ResponseWriter&, http::EventStream&, CommandContext&, const ServiceInfo&, values of
/// middleware, and `T&` that Service::provide gives. It returns an http::Response, text, any value
/// with a schema (sent as JSON), nothing (204), or a future of these. It runs on a worker thread
/// and may block.
template <class... Provided>
class Routes {
 public:
  using Location = std::source_location;

  Routes(detail::NotedDeclarations& declarations, detail::MiddlewareChain chain)
      : declarations_(&declarations), chain_(std::move(chain)) {}

#define EVENTUAL_ROUTE_METHOD(function, verb)                                                   \
  template <class Handler>                                                                      \
  void function(std::string path, RouteOptions options, Handler handler,                        \
                Location location = Location::current()) const {                                \
    add(http::Method::verb, std::move(path), std::move(options), std::move(handler), location); \
  }                                                                                             \
  template <class Handler>                                                                      \
    requires(!std::is_convertible_v<Handler, RouteOptions>)                                     \
  void function(std::string path, Handler handler, Location location = Location::current())     \
      const {                                                                                   \
    add(http::Method::verb, std::move(path), RouteOptions{}, std::move(handler), location);     \
  }
  EVENTUAL_ROUTE_METHOD(get, get)
  EVENTUAL_ROUTE_METHOD(post, post)
  EVENTUAL_ROUTE_METHOD(put, put)
  EVENTUAL_ROUTE_METHOD(patch, patch)
  EVENTUAL_ROUTE_METHOD(delete_, del)
  EVENTUAL_ROUTE_METHOD(head, head)
  EVENTUAL_ROUTE_METHOD(options, options)
  EVENTUAL_ROUTE_METHOD(any, any)
#undef EVENTUAL_ROUTE_METHOD

 private:
  template <class Handler>
  void add(http::Method method, std::string path, RouteOptions options, Handler handler,
           Location location) const {
    using List = detail::TypeList<Provided...>;
    using Types = detail::EndpointTypes<Handler, List>;
    using Output = typename Types::Output;
    using Parameters = typename Types::Parameters;
    detail::RouteDefinition definition;
    definition.name = std::string(http::to_string(method)) + " " + path;
    definition.location = location;
    if constexpr (!std::is_same_v<Output, http::Response> &&
                  !std::is_convertible_v<Output, std::string>) {
      definition.output = detail::schema_or_null<Output>();
    }
    definition.media_type = media_type<Output, Parameters>();
    definition.answers_nothing = std::is_void_v<Output> &&
                                 !detail::takes<http::ResponseWriter, Parameters> &&
                                 !detail::takes<http::EventStream, Parameters>;
    definition.method = method;
    definition.path = std::move(path);
    definition.options = std::move(options);
    definition.answer = detail::make_route_handler<Handler, List>(std::move(handler));
    declarations_->note("route \"" + definition.name + "\"",
                        detail::needs_of<detail::ContextsAnd<List>, Parameters>(), location);
    definition.middleware = chain_;
    definition.streams_request = detail::takes<http::BodyReader, Parameters>;
    definition.streams_response = detail::takes<http::ResponseWriter, Parameters> ||
                                  detail::takes<http::EventStream, Parameters>;
    declarations_->add(std::move(definition));
  }

  template <class Output, class Parameters>
  static constexpr std::string_view media_type() {
    if constexpr (detail::takes<http::EventStream, Parameters>) {
      return "text/event-stream";
    } else if constexpr (std::is_void_v<Output> || std::is_same_v<Output, http::Response>) {
      return {};
    } else if constexpr (std::is_convertible_v<Output, std::string>) {
      return "text/plain";
    } else {
      return "application/json";
    }
  }

  detail::NotedDeclarations* declarations_;
  detail::MiddlewareChain chain_;
};

/// Commands and routes behind middleware. Middleware runs outermost first, in the order of use().
/// `Provided` are the values that it gives; handlers take them as `const T&`, `T&` or `T`. A value
/// that copies: keep it beside the declarations, and use it for any number of them.
template <class... Provided>
class Pipeline {
 public:
  Pipeline(detail::NotedDeclarations& declarations, detail::MiddlewareChain chain)
      : http(declarations, chain), declarations_(&declarations), chain_(std::move(chain)) {}

  const Routes<Provided...> http;  ///< routes behind this middleware

  /// Adds a middleware after those that are here. It takes what routes' handlers take (but for
  /// streams) and returns
  ///   a value              which what comes after may ask for by its type,
  ///   nothing              to let the request pass; it throws to refuse it (http::HttpError),
  ///   std::optional<http::Response>    to answer itself, or not,
  ///   std::variant<T, http::Response>  to give a value, or to answer itself;
  /// or it takes http::Next<Values…>& and returns the http::Response, which it may change:
  /// `http::Response response = next(values…);`. It may be an object with a call operator and
  /// `MiddlewareInfo info() const`.
  template <class Function>
  auto use(Function function,
           std::source_location location = std::source_location::current()) const {
    using List = detail::TypeList<Provided...>;
    detail::MiddlewareChain chain = chain_;
    chain.push_back(detail::make_middleware<Function, List>(std::move(function), location));
    const std::string& given_name = chain.back()->info.name;
    declarations_->note(given_name.empty() ? "a middleware" : "middleware \"" + given_name + "\"",
                        detail::needs_of<detail::ContextsAnd<List>,
                                         typename detail::CallableTypes<Function>::Parameters>(),
                        location);
    using Added = typename detail::MiddlewareTypes<Function, List>::Added;
    return with(std::move(chain), Added{});
  }

  /// Declares a command. The handler takes its input (or nothing) first, then by type what it wants
  /// of CommandContext&, const http::Request&, const ServiceInfo&, values of middleware and `T&`
  /// that Service::provide gives. It runs on a worker thread and may block.
  template <class Handler>
  auto command(std::string name, CommandOptions options, Handler handler,
               std::source_location location = std::source_location::current()) const {
    using List = detail::TypeList<Provided...>;
    using Types = detail::EndpointTypes<Handler, List>;
    detail::CommandDefinition definition;
    definition.name = std::move(name);
    definition.location = location;
    definition.input = detail::schema_or_null<typename Types::Input>();
    definition.output = detail::schema_or_null<typename Types::Output>();
    definition.options = std::move(options);
    definition.run = detail::make_command_handler<Handler, List>(
        std::move(handler), definition.options.input, definition.options.unknown_fields_refused);
    definition.middleware = chain_;
    declarations_->note("command \"" + definition.name + "\"",
                        detail::needs_of<detail::ContextsAnd<List>, typename Types::Parameters,
                                         Types::has_input ? 1 : 0>(),
                        location);
    return Command<typename Types::Input, typename Types::Output>(
        declarations_->add(std::move(definition)).name);
  }
  template <class Handler>
    requires(!std::is_convertible_v<Handler, CommandOptions>)
  auto command(std::string name, Handler handler,
               std::source_location location = std::source_location::current()) const {
    return command(std::move(name), CommandOptions{}, std::move(handler), location);
  }

  /// Answers a command of a contract; a handler of other types does not compile.
  template <class Input, class Output, class Handler>
  Command<Input, Output> implement(
      const Command<Input, Output>& contract, CommandOptions options, Handler handler,
      std::source_location location = std::source_location::current()) const {
    using Types = detail::EndpointTypes<Handler, detail::TypeList<Provided...>>;
    static_assert(std::is_same_v<typename Types::Input, Input> &&
                      std::is_same_v<typename Types::Output, Output>,
                  "the handler's input and result must be those of the contract");
    return command(std::string(contract.name()), std::move(options), std::move(handler), location);
  }
  template <class Input, class Output, class Handler>
  Command<Input, Output> implement(
      const Command<Input, Output>& contract, Handler handler,
      std::source_location location = std::source_location::current()) const {
    return implement(contract, CommandOptions{}, std::move(handler), location);
  }

 private:
  template <class... Added>
  auto with(detail::MiddlewareChain chain, detail::TypeList<Added...>) const {
    return Pipeline<Provided..., Added...>(*declarations_, std::move(chain));
  }

  detail::NotedDeclarations* declarations_;
  detail::MiddlewareChain chain_;
};

}  // namespace eventual
