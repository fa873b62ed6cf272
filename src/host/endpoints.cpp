#include "host/endpoints.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/assert.hpp"
#include "eventual/command.hpp"
#include "gateway/error_response.hpp"
#include "gateway/parameters.hpp"

namespace eventual::host {
namespace {

/// A command's handler as the end of its chain.
detail::AnswerFunction answer_of(const detail::CommandDefinition& command) {
  return [&command](detail::HandlerScope& scope) {
    const http::Request& request = *scope.request;
    const gateway::InputShape shape{command.input, &command.options.parameters};
    const std::string input = gateway::compose_input_json(request, shape);
    std::string output = command.run(input, scope);
    const int status = gateway::is_rpc_request(request) ? 200 : command.options.success_status;
    if (status == 204) return http::Response{.status = status, .headers = {}, .body = {}};
    return gateway::json_response(status, std::move(output));
  };
}

/// What is left of a preflight request when no middleware has answered it.
http::Response answer_preflight(detail::HandlerScope&) {
  return {.status = 204, .headers = {}, .body = {}};
}

}  // namespace

std::string line_of(const detail::Declaration& declaration) {
  return fmt::format("{}:{}", declaration.location.file_name(), declaration.location.line());
}

Endpoint::Endpoint(const detail::CommandDefinition& command)
    : name_(command.name),
      title_("command " + command.name),
      chain_(&command.middleware),
      last_(answer_of(command)),
      method_(command.options.method),
      timeout_(command.options.timeout),
      concurrency_max_(command.options.concurrency),
      traits_{.body_bytes_max = command.options.body_bytes_max} {
  describe(command.middleware);
}

Endpoint::Endpoint(const detail::RouteDefinition& route)
    : name_(route.name),
      title_("route " + route.name),
      chain_(&route.middleware),
      last_(route.answer),
      method_(route.method),
      timeout_(route.options.timeout),
      concurrency_max_(route.options.concurrency),
      traits_{.body_bytes_max = route.options.body_bytes_max,
              .reads_in_pieces = route.streams_request} {
  describe(route.middleware);
}

void Endpoint::describe(const detail::MiddlewareChain& chain) {
  for (const auto& middleware : chain) {
    if (middleware->info.checks_origin) traits_.checks_origin = true;
    if (middleware->info.answers_preflight) preflight_chain_.push_back(middleware);
  }
  traits_.answers_preflight = !preflight_chain_.empty();
  preflight_last_ = &answer_preflight;
}

http::Response Endpoint::answer(detail::HandlerScope& scope) const {
  const bool is_preflight = scope.request->method == http::Method::options &&
                            method_ != http::Method::options && method_ != http::Method::any;
  detail::Stage first(is_preflight ? preflight_chain_ : *chain_,
                      is_preflight ? preflight_last_ : last_);
  http::Response response = first.run(scope);
  for (auto& field : scope.command->response_headers()) {
    response.headers.push_back(std::move(field));
  }
  return response;
}

bool Endpoint::enter() noexcept {
  if (concurrency_max_ == 0) return true;
  if (running_.fetch_add(1, std::memory_order_relaxed) < concurrency_max_) return true;
  running_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Endpoint::leave() noexcept {
  if (concurrency_max_ != 0) running_.fetch_sub(1, std::memory_order_relaxed);
}

Endpoints::Endpoints(const detail::Declarations& declarations, Metrics* metrics) {
  for (const auto& command : declarations.commands()) {
    endpoints_.emplace(&command, std::make_unique<Endpoint>(command));
  }
  for (const auto& route : declarations.routes()) {
    endpoints_.emplace(&route, std::make_unique<Endpoint>(route));
  }
  if (metrics == nullptr) return;
  for (const auto& [definition, endpoint] : endpoints_)
    endpoint->set_metrics(metrics->requests_of(endpoint->name()));
}

Endpoint& Endpoints::of(const detail::CommandDefinition& command) const {
  const auto found = endpoints_.find(&command);
  EVENTUAL_ASSERT(found != endpoints_.end(), "the command is of another service");
  return *found->second;
}

Endpoint& Endpoints::of(const detail::RouteDefinition& route) const {
  const auto found = endpoints_.find(&route);
  EVENTUAL_ASSERT(found != endpoints_.end(), "the route is of another service");
  return *found->second;
}

}  // namespace eventual::host
