// The pause between two attempts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/random.hpp"
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

}  // namespace eventual::engine
