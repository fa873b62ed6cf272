// The newest lines of the service's log.
#include <limits>
#include <string>
#include <string_view>

#include "gateway/error_response.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/log_json.hpp"
#include "gateway/log_lines.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/request.hpp"

namespace eventual::gateway::operations {
namespace {

constexpr std::uint32_t k_limit_default = 200;
constexpr std::uint32_t k_limit_max = 1000;

void logs(const Context& context, const http::Request& request, const SharedResponder& respond) {
  if (!context.options.read_log) {
    return (*respond)(error_response(404, error_names::k_not_found, "no log is kept here"));
  }
  LogRequest wanted;
  wanted.after = number_parameter(
      request, "after", 0, 0, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  wanted.limit = static_cast<std::uint32_t>(
      number_parameter(request, "limit", k_limit_default, 1, k_limit_max));
  wanted.least = log_level_of(request);
  wanted.execution_id = http::find(request.query, "execution_id");
  const LogLines found = context.options.read_log(wanted);
  std::string lines = "[";
  for (const LogLine& line : found.lines) {
    if (lines.size() > 1) lines += ',';
    lines += log_line_json(line);
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
