// What `accounts sim` does: transfers and standing orders under faults, and what must be true of
// the books at every instant.
#pragma once

#include "eventual/simulation.hpp"

namespace accounts {

/// Gives the simulation a scenario and invariants.
void simulate_bank(eventual::Simulation& simulation);

}  // namespace accounts
