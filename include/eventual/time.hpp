// Time: one resolution, milliseconds since 1970-01-01T00:00:00Z, in every history and every
// interface.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "eventual/error.hpp"

namespace eventual {

using Duration = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// "No limit" for options that take a duration.
inline constexpr Duration k_forever = Duration::max();

/// ISO 8601 in UTC with milliseconds, "2026-11-22T12:00:00.000Z".
std::string to_iso8601(Timestamp time);

/// Reads ISO 8601 with a zone ("Z" or "+02:00"); fractions beyond milliseconds are cut.
/// InvalidInput on anything else.
Result<Timestamp> parse_iso8601(std::string_view text);

}  // namespace eventual
