// Who reads the log: clients, and other services that take the events; and what is taken of others.
#include <algorithm>
#include <utility>

#include "engine/events.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

/// Payloads in one answer to who reads the log.
constexpr std::size_t k_read_bytes_max = 4 << 20;
/// Looked at for one answer.
constexpr std::size_t k_looked_at_max = 10'000;

}  // namespace

// --- other services ---

void Events::receive(ports::ReceiveRequest request, ports::Callback<bool> done, Timestamp now) {
  latest_ = std::max(latest_, now);
  auto known = sources_.find(request.url);
  if (known == sources_.end()) {
    auto row = host_.store.get(Table::deliveries, keys::event_source(request.url));
    if (!row) return reply(std::move(done), Result<bool>(row.error()));
    model::EventSourceRecord record;
    if (*row) {
      auto decoded = model::decode_event_source(**row);
      if (!decoded) return reply(std::move(done), Result<bool>(decoded.error()));
      record = std::move(*decoded);
    }
    known = sources_.emplace(request.url, std::move(record)).first;
  }
  model::EventSourceRecord& record = known->second;
  if (record.log_id == request.log_id && request.next <= record.after)
    return reply(std::move(done), Result<bool>(false));
  ports::EmitRequest events;
  events.events = std::move(request.events);
  for (ports::EmittedEvent& event : events.events) {
    if (event.source.empty()) event.source = request.source;
  }
  auto taken = take(events, now);
  if (!taken) return reply(std::move(done), Result<bool>(taken.error()));
  record.log_id = std::move(request.log_id);
  record.after = request.next;
  host_.output.batch.put(Table::deliveries, keys::event_source(request.url), model::encode(record));
  reply(std::move(done), Result<bool>(true));
}

void Events::source_position(const std::string& url, ports::Callback<ports::SourcePosition> done) {
  auto row = host_.store.get(Table::deliveries, keys::event_source(url));
  if (!row) return reply(std::move(done), Result<ports::SourcePosition>(row.error()));
  ports::SourcePosition position;
  if (*row) {
    auto record = model::decode_event_source(**row);
    if (!record) return reply(std::move(done), Result<ports::SourcePosition>(record.error()));
    position = {record->log_id, record->after};
  }
  reply(std::move(done), Result<ports::SourcePosition>(std::move(position)));
}

// --- reading the log ---

/// What is durable. `request.after` moves over what was looked at.
Result<ports::EventsReply> Events::read(ports::EventsRequest& request) {
  ports::EventsReply given;
  given.first = log_.first();
  given.log_id = log_.log_id();
  const std::uint64_t end = log_.durable_end();
  if (request.tail || request.after >= end) {
    given.next = end - 1;
    return given;
  }
  std::size_t bytes = 0;
  std::size_t looked_at = 0;
  auto scanned = log_.read(
      std::max(request.after + 1, log_.first()), end, [&](const LoggedEventPointer& logged) {
        const model::StoredEvent& event = logged->event;
        request.after = logged->number;
        const bool wanted =
            event.source.empty() && !event.name.starts_with('~') &&
            (request.names.empty() || std::find(request.names.begin(), request.names.end(),
                                                event.name) != request.names.end());
        if (wanted) {
          given.events.push_back(view_of(logged->number, event));
          bytes += logged->bytes;
        }
        return given.events.size() < request.limit && bytes < k_read_bytes_max &&
               ++looked_at < k_looked_at_max;
      });
  if (!scanned) return scanned.error();
  given.next = request.after;
  return given;
}

void Events::read_events(ports::EventsRequest request, ports::Callback<ports::EventsReply> done,
                         Timestamp now) {
  latest_ = std::max(latest_, now);
  auto given = read(request);
  const bool at_end = given && given->next + 1 >= log_.durable_end();
  if (!given || !given->events.empty() || request.wait <= Duration(0) || request.tail || !at_end)
    return reply(std::move(done), std::move(given));
  Waiter waiter;
  waiter.until = request.wait < Timestamp::max() - now ? now + request.wait : Timestamp::max();
  request.after = given->next;
  waiter.request = std::move(request);
  waiter.done = std::move(done);
  waiters_.push_back(std::move(waiter));
}

void Events::abandon_waiters() {
  for (Waiter& waiter : std::exchange(waiters_, {})) {
    reply(std::move(waiter.done),
          Result<ports::EventsReply>(Error(std::string(error_names::k_unavailable),
                                           "the service stopped before there was an event")));
  }
}

}  // namespace eventual::engine
