// What the operations endpoints read from a request. All throw InvalidInput, with every bad place
// in its details.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/http.hpp"
#include "eventual/json.hpp"
#include "eventual/options.hpp"
#include "ports/operations.hpp"

namespace eventual::gateway::operations {

/// One bad query parameter.
Error bad_parameter(std::string_view name, std::string_view reason);
/// One bad member of a body.
Error bad_member(std::string_view pointer, std::string_view reason);

/// A whole number from the query; `fallback` when it is absent.
std::uint64_t number_parameter(const http::Request& request, std::string_view name,
                               std::uint64_t fallback, std::uint64_t min, std::uint64_t max);

/// The query parameter `level`; trace when it is absent.
LogLevel log_level_of(const http::Request& request);

/// A name from the path; `what` is what the error calls it.
std::string require_name(std::string_view what, std::string_view text);

/// The path parameters `workflow` and `name`, and the query parameter `run`.
ports::ExecutionRef execution_of(const http::Request& request);

/// The body as JSON; `fallback` when there is none.
Json body_of(const http::Request& request, Json fallback);
/// An absent body is an empty object.
Json object_body_of(const http::Request& request);
/// The member `reason` of the body; empty when it is absent.
std::string reason_of(const http::Request& request);
/// A member that is text; empty when it is absent or null.
std::string text_member(const Json& body, std::string_view name);

}  // namespace eventual::gateway::operations
