#include "host/routes.hpp"

#include <set>
#include <utility>

#include "gateway/error_response.hpp"
#include "gateway/openapi/document.hpp"
#include "gateway/router.hpp"
#include "host/endpoints.hpp"
#include "host/node.hpp"

namespace eventual::host {

std::vector<gateway::CommandRoute> command_routes(Node& node,
                                                  const detail::Declarations& declarations) {
  std::vector<gateway::CommandRoute> routes;
  for (const detail::CommandDefinition& command : declarations.commands()) {
    gateway::CommandRoute route;
    route.name = command.name;
    route.method = command.options.method;
    route.path = command.options.path;
    route.location = line_of(command);
    route.traits = Endpoint(command).traits();
    route.invoke = [&node, &command](http::Request request,
                                     std::function<void(http::Response)> done) {
      node.invoke(command, std::move(request), {.respond = std::move(done)});
    };
    routes.push_back(std::move(route));
  }
  return routes;
}

std::vector<gateway::RawRoute> raw_routes(Node& node, const detail::Declarations& declarations) {
  std::vector<gateway::RawRoute> routes;
  for (const detail::RouteDefinition& definition : declarations.routes()) {
    gateway::RawRoute route;
    route.method = definition.method;
    route.path = definition.path;
    route.location = line_of(definition);
    route.traits = Endpoint(definition).traits();
    route.invoke = [&node, &definition](http::Request request, gateway::Exchange exchange) {
      node.invoke(definition, std::move(request), std::move(exchange));
    };
    routes.push_back(std::move(route));
  }
  return routes;
}

std::vector<gateway::ExtraRoute> description_routes(const detail::Declarations& declarations,
                                                    const ServiceOptions& options,
                                                    const std::string& public_url) {
  const auto is_there = [](http::Method method, const std::string& path) {
    return path == gateway::k_openapi_path &&
           (method == http::Method::get || method == http::Method::any);
  };
  for (const detail::CommandDefinition& command : declarations.commands()) {
    if (is_there(command.options.method, command.options.path)) return {};
  }
  for (const detail::RouteDefinition& route : declarations.routes()) {
    if (is_there(route.method, route.path)) return {};
  }
  gateway::ExtraRoute openapi;
  openapi.name = "the description of the service";
  openapi.path = gateway::k_openapi_path;
  openapi.invoke = [text = gateway::openapi_document(declarations, options, public_url).dump()](
                       const http::Request&, const std::function<void(http::Response)>& done) {
    done(gateway::json_response(200, text));
  };
  return {std::move(openapi)};
}

gateway::ExtraRoute metrics_route(Node& node) {
  gateway::ExtraRoute route;
  route.name = "metrics";
  route.path = "/_eventual/metrics";
  route.invoke = [&node](const http::Request&, const std::function<void(http::Response)>& done) {
    done({.status = 200,
          .headers = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}},
          .body = node.metrics()});
  };
  return route;
}

std::vector<detail::Defect> route_conflicts(const detail::Declarations& declarations) {
  std::vector<detail::Defect> conflicts;
  gateway::Router router;
  const auto add = [&](http::Method method, std::string_view path, const std::string& title,
                       const detail::Declaration& declaration) {
    const Result<void> added =
        router.add(method, path, title + " (" + line_of(declaration) + ")", 0);
    if (!added) conflicts.push_back({added.error().message(), declaration.location});
  };
  for (const detail::CommandDefinition& command : declarations.commands()) {
    if (command.options.path.empty()) continue;
    add(command.options.method, command.options.path, "command " + command.name, command);
  }
  for (const detail::RouteDefinition& route : declarations.routes()) {
    add(route.method, route.path, "route " + route.name, route);
  }
  return conflicts;
}

std::vector<detail::Defect> middleware_problems(const detail::Declarations& declarations) {
  std::vector<detail::Defect> problems;
  std::set<const detail::Middleware*> asked;
  const auto ask = [&](const detail::MiddlewareChain& chain) {
    for (const auto& middleware : chain) {
      if (!middleware->info.problem || !asked.insert(middleware.get()).second) continue;
      const std::string problem = middleware->info.problem();
      if (problem.empty()) continue;
      problems.push_back(
          {"middleware \"" + middleware->info.name + "\": " + problem, middleware->location});
    }
  };
  for (const detail::CommandDefinition& command : declarations.commands()) ask(command.middleware);
  for (const detail::RouteDefinition& route : declarations.routes()) ask(route.middleware);
  return problems;
}

}  // namespace eventual::host
