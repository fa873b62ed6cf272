// The commands and routes of a service as an OpenAPI 3.1 document.
#pragma once

#include <string_view>

#include "eventual/detail/definitions.hpp"
#include "eventual/json.hpp"
#include "eventual/options.hpp"

namespace eventual::gateway {

/// Where a service gives its document, unless it has a command or route of its own there.
inline constexpr std::string_view k_openapi_path = "/openapi.json";

/// Each command as it is called by RPC and, where it has one, on its path; and each raw route. The
/// same declarations give the same document. An empty `public_url` names no server.
Json openapi_document(const eventual::detail::Declarations& declarations,
                      const ServiceOptions& options, std::string_view public_url);

}  // namespace eventual::gateway
