// What must hold of every execution after a simulated run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eventual/detail/definitions.hpp"
#include "eventual/json.hpp"
#include "eventual/testing.hpp"
#include "ports/store.hpp"

namespace eventual::testing {

/// Ids of all executions, oldest first.
std::vector<std::string> all_executions(ports::Store& store);

// Each throws an Error that says what is wrong.
void check_exists(ports::Store& store, const std::string& id);
/// A signal that was acknowledged is in the history once, or waits for a parked execution.
void check_signal_kept(ports::Store& store, const std::string& id, const std::string& message_id);
/// Each call has at most one result, timers fired in order and not early, times do not run
/// backwards, and code and history agree.
void check_history(const detail::Declarations& declarations, ports::Store& store,
                   const std::string& id);
/// What an open execution waits for has the row that will wake it.
void check_can_wake(ports::Store& store, const std::string& id, const Json& view);

/// When nothing moves any more, no message waits but those kept for parked executions.
void check_nothing_undelivered(ports::Store& store);

/// Every fault of Faults.
const std::vector<double Faults::*>& all_faults();
/// The arguments of `sim` that run this seed again.
std::string reproduction(std::uint64_t seed, const SimulationOptions& options);
/// Reads "crash=0.1,delay=0" or "none" over `faults`. InvalidInput names what is unknown.
Result<Faults> parse_faults(std::string_view text, Faults faults);

}  // namespace eventual::testing
