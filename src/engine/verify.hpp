// Whether today's code agrees with a history.
#pragma once

#include <optional>
#include <string_view>

#include "engine/engine.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/error.hpp"

namespace eventual::engine {

/// Runs the code of an execution over its history, without any effect. Nothing when it makes the
/// same calls and ends alike; otherwise a DeterminismError with both sides, NotFound when the
/// workflow is not declared, or Corrupt.
std::optional<Error> find_difference(const detail::Declarations& declarations, std::string_view id,
                                     const StoredExecution& stored);

}  // namespace eventual::engine
