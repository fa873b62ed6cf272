// What `orders sim` does: orders of every kind, and what must be true of each when all is quiet.
#pragma once

#include "eventual/simulation.hpp"

/// Gives the simulation a scenario and invariants. Handlers reach a ledger in this process then.
void simulate_orders(eventual::Simulation& simulation);
