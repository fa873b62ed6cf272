// What must hold of every execution after a simulated run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "eventual/detail/definitions.hpp"
#include "ports/operations.hpp"
#include "ports/store.hpp"
#include "testing/clients.hpp"

namespace eventual::testing {

/// Ids of all executions, oldest first.
std::vector<std::string> all_executions(ports::Store& store);
/// What to do about executions that go on for ever, with the names of some; empty: no timer is set.
std::string who_sets_timers(ports::Store& store);
/// When the first timer is due of those that are later than `after`.
std::optional<Timestamp> next_timer(ports::Store& store, Timestamp after);

/// All that is stored of an execution.
struct Story {
  std::string id;
  std::vector<engine::StoredExecution> runs;  ///< oldest first
  std::vector<model::Event> kept;             ///< that wait until it is no longer held

  const model::ExecutionRecord& latest() const { return runs.back().record; }
};
/// NotFound.
Result<Story> read_story(ports::Store& store, const std::string& id);

// Each throws an Error that says what is wrong.

/// Each call has at most one result, timers fired in order and not early, times do not run
/// backwards or ahead of `latest`, retries forget nothing that was done, and code and history
/// agree.
void check_history(const detail::Declarations& declarations, const Story& story, Timestamp latest);
/// What its client was told is so, and stays so.
void check_answer(ports::Store& store, const Request& request);
/// What an open execution waits for has the row that will wake it.
void check_can_wake(ports::Store& store, const ports::ExecutionView& view);
/// When nothing moves any more, no message waits but those kept for held executions.
void check_nothing_undelivered(ports::Store& store);

}  // namespace eventual::testing
