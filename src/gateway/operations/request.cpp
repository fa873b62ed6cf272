#include "gateway/operations/request.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

#include "gateway/error_response.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/log_json.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway::operations {
namespace {

Error invalid_input(std::string message, std::string details = {}) {
  return {std::string(error_names::k_invalid_input), std::move(message), std::move(details)};
}

}  // namespace

Error bad_parameter(std::string_view name, std::string_view reason) {
  std::string details = "[";
  details += ObjectWriter().text("parameter", name).text("reason", reason).finish();
  return invalid_input(fmt::format("the query parameter {} {}", name, reason), details + "]");
}

Error bad_member(std::string_view pointer, std::string_view reason) {
  std::string details = "[";
  details += ObjectWriter().text("pointer", pointer).text("reason", reason).finish();
  return invalid_input(fmt::format("{} {}", pointer.empty() ? "the body" : pointer, reason),
                       details + "]");
}

std::uint64_t number_parameter(const http::Request& request, std::string_view name,
                               std::uint64_t fallback, std::uint64_t min, std::uint64_t max) {
  const std::string_view text = http::find(request.query, name);
  if (text.empty()) return fallback;
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    throw bad_parameter(name, fmt::format("must be a whole number from {} to {}", min, max));
  }
  return value;
}

LogLevel log_level_of(const http::Request& request) {
  const std::string_view text = http::find(request.query, "level");
  if (text.empty()) return LogLevel::trace;
  if (const auto level = parse_log_level(text)) return *level;
  throw bad_parameter("level", "must be trace, debug, info, warn or error");
}

std::string require_name(std::string_view what, std::string_view text) {
  if (text.empty() || text.find('/') != std::string_view::npos) {
    throw invalid_input(fmt::format("the {} in the path must be a name without a slash", what));
  }
  return std::string(text);
}

ports::ExecutionRef execution_of(const http::Request& request) {
  return {.workflow = require_name("workflow", http::find(request.path_parameters, "workflow")),
          .name = require_name("execution name", http::find(request.path_parameters, "name")),
          .run = static_cast<std::uint32_t>(
              number_parameter(request, "run", 0, 1, std::numeric_limits<std::uint32_t>::max()))};
}

Json body_of(const http::Request& request, Json fallback) {
  if (trim(request.body).empty()) return fallback;
  Result<Json> body = Json::parse(request.body);
  if (!body) {
    throw invalid_input("the body is not JSON: " + body.error().message(),
                        body.error().details_json());
  }
  return std::move(body).value();
}

Json object_body_of(const http::Request& request) {
  Json body = body_of(request, Json::object());
  if (!body.is_object()) throw bad_member("", "must be an object");
  return body;
}

std::string text_member(const Json& body, std::string_view name) {
  const Json* given = body.find(name);
  if (given == nullptr || given->is_null()) return {};
  if (!given->is_string()) throw bad_member("/" + std::string(name), "must be a string");
  return given->as_string();
}

std::string reason_of(const http::Request& request) {
  return text_member(object_body_of(request), "reason");
}

}  // namespace eventual::gateway::operations
