// The pause between two attempts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/random.hpp"
#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "eventual/options.hpp"
#include "eventual/time.hpp"

namespace eventual::engine {

/// Between attempt number `attempt` and the next. What the policy leaves without a limit gets one
/// that no clock reaches.
inline Duration retry_pause(const RetryPolicy& retry, std::uint32_t attempt, base::Random& random) {
  constexpr double k_longest_ms = 1e15;
  const double drawn = random.unit();
  if (retry.initial_interval <= Duration(0)) return Duration(0);
  const double longest =
      std::clamp(static_cast<double>(retry.max_interval.count()), 0.0, k_longest_ms);
  double pause = static_cast<double>(retry.initial_interval.count()) *
                 std::pow(retry.multiplier, static_cast<double>(attempt - 1));
  if (!(pause < longest)) pause = longest;
  pause *= 1.0 + retry.jitter * (2.0 * drawn - 1.0);
  if (!(pause < longest)) pause = longest;
  return Duration(static_cast<std::int64_t>(std::max(pause, 0.0)));
}

/// What an error asks to wait before the next attempt, in the member `retry_after_ms` of its
/// details; nothing longer than a day.
inline Duration retry_after(const Error& error) {
  constexpr std::int64_t k_longest_ms = std::int64_t{24} * 60 * 60 * 1000;
  // Most errors are spared the reading.
  if (error.details_json().find("\"retry_after_ms\"") == std::string::npos) return Duration(0);
  const Result<Json> details = Json::parse(error.details_json());
  if (!details) return Duration(0);
  const Json& after = (*details)["retry_after_ms"];
  if (!after.is_integer() || after.dump().starts_with('-')) return Duration(0);
  return Duration(static_cast<std::int64_t>(
      std::min(after.as_uint64(), static_cast<std::uint64_t>(k_longest_ms))));
}

}  // namespace eventual::engine
