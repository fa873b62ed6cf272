// Lines of the log as docs/http.md promises them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eventual/options.hpp"
#include "gateway/log_lines.hpp"

namespace eventual::gateway {

std::string log_line_json(const LogLine& line);

/// trace, debug, info, warn or error.
std::optional<LogLevel> parse_log_level(std::string_view text) noexcept;

}  // namespace eventual::gateway
