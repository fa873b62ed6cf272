// Events that are committed by others than the engine, such as a transaction: the batch that emits
// them holds their rows, and the engine gives them their place in the log afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/time.hpp"
#include "model/events.hpp"
#include "ports/store.hpp"

namespace eventual::engine {

/// An event of such a batch. Once that is durable the engine is told of it (a Part's events are;
/// else Engine::take_incoming_events), and it is delivered. Those of a process that ends before are
/// taken up by the next start, in the order of their rows.
struct IncomingEvent {
  model::StoredEvent event;
  std::string row;    ///< its key, from put_incoming_events on
  std::string value;  ///< of the row, until then
};

/// Any thread. `unique` must differ from that of every other such event: an id of the transaction
/// and a number within it. The payload must be in its normal form and checked
/// (detail::checked_event); an empty id becomes "~" + unique; `at` and `id_kept` are set by the
/// engine. An event of that id and source that was taken within the time that ids are kept drops
/// this one when it gets its place.
IncomingEvent make_incoming_event(std::string_view unique, model::StoredEvent event);

/// Puts the rows of events into `batch`. `next` numbers them: rows of one process have rising
/// numbers in the order in which their batches are committed.
void put_incoming_events(ports::Batch& batch, std::vector<IncomingEvent>& events,
                         std::uint64_t& next);

/// The lowest number that `row` leaves free; 0 where it has none.
std::uint64_t number_after(std::string_view row);

}  // namespace eventual::engine
