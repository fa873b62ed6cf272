// Retry policies that do not do what they look like.
#pragma once

#include <vector>

#include "eventual/detail/definitions.hpp"

namespace eventual::host {

/// Tasks and subscriptions whose policy says how to pause between attempts, and has only one: what
/// is given replaces the default as a whole, `max_attempts` too. Not wrong, but hardly meant.
std::vector<detail::Defect> retry_remarks(const detail::Declarations& declarations);

}  // namespace eventual::host
