// What the clients of a service do when nobody wrote a scenario: a bit of everything.
#pragma once

#include "eventual/detail/definitions.hpp"
#include "eventual/simulation.hpp"

namespace eventual::testing {

void plan_at_random(SimulatedRun& run, const detail::Declarations& declarations,
                    const SimulationOptions& options);

}  // namespace eventual::testing
