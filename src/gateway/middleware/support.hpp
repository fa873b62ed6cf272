// What several middlewares need.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eventual/time.hpp"

namespace eventual::middleware {

/// The time of the request's runtime: virtual in tests. The system's outside of one.
Timestamp request_time();

/// Base64 for URLs without padding; nothing unless it is exactly that.
std::optional<std::string> decode_base64url(std::string_view text);

/// SHA-256 of `text`, 32 bytes.
std::string sha256(std::string_view text);

}  // namespace eventual::middleware
