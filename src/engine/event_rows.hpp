// Events that are committed by others than the engine, such as a transaction: the batch that emits
// them holds their rows, and the engine gives them their place in the log afterwards.
#pragma once

#include <string>
#include <vector>

#include "eventual/time.hpp"
#include "model/events.hpp"
#include "ports/store.hpp"

namespace eventual::engine {

/// A row that append_incoming_event has put. Tell the engine of it once the batch is durable
/// (Engine::take_incoming_events; from another thread host::messages::EventWork): the events are
/// delivered then. Those of a process that ends before are taken up by the next start.
struct IncomingEvent {
  std::string row;
  model::StoredEvent event;
};

/// Puts an event's row into `batch` and returns it. `unique` must differ from that of every other
/// such row: an id of the transaction and a number within it. The event's payload must be in its
/// normal form and checked (detail::checked_event); an empty id becomes "~" + unique; `at` and
/// `id_kept` are set by the engine. An event of that id and source that was taken within the time
/// that ids are kept drops this one when it gets its place.
IncomingEvent append_incoming_event(ports::Batch& batch, std::string_view unique,
                                    model::StoredEvent event);

}  // namespace eventual::engine
