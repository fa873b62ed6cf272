// What agents may read: the service's declarations and its executions with their histories, under
// URIs that begin with "eventual://".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ports/operations.hpp"

namespace eventual::gateway::mcp {

inline constexpr std::uint32_t k_resources_page = 50;  ///< executions in one page of the list
inline constexpr std::uint32_t k_resource_history_page =
    100;  ///< history events, unless the URI says more

/// The target below /_eventual/ that answers what the resource holds: "eventual://manifest",
/// "eventual://executions/<workflow>/<name>[?run=]", and the same with "/history" and also
/// "limit=" and "cursor=". Nothing for other URIs.
std::optional<std::string> target_of_resource(std::string_view uri);

/// A page of executions as a ListResourcesResult. The first also has the declarations.
std::string resources_json(const ports::ListReply& executions, bool is_first);

/// As a ListResourceTemplatesResult.
std::string_view resource_templates_json();

/// A ReadResourceResult of JSON text.
std::string resource_json(std::string_view uri, std::string_view text);

}  // namespace eventual::gateway::mcp
