// Commands: typed requests that a service answers, over RPC and REST.
#pragma once

#include <string>
#include <string_view>

#include "eventual/detail/handler.hpp"
#include "eventual/options.hpp"

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

/// A command of a service, or a constant of its contract. A literal value: copy it freely.
template <class Input, class Output>
class Command {
 public:
  using input_type = Input;
  using output_type = Output;

  /// `name` must outlive the handle.
  explicit constexpr Command(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

 private:
  std::string_view name_;
};

}  // namespace eventual
