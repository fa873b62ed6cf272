// Commands: typed requests that a service answers, over RPC and REST.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "eventual/detail/handler.hpp"
#include "eventual/detail/remote.hpp"
#include "eventual/future.hpp"
#include "eventual/options.hpp"
#include "eventual/schema.hpp"

namespace eventual {

/// What handlers may ask for: who they are part of.
struct ServiceInfo {
  std::string name;
  std::string public_url;
};

/// What handlers of commands and routes and their middleware may ask for. Valid while the request
/// is handled, on its thread.
class CommandContext {
 public:
  CommandContext(const http::Request& request, const ServiceInfo& service)
      : request_(&request), service_(&service) {}

  const http::Request& request() const noexcept { return *request_; }
  const ServiceInfo& service() const noexcept { return *service_; }
  /// Added to the response, whoever gives it; to one that is sent in pieces when it begins.
  http::Fields& response_headers() noexcept { return response_headers_; }

 private:
  const http::Request* request_;
  const ServiceInfo* service_;
  http::Fields response_headers_;
};

template <>
inline constexpr bool detail::outlives_coroutine<CommandContext> = true;
template <>
inline constexpr bool detail::outlives_coroutine<ServiceInfo> = true;
template <>
inline constexpr bool detail::outlives_coroutine<http::Request> = true;

/// How one command of another service is called.
struct CommandCallOptions {
  std::optional<Duration> timeout = {};  ///< instead of ClientOptions::timeout
  /// The command may run twice without harm: the call is repeated where the connection is lost.
  bool repeatable = false;
  http::Fields headers = {};  ///< sent with this request, besides those of the client
};

/// A command of a service, or a constant of its contract. A literal value: copy it freely.
template <class Input, class Output>
class Command : public detail::RemoteHandle {
 public:
  using input_type = Input;
  using output_type = Output;

  /// `name` must outlive the handle.
  explicit constexpr Command(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// Calls it, where it is of a ServiceClient's contract: `client->hello("sam").get()`. Fails with
  /// the service's error, Unavailable (with the address, when the service cannot be reached or the
  /// connection was lost), Timeout, or InvalidInput for an answer of another type. A call is not
  /// repeated once it was sent, unless `.repeatable` says that it may be. NotAllowed in a workflow
  /// (do it in a task), and for a command that is no client's.
  Future<Output> operator()(const detail::Stored<Input>& input,
                            const CommandCallOptions& options = {}) const
    requires(!std::is_void_v<Input>)
  {
    return call(to_json(input), options);
  }
  Future<Output> operator()(const CommandCallOptions& options = {}) const
    requires(std::is_void_v<Input>)
  {
    return call("null", options);
  }

 private:
  Future<Output> call(std::string input, const CommandCallOptions& options) const {
    return Future<Output>(detail::require_remote(remote_, "calling a command")
                              .call_command({.command = name_,
                                             .input = std::move(input),
                                             .options = &options,
                                             .decode = detail::decoder_of<Output>()}));
  }

  std::string_view name_;
};

}  // namespace eventual
