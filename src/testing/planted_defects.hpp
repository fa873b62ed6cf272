// Defects that the simulator's own tests plant in the host, to prove that it finds them.
#pragma once

#include <cstdint>

#include "base/random.hpp"
#include "engine/engine.hpp"

namespace eventual::testing {

/// A service never has one.
enum class PlantedDefect : std::uint8_t {
  none,
  acts_before_commit,   ///< attempts start and answers leave before the batch is durable
  ignores_write_error,  ///< a commit that failed counts as done
  forgets_timers,       ///< some timer rows are not written
  loses_messages,       ///< some messages between executions are not handed on until the next start
  forgets_active_rows,  ///< a start does not know what was in flight
  tears_batches,        ///< some batches are written in part
  loses_turns,          ///< some turns of histories are not written
  loses_signals,        ///< some signals are acknowledged and dropped
  answers_before_commit,     ///< answers alone leave before the batch is durable
  records_results_twice,     ///< a result is written into the history a second time
  retry_loses_results,       ///< a retried run forgets something that had succeeded
  fires_timers_early,        ///< the engine is told a later time than it is
  stale_writer,              ///< a process that has died writes once more, after the next one began
  delivers_twice,            ///< some signals reach their execution a second time
  skips_preconditions,       ///< transactions are committed whatever has changed meanwhile
  drops_deliveries,          ///< some deliveries count as done and never reach their handler
  doubles_deliveries,        ///< some deliveries run twice
  settles_deliveries_early,  ///< some count as done before their handler has run
  forgets_deliveries,        ///< rows of deliveries that are to be tried again are not written
  forgets_changes,           ///< some transactions leave out the events that belong to them
  forgets_event_ids,         ///< some ids of events are not kept
};
/// Those that every service meets: the others need transactions or subscriptions.
inline constexpr int k_planted_defects = 14;

/// The output as a host with that defect handles it.
void spoil(engine::Output& output, PlantedDefect defect, base::Random& random);

}  // namespace eventual::testing
