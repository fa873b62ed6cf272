#include "gateway/error_response.hpp"

#include <array>
#include <utility>

#include "gateway/text.hpp"

namespace eventual::gateway {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 13> k_statuses{{
    {error_names::k_invalid_input, 400},
    {"Unauthorized", 401},
    {error_names::k_not_allowed, 403},
    {error_names::k_not_found, 404},
    {error_names::k_closed, 409},
    {"NotClosed", 409},
    {error_names::k_determinism, 409},
    {error_names::k_already_exists, 409},
    {"UnexpectedVersion", 409},
    {"TransactionConflict", 409},
    {error_names::k_payload_too_large, 413},
    {error_names::k_limit_exceeded, 429},
    {error_names::k_unavailable, 503},
}};

constexpr std::string_view k_retry_after_s = "1";

}  // namespace

int status_of(std::string_view error_name) noexcept {
  for (const auto& [name, status] : k_statuses) {
    if (name == error_name) return status;
  }
  return 500;
}

std::string error_body(std::string_view name, std::string_view message,
                       std::string_view details_json) {
  std::string body;
  body.reserve(name.size() + message.size() + details_json.size() + 48);
  body += R"({"error":)";
  append_json_string(body, name);
  body += R"(,"message":)";
  append_json_string(body, message);
  body += R"(,"details":)";
  body += details_json.empty() ? std::string_view("null") : details_json;
  body += '}';
  return body;
}

http::Response json_response(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.emplace_back("content-type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response error_response(int status, std::string_view name, std::string_view message,
                              std::string_view details_json) {
  http::Response response = json_response(status, error_body(name, message, details_json));
  if (status == 503) response.headers.emplace_back("retry-after", k_retry_after_s);
  return response;
}

http::Response error_response(const Error& error) {
  return error_response(status_of(error.name()), error.name(), error.message(),
                        error.details_json());
}

}  // namespace eventual::gateway
