#include "engine/events.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/unique_id.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

ports::EventView view_of(std::uint64_t number, const model::StoredEvent& event) {
  return {number, event.name, event.id, event.key, event.source, event.at, event.payload.text};
}

Events::Events(const detail::Declarations& declarations, EventsHost host)
    : declarations_(declarations), host_(host), log_(host.store, host.options, host.random) {}

Events::~Events() = default;

Result<void> Events::recover(Timestamp now) {
  latest_ = now;
  if (auto log = log_.recover(host_.output.batch, now); !log) return log;
  for (const detail::SubscriptionDefinition& definition : declarations_.subscriptions()) {
    if (auto added = add_subscription(definition, now); !added) return added;
  }
  std::vector<IncomingEvent> incoming;
  const std::string from = keys::incoming_events();
  const std::string to = keys::incoming_events_end();
  auto scanned = host_.store.scan(
      Table::events, {from, to}, [&](std::string_view row, std::string_view value) {
        auto event = model::decode_event(value);
        next_incoming_ = std::max(next_incoming_, number_after(row));
        if (event) {
          incoming.push_back({std::move(*event), std::string(row), {}});
        } else {
          host_.log(LogLevel::error, {},
                    "an event's row is left alone: " + event.error().message());
        }
        return true;
      });
  if (!scanned) return scanned;
  take_incoming(std::move(incoming), now);
  return {};
}

Events::Entry* Events::find(std::string_view name) noexcept {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &subscribers_[found->second];
}

// --- emitting ---

Result<bool> Events::knows(const model::StoredEvent& event, Timestamp now) {
  if (!event.id_kept) return false;
  return log_.knows(event.source, event.id, now);
}

void Events::append_new(model::StoredEvent event, Timestamp now) {
  const LoggedEventPointer logged = log_.append(std::move(event), host_.output.batch, now);
  for (Entry& entry : subscribers_) {
    if (entry.subscriber->offer(logged)) touch(entry);
  }
  has_work_ = true;
}

void Events::append(model::StoredEvent event, Timestamp now) {
  latest_ = std::max(latest_, now);
  const Result<bool> known = knows(event, now);
  if (!known) {
    // It cannot be refused any more. Taken twice is better than not at all.
    host_.log(LogLevel::error, {},
              "event " + event.id +
                  " is taken though its id cannot be looked up: " + known.error().message());
  } else if (*known) {
    return;
  }
  append_new(std::move(event), now);
}

void Events::append_all(std::vector<model::StoredEvent> events, Timestamp now) {
  for (model::StoredEvent& event : events) append(std::move(event), now);
}

Result<void> Events::place(Part& part) {
  for (const IncomingEvent& incoming : part.events) {
    if (auto room = check_backlog(incoming.event.name); !room) return room;
  }
  put_incoming_events(part.batch, part.events, next_incoming_);
  return {};
}

void Events::take_incoming(std::vector<IncomingEvent> events, Timestamp now) {
  for (IncomingEvent& incoming : events) {
    host_.output.batch.remove(Table::events, std::move(incoming.row));
    append(std::move(incoming.event), now);
  }
}

Result<void> Events::check_backlog(std::string_view event) {
  for (const Entry& entry : subscribers_) {
    const Subscriber& subscriber = *entry.subscriber;
    if (subscriber.backlog() < subscriber.options().backlog_max || !subscriber.takes(event))
      continue;
    return limit_exceeded("subscription " + subscriber.name() + " has " +
                          std::to_string(subscriber.backlog()) +
                          " events to deliver, and its backlog_max is " +
                          std::to_string(subscriber.options().backlog_max));
  }
  return {};
}

Result<ports::EmitReply> Events::take(ports::EmitRequest& request, Timestamp now) {
  ports::EmitReply given;
  std::vector<std::pair<model::StoredEvent, bool>> events;  // and whether it is a duplicate
  for (ports::EmittedEvent& emitted : request.events) {
    model::StoredEvent event;
    event.name = std::move(emitted.name);
    event.id_kept = !emitted.id.empty();
    event.id = event.id_kept ? std::move(emitted.id) : base::unique_id(now, host_.random);
    event.key = std::move(emitted.key);
    event.payload.text = std::move(emitted.payload_json);
    event.source = std::move(emitted.source);
    Result<bool> known = knows(event, now);
    if (!known) return known.error();
    if (event.id_kept && !*known) {
      *known = std::any_of(events.begin(), events.end(), [&](const auto& other) {
        return other.first.id == event.id && other.first.source == event.source;
      });
    }
    if (!*known) {
      if (auto room = check_backlog(event.name); !room) return room.error();
    }
    given.events.push_back({event.id, *known});
    events.emplace_back(std::move(event), *known);
  }
  for (auto& [event, is_duplicate] : events) {
    if (!is_duplicate) append_new(std::move(event), now);
  }
  return given;
}

void Events::emit(ports::EmitRequest request, ports::Callback<ports::EmitReply> done,
                  Timestamp now) {
  latest_ = std::max(latest_, now);
  reply(std::move(done), take(request, now));
}

