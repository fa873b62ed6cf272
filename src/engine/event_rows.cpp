#include "engine/event_rows.hpp"

#include <utility>

namespace eventual::engine {

IncomingEvent append_incoming_event(ports::Batch& batch, std::string_view unique,
                                    model::StoredEvent event) {
  event.id_kept = !event.id.empty();
  if (event.id.empty()) event.id = "~" + std::string(unique);
  IncomingEvent incoming{model::keys::incoming_event(unique), std::move(event)};
  batch.put(ports::Table::events, incoming.row, model::encode(incoming.event));
  return incoming;
}

}  // namespace eventual::engine
