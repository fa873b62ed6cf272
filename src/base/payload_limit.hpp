// What is said of a value that is larger than the service's setting payload_limit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "eventual/error.hpp"

namespace eventual::base {

/// PayloadTooLarge, with both sizes and the setting that raises the limit.
inline Error payload_too_large(std::string_view what, std::size_t bytes, std::size_t bytes_max) {
  const std::string has = std::to_string(bytes);
  const std::string most = std::to_string(bytes_max);
  return Error(std::string(error_names::k_payload_too_large),
               std::string(what) + " has " + has + " bytes, more than " + most +
                   ", the payload_limit (--payload-limit)",
               R"({"bytes":)" + has + R"(,"limit":)" + most + "}");
}

/// InvalidInput where a service may not have this limit.
inline Result<void> check_payload_limit(std::size_t bytes) {
  if (bytes >= k_payload_limit_least && bytes <= k_payload_limit_most) return {};
  return Error(std::string(error_names::k_invalid_input),
               "payload_limit must be from " + std::to_string(k_payload_limit_least) + " to " +
                   std::to_string(k_payload_limit_most) + " bytes, not " + std::to_string(bytes));
}

}  // namespace eventual::base
