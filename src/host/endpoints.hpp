// Commands and routes as requests meet them: their middleware, their limits and what answers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "eventual/detail/definitions.hpp"
#include "eventual/http.hpp"
#include "eventual/time.hpp"
#include "gateway/gateway.hpp"
#include "host/metrics.hpp"

namespace eventual::host {

/// One command or route. Any thread.
class Endpoint {
 public:
  explicit Endpoint(const detail::CommandDefinition& command);
  explicit Endpoint(const detail::RouteDefinition& route);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  /// "createOrder"; a route's is its method and path.
  const std::string& name() const noexcept { return name_; }
  /// Null when nothing is counted.
  Metrics::Requests* metrics() const noexcept { return metrics_; }
  void set_metrics(Metrics::Requests& metrics) noexcept { metrics_ = &metrics; }

  const std::string& title() const noexcept { return title_; }
  Duration timeout() const noexcept { return timeout_; }
  const gateway::RouteTraits& traits() const noexcept { return traits_; }

  /// Runs middleware and handler on the calling thread, in the runtime that is current there. Never
  /// throws. The scope's context adds its headers.
  http::Response answer(detail::HandlerScope& scope) const;

  /// False when as many requests are handled as may be; leave() for each that was let in.
  bool enter() noexcept;
  void leave() noexcept;

 private:
  void describe(const detail::MiddlewareChain& chain);

  std::string name_;
  std::string title_;
  Metrics::Requests* metrics_ = nullptr;
  const detail::MiddlewareChain* chain_;
  detail::MiddlewareChain preflight_chain_;
  detail::AnswerFunction last_;
  detail::AnswerFunction preflight_last_;
  http::Method method_;
  Duration timeout_;
  std::uint32_t concurrency_max_ = 0;
  gateway::RouteTraits traits_;
  std::atomic<std::uint32_t> running_{0};
};

/// All of a service's, by their definitions.
class Endpoints {
 public:
  /// Both must outlive it. Without metrics nothing is counted.
  explicit Endpoints(const detail::Declarations& declarations, Metrics* metrics = nullptr);

  Endpoint& of(const detail::CommandDefinition& command) const;
  Endpoint& of(const detail::RouteDefinition& route) const;

 private:
  std::unordered_map<const void*, std::unique_ptr<Endpoint>> endpoints_;
};

/// "orders.hpp:12".
std::string line_of(const detail::Declaration& declaration);

}  // namespace eventual::host