// --- subscriptions ---

Result<void> Events::add_subscription(const detail::SubscriptionDefinition& definition,
                                      Timestamp now) {
  auto subscriber = std::make_unique<Subscriber>(definition, subscriber_host());
  if (auto recovered = subscriber->recover(now); !recovered) return recovered;
  places_.emplace(subscriber->name(), subscribers_.size());
  subscribers_.push_back({std::move(subscriber), false});
  touch(subscribers_.back());
  return {};
}

void Events::remove_subscription(std::string_view name) {
  const auto found = places_.find(name);
  if (found == places_.end()) return;
  const std::size_t place = found->second;
  places_.erase(found);
  host_.output.batch.remove(Table::deliveries, keys::subscription(name));
  host_.output.batch.remove_range(Table::deliveries, keys::deliveries(name),
                                  keys::deliveries_end(name));
  subscribers_.erase(subscribers_.begin() + static_cast<std::ptrdiff_t>(place));
  for (auto& [each, at] : places_) at -= at > place ? 1 : 0;
}

void Events::switch_service_subscriptions(bool on) {
  for (const detail::SubscriptionDefinition& definition : declarations_.subscriptions()) {
    if (definition.name.starts_with('~')) continue;
    if (Entry* entry = find(definition.name)) {
      entry->subscriber->set_skipping(!on);
      touch(*entry);
    }
  }
}

bool Events::attempt_finished(AttemptResult& result, Timestamp now) {
  latest_ = std::max(latest_, now);
  Entry* entry = find(Subscriber::name_in(result.execution_id));
  if (entry == nullptr || !entry->subscriber->attempt_finished(result, now)) return false;
  touch(*entry);
  if (result.error) return false;
  append_all(std::move(result.events), now);
  return true;
}

void Events::subscriptions(ports::Callback<std::vector<ports::SubscriptionView>> done) {
  std::vector<ports::SubscriptionView> views;
  views.reserve(subscribers_.size());
  for (const Entry& entry : subscribers_) views.push_back(entry.subscriber->view());
  reply(std::move(done), Result<std::vector<ports::SubscriptionView>>(std::move(views)));
}

std::vector<std::string> Events::waiting_for() const {
  std::vector<std::string> lines;
  for (const Entry& entry : subscribers_) {
    for (const std::string& line : entry.subscriber->waiting_for())
      lines.push_back("subscription " + entry.subscriber->name() + ": " + line);
  }
  return lines;
}

// --- time and rounds ---

void Events::tick(Timestamp now) {
  latest_ = std::max(latest_, now);
  for (Entry& entry : subscribers_) {
    const auto due = entry.subscriber->next_due();
    if (!due || *due > now) continue;
    entry.subscriber->tick(now);
    touch(entry);
  }
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    if (waiter->until > now) {
      ++waiter;
      continue;
    }
    reply(std::move(waiter->done), read(waiter->request));
    waiter = waiters_.erase(waiter);
  }
  if (const auto due = log_.sweep_due(); due && *due <= now) {
    std::uint64_t needed = log_.end();
    for (const Entry& entry : subscribers_)
      needed = std::min(needed, entry.subscriber->needed_from());
    if (auto swept = log_.sweep(needed, host_.output.batch, now); !swept) {
      host_.log(LogLevel::error, {},
                "old events could not be forgotten: " + swept.error().message());
    }
  }
}

std::optional<Timestamp> Events::next_due_of_deliveries() const {
  std::optional<Timestamp> next;
  const auto consider = [&](std::optional<Timestamp> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  for (const Entry& entry : subscribers_) consider(entry.subscriber->next_due());
  for (const Waiter& waiter : waiters_) {
    if (waiter.until != Timestamp::max()) consider(waiter.until);
  }
  return next;
}

std::optional<Timestamp> Events::next_due() const {
  const auto next = next_due_of_deliveries();
  const auto sweep = log_.sweep_due();
  if (!next || !sweep) return next ? next : sweep;
  return std::min(*next, *sweep);
}

void Events::finish_round(std::uint64_t output) {
  outputs_taken_ = output;
  log_.output_taken(output);
  if (!std::exchange(has_work_, false)) return;
  for (Entry& entry : subscribers_) {
    if (std::exchange(entry.touched, false) && entry.subscriber->pump(latest_)) touch(entry);
    entry.subscriber->write();
  }
}

void Events::committed(std::uint64_t output, Timestamp now) {
  latest_ = std::max(latest_, now);
  const std::uint64_t before = log_.durable_end();
  log_.output_committed(output);
  std::erase_if(acted_, [&](const auto& acted) { return acted.first <= output; });
  if (log_.durable_end() == before) return;
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    auto given = read(waiter->request);
    if (given && given->events.empty()) {
      waiter->request.after = std::max(waiter->request.after, given->next);
      ++waiter;
      continue;
    }
    reply(std::move(waiter->done), std::move(given));
    waiter = waiters_.erase(waiter);
  }
}

}  // namespace eventual::engine
