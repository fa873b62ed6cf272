// Times and durations as people write and read them.
#pragma once

#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/time.hpp"

namespace eventual::cli {

/// "90s", "2h", "1d12h", "500ms", "1.5h", or a whole number of milliseconds with its unit only.
/// InvalidInput on anything else, also on what is negative.
eventual::Result<eventual::Duration> parse_duration(std::string_view text);

/// "2h" or "2h ago" (before `now`), "now", "today", "yesterday", "2026-01-01", "2026-01-01T10:00",
/// with seconds, with "Z" or "+02:00"; without a zone it is UTC. InvalidInput on anything else.
eventual::Result<eventual::Timestamp> parse_time(std::string_view text, eventual::Timestamp now);

/// At most two units: "12 ms", "1.5 s", "2 m 5 s", "3 h 20 m", "4 d 6 h".
std::string show_duration(eventual::Duration duration);

/// "3 m 5 s ago", "in 2 h", "just now".
std::string show_relative(eventual::Timestamp time, eventual::Timestamp now);

eventual::Timestamp now();

}  // namespace eventual::cli
