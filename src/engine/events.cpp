#include "engine/events.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/limits.hpp"
#include "base/unique_id.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

/// Payloads in one answer to who reads the log.
constexpr std::size_t k_read_bytes_max = 4 << 20;
/// Looked at for one answer.
constexpr std::size_t k_looked_at_max = 10'000;
/// Dead letters of a subscription that one request acts on.
constexpr std::size_t k_act_max = 1'000;

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

std::string dead_letter_id(std::string_view subscription, std::uint64_t number) {
  return std::string(subscription) + "/" + std::to_string(number);
}

std::optional<keys::DeadLetterKey> parse_dead_letter_id(std::string_view id) {
  const std::size_t slash = id.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  keys::DeadLetterKey key{id.substr(0, slash), 0};
  const char* end = id.data() + id.size();
  const auto [last, code] = std::from_chars(id.data() + slash + 1, end, key.number);
  if (code != std::errc() || last != end) return std::nullopt;
  return key;
}

ports::EventView view_of(std::uint64_t number, const model::StoredEvent& event) {
  return {number, event.name, event.id, event.key, event.source, event.at, event.payload.text};
}

}  // namespace

Events::Events(const detail::Declarations& declarations, EventsHost host)
    : declarations_(declarations), host_(host), log_(host.store, host.options, host.random) {}

Events::~Events() = default;

template <class T>
void Events::reply(ports::Callback<T> done, Result<T> result) {
  host_.output.replies.push_back(
      [done = std::move(done), result = std::make_shared<Result<T>>(std::move(result))] {
        done(std::move(*result));
      });
}

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
        if (event) {
          incoming.push_back({std::string(row), std::move(*event)});
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

// --- dead letters ---

void Events::dead_letters(const ports::DeadLettersRequest& request,
                          ports::Callback<ports::DeadLettersReply> done) {
  using Reply = Result<ports::DeadLettersReply>;
  std::string from =
      request.subscription.empty() ? std::string() : keys::dead_letters(request.subscription);
  const std::string to =
      request.subscription.empty() ? std::string() : keys::dead_letters_end(request.subscription);
  if (!request.cursor.empty()) {
    const auto last = parse_dead_letter_id(request.cursor);
    if (!last || (!request.subscription.empty() && last->subscription != request.subscription))
      return reply(std::move(done), Reply(invalid("the cursor is none of this list")));
    from = keys::dead_letter(last->subscription, last->number + 1);
  }
  ports::DeadLettersReply given;
  Result<void> bad;
  auto scanned = host_.store.scan(
      Table::dead_letters, {from, to}, [&](std::string_view row, std::string_view value) {
        if (given.dead_letters.size() >= request.limit) {
          given.cursor = given.dead_letters.back().id;
          return false;
        }
        const auto key = keys::parse_dead_letter(row);
        auto record = model::decode_dead_letter(value);
        auto event = record ? model::decode_event(record->event)
                            : Result<model::StoredEvent>(record.error());
        if (!key || !event) {
          if (!event) bad = event.error();
          return !bad ? false : true;
        }
        ports::DeadLetterView view;
        view.id = dead_letter_id(key->subscription, key->number);
        view.subscription = key->subscription;
        view.event = view_of(key->number, *event);
        view.attempts = record->attempts;
        view.error = record->error.to_error();
        view.at = record->at;
        given.dead_letters.push_back(std::move(view));
        return true;
      });
  if (!scanned) return reply(std::move(done), Reply(scanned.error()));
  if (!bad) return reply(std::move(done), Reply(bad.error()));
  reply(std::move(done), Reply(std::move(given)));
}

/// False where there is none of that row any more.
Result<bool> Events::act_on_dead_letter(ports::DeadLetterAct::Kind kind, const std::string& row) {
  const auto in_work = [&](const auto& acted) { return acted.second == row; };
  if (std::any_of(acted_.begin(), acted_.end(), in_work)) return false;
  auto value = host_.store.get(Table::dead_letters, row);
  if (!value) return value.error();
  const auto key = keys::parse_dead_letter(row);
  if (!*value || !key) return false;
  Entry* entry = find(key->subscription);
  if (kind == ports::DeadLetterAct::Kind::redrive) {
    if (entry == nullptr)
      return not_found("subscription " + std::string(key->subscription) + " is not declared");
    auto record = model::decode_dead_letter(**value);
    if (!record) return record.error();
    auto event = model::decode_event(record->event);
    if (!event) return event.error();
    entry->subscriber->redrive(key->number, std::move(*event));
    touch(*entry);
  } else if (entry != nullptr) {
    entry->subscriber->dead_letter_removed();
    touch(*entry);  // it may have stood still
  }
  host_.output.batch.remove(Table::dead_letters, row);
  acted_.emplace_back(outputs_taken_ + 1, row);
  return true;
}

void Events::act_on_dead_letters(const ports::DeadLetterAct& act,
                                 ports::Callback<ports::DeadLetterActReply> done, Timestamp now) {
  using Reply = Result<ports::DeadLetterActReply>;
  latest_ = std::max(latest_, now);
  ports::DeadLetterActReply given;
  std::vector<std::string> rows;
  if (!act.subscription.empty()) {
    const std::string from = keys::dead_letters(act.subscription);
    const std::string to = keys::dead_letters_end(act.subscription);
    auto scanned = host_.store.scan(Table::dead_letters, {from, to},
                                    [&](std::string_view row, std::string_view) {
                                      rows.emplace_back(row);
                                      return rows.size() < k_act_max;
                                    });
    if (!scanned) return reply(std::move(done), Reply(scanned.error()));
    if (rows.empty() && find(act.subscription) == nullptr) {
      return reply(std::move(done),
                   Reply(not_found("subscription " + act.subscription + " is not declared")));
    }
  }
  for (const std::string& id : act.ids) {
    if (const auto key = parse_dead_letter_id(id)) {
      rows.push_back(keys::dead_letter(key->subscription, key->number));
    } else {
      given.not_found.push_back(id);
    }
  }
  for (const std::string& row : rows) {
    auto acted = act_on_dead_letter(act.kind, row);
    if (!acted) return reply(std::move(done), Reply(acted.error()));
    if (*acted) {
      ++given.count;
    } else if (!act.ids.empty()) {
      const auto key = keys::parse_dead_letter(row);
      given.not_found.push_back(dead_letter_id(key->subscription, key->number));
    }
  }
  reply(std::move(done), Reply(std::move(given)));
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
