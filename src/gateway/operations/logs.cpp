// The newest lines of the service's log.
#include <array>
#include <limits>
#include <string>
#include <string_view>

#include "gateway/error_response.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/log_lines.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/request.hpp"

namespace eventual::gateway::operations {
namespace {

constexpr std::uint32_t k_limit_default = 200;
constexpr std::uint32_t k_limit_max = 1000;
constexpr std::array<std::string_view, 5> k_levels{"trace", "debug", "info", "warn", "error"};

LogLevel level_of(const http::Request& request) {
  const std::string_view text = http::find(request.query, "level");
  if (text.empty()) return LogLevel::trace;
  for (std::size_t i = 0; i < k_levels.size(); ++i) {
    if (k_levels[i] == text) return static_cast<LogLevel>(i);
  }
  throw bad_parameter("level", "must be trace, debug, info, warn or error");
}

std::string line_json(const LogLine& line) {
  ObjectWriter object;
  object.number("number", line.number)
      .text("at", to_iso8601(line.at))
      .text("level", k_levels[static_cast<std::size_t>(line.level)]);
  if (line.execution_id.empty()) {
    object.null("execution_id");
  } else {
    object.text("execution_id", line.execution_id);
  }
  return object.text("message", line.message).finish();
}

void logs(const Context& context, const http::Request& request, const SharedResponder& respond) {
  if (!context.options.read_log) {
    return (*respond)(error_response(404, error_names::k_not_found, "no log is kept here"));
  }
  LogRequest wanted;
  wanted.after = number_parameter(
      request, "after", 0, 0, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  wanted.limit = static_cast<std::uint32_t>(
      number_parameter(request, "limit", k_limit_default, 1, k_limit_max));
  wanted.least = level_of(request);
  wanted.execution_id = http::find(request.query, "execution_id");
  const LogLines found = context.options.read_log(wanted);
  std::string lines = "[";
  for (const LogLine& line : found.lines) {
    if (lines.size() > 1) lines += ',';
    lines += line_json(line);
  }
  (*respond)(json_response(200, ObjectWriter()
                                    .raw("lines", lines + "]")
                                    .number("next", found.next)
                                    .boolean("missed", found.missed)
                                    .finish()));
}

}  // namespace

void add_logs(Endpoints& endpoints) {
  endpoints.push_back({http::Method::get, "/_eventual/logs", "logs", &logs});
}

}  // namespace eventual::gateway::operations
