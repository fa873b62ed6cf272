// Errors as HTTP answers: one table from names to statuses, one shape of body.
#pragma once

#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/http.hpp"

namespace eventual::gateway {

/// The status that belongs to an error's name: InvalidInput 400, NotFound 404, …; 500 for a name
/// that is not the engine's.
int status_of(std::string_view error_name) noexcept;

/// {"error": name, "message": …, "details": …}. `details_json` must be JSON text; empty gives null.
std::string error_body(std::string_view name, std::string_view message,
                       std::string_view details_json = {});

/// The answer for `error`. 503 carries Retry-After.
http::Response error_response(const Error& error);

/// As above with another status than the table's, for what only HTTP knows (405, 413, …).
http::Response error_response(int status, std::string_view name, std::string_view message,
                              std::string_view details_json = {});

http::Response json_response(int status, std::string body);

}  // namespace eventual::gateway
