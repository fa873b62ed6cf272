// A service's commands and routes, answered by a node, as the gateway takes them.
#pragma once

#include <string>
#include <vector>

#include "eventual/detail/definitions.hpp"
#include "gateway/gateway.hpp"

namespace eventual::host {

class Node;

/// Both must outlive the gateway that is given them.
std::vector<gateway::CommandRoute> command_routes(Node& node,
                                                  const detail::Declarations& declarations);
std::vector<gateway::RawRoute> raw_routes(Node& node, const detail::Declarations& declarations);

/// What tells of the service: GET /openapi.json, unless a command or route of the service has that
/// path.
std::vector<gateway::ExtraRoute> description_routes(const detail::Declarations& declarations,
                                                    const ServiceOptions& options,
                                                    const std::string& public_url);

/// GET /_eventual/metrics. The node must outlive the gateway that is given it.
gateway::ExtraRoute metrics_route(Node& node);

/// Commands and routes that would answer the same requests: each names both, with their lines.
std::vector<detail::Defect> route_conflicts(const detail::Declarations& declarations);

/// What keeps middleware from working, with where it is used. Reads keys and secrets; may block.
std::vector<detail::Defect> middleware_problems(const detail::Declarations& declarations);

}  // namespace eventual::host
