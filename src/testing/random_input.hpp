// Values made from a schema, for simulations that have no scenario.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "eventual/detail/definitions.hpp"

namespace eventual::testing {

/// JSON text that fits the type (null: no input). `below(n)` is uniform in [0, n). Patterns and
/// formats are not followed.
std::string random_input(const detail::TypeSchema* type,
                         const std::function<std::uint64_t(std::uint64_t)>& below);

}  // namespace eventual::testing
