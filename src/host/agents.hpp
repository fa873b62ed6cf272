// A service as agents see it: the tools of MCP and the manifest of a plugin.
#pragma once

#include <optional>
#include <string>

#include "eventual/detail/definitions.hpp"
#include "eventual/options.hpp"
#include "gateway/gateway.hpp"
#include "gateway/mcp/mcp.hpp"

namespace eventual::host {

/// What POST /mcp offers; nothing where the service does not want it.
std::optional<gateway::mcp::Options> mcp_options(const detail::Declarations& declarations,
                                                 const ServiceOptions& options);

/// GET /.well-known/ai-plugin.json; nothing where there is no manifest. With an empty `public_url`
/// its addresses are where the request came to, by `scheme` ("http"). `declarations` must outlive
/// it.
std::optional<gateway::ExtraRoute> plugin_route(const detail::Declarations& declarations,
                                                const ServiceOptions& options,
                                                std::string public_url, std::string scheme);

}  // namespace eventual::host
