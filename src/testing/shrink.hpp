// Makes a run that fails smaller.
#pragma once

#include <cstdint>
#include <functional>

#include "eventual/simulation.hpp"

namespace eventual::testing {

/// Leaves out kinds of faults, requests, and the faults of the end, as long as `fails` says that
/// the run still does; it was asked about the result last, or about nothing. `requests` and
/// `steps` are those of the run with `options`.
SimulationOptions shrink(const SimulationOptions& options, std::uint32_t requests,
                         std::uint64_t steps,
                         const std::function<bool(const SimulationOptions&)>& fails);

}  // namespace eventual::testing
