#include "gateway/log_json.hpp"

#include <array>
#include <cstddef>

#include "gateway/execution_json.hpp"

namespace eventual::gateway {
namespace {

constexpr std::array<std::string_view, 5> k_levels{"trace", "debug", "info", "warn", "error"};

}  // namespace

std::string log_line_json(const LogLine& line) {
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

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  for (std::size_t i = 0; i < k_levels.size(); ++i) {
    if (k_levels[i] == text) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

}  // namespace eventual::gateway
