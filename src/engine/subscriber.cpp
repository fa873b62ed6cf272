// From the log to the handler.
#include "engine/subscriber.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "engine/errors.hpp"
#include "model/event_filter.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

constexpr std::string_view k_prefix = "~subscription/";
/// Looked at in one go, of those that it may not even want.
constexpr std::size_t k_read_max = 2'000;
/// The most that the row lists: more wait in the queue.
constexpr std::size_t k_open_max = 1'024;
/// Events that it passed over without a reason to write its row.
constexpr std::uint64_t k_unwritten_max = 10'000;
constexpr Duration k_pause_after_failure{1000};

}  // namespace

bool Subscriber::is_delivery(std::string_view execution_id) noexcept {
  return execution_id.starts_with(k_prefix);
}
std::string_view Subscriber::name_in(std::string_view execution_id) noexcept {
  return execution_id.substr(k_prefix.size());
}
std::string Subscriber::execution_id_of(std::string_view subscription) {
  return std::string(k_prefix) + std::string(subscription);
}

Subscriber::Subscriber(const detail::SubscriptionDefinition& definition, SubscriberHost host)
    : definition_(definition), host_(host), execution_id_(execution_id_of(definition.name)) {}

bool Subscriber::takes(std::string_view event) const noexcept {
  return std::any_of(definition_.sources.begin(), definition_.sources.end(),
                     [&](const detail::EventSource& source) { return source.name == event; });
}

bool Subscriber::wants(const LoggedEvent& event) const {
  for (const detail::EventSource& source : definition_.sources) {
    if (source.name != event.event.name) continue;
    return source.filter.kind == detail::EventFilter::Kind::always ||
           model::satisfies(source.filter, event.payload());
  }
  return false;
}

std::uint64_t Subscriber::backlog() const noexcept {
  return host_.log.end() - begun_to() + open_.size() + rows_.size();
}

std::uint64_t Subscriber::needed_from() const noexcept {
  std::uint64_t needed = begun_to();
  if (!open_.empty()) needed = std::min(needed, *open_.begin());
  if (!rows_needed_.empty()) needed = std::min(needed, *rows_needed_.begin());
  return needed;
}

void Subscriber::enqueue(const LoggedEventPointer& event) {
  Item item;
  item.number = event->number;
  item.event = event;
  queue_bytes_ += event->bytes;
  queue_.push_back(std::move(item));
}

bool Subscriber::offer(const LoggedEventPointer& event) {
  if (read_to_ != event->number) return false;  // it has not come so far
  if (skipping_ || !wants(*event)) {
    ++read_to_;
    return false;
  }
  if (queue_.size() >= base::k_event_queue_max || queue_bytes_ >= base::k_event_queue_bytes_max)
    return false;
  ++read_to_;
  enqueue(event);
  return true;
}

/// Reads on in the log where the queue is empty. False: there is nothing to take for now.
bool Subscriber::fill(Timestamp now) {
  if (!queue_.empty()) return true;
  if (skipping_) read_to_ = host_.log.end();
  if (read_to_ >= host_.log.end()) return false;
  if (read_again_at_ && now < *read_again_at_) return false;
  read_again_at_.reset();
  std::size_t looked_at = 0;
  auto read = host_.log.read(read_to_, host_.log.end(), [&](const LoggedEventPointer& event) {
    read_to_ = event->number + 1;
    if (wants(*event)) enqueue(event);
    return ++looked_at < k_read_max && queue_.size() < base::k_event_queue_max / 2 &&
           queue_bytes_ < base::k_event_queue_bytes_max / 2;
  });
  if (!read) {
    host_.log_sink(LogLevel::error, {},
                   "subscription " + name() + " cannot read events: " + read.error().message());
    read_again_at_ = now + k_pause_after_failure;
  }
  return !queue_.empty();
}

bool Subscriber::pump(Timestamp now) {
  batch_due_.reset();
  if (dead_letters_ >= definition_.options.dead_letters_max) {
    if (!std::exchange(told_stopped_, true))
      host_.log_sink(LogLevel::error, {},
                     "subscription " + name() + " stands still: " + view().stopped);
    return false;
  }
  told_stopped_ = false;
  while (units_.size() < definition_.options.in_flight_max) {
    std::vector<Item> items = form(now);
    if (items.empty()) break;
    begin(std::move(items), now);
  }
  return units_.size() < definition_.options.in_flight_max && queue_.empty() && ready_.empty() &&
         may_take() && read_to_ < host_.log.end() && !read_again_at_;
}

/// Whether more of the log may be under way.
bool Subscriber::may_take() const noexcept {
  const std::size_t in_calls = std::size_t{definition_.options.in_flight_max} * batch_max();
  return open_.size() < std::max(k_open_max, in_calls) && rows_.size() < base::k_event_rows_max;
}

/// What the next call of the handler gets; empty when there is nothing for now.
std::vector<Subscriber::Item> Subscriber::form(Timestamp now) {
  std::vector<Item> unit;
  const std::size_t most = batch_max();
  const Duration wait = definition_.options.batch.wait;
  ++forming_;
  while (unit.size() < most) {
    if (!ready_.empty()) {
      const bool alone = ready_.front().attempt > 1 || ready_.front().alone;
      if (alone && !unit.empty()) break;
      unit.push_back(std::move(ready_.front()));
      ready_.pop_front();
      if (unit.back().key.empty()) {
        if (alone) break;
        continue;
      }
      KeyState& key = keys_[unit.back().key];
      key.formed = forming_;
      if (alone) break;
      // As much of its key's line as there is room for: no other call may get that meanwhile.
      while (unit.size() < most && !key.line.empty() && key.line.front().attempt == 1 &&
             !key.line.front().alone) {
        unit.push_back(std::move(key.line.front()));
        key.line.pop_front();
        --in_lines_;
        ++key.owners;
      }
      continue;
    }
    if (!may_take() || !fill(now)) break;
    if (unit.empty() && wait > Duration(0) && queue_.size() < most) {
      const Timestamp due = queue_.front().event->event.at + wait;
      if (now < due) {
        batch_due_ = due;
        break;
      }
    }
    Item item = std::move(queue_.front());
    queue_.pop_front();
    queue_bytes_ -= item.event->bytes;
    open_.insert(item.number);
    if (!take_key(item)) continue;
    unit.push_back(std::move(item));
  }
  return unit;
}

/// Whether the event may be delivered now; else it waits in its key's line.
bool Subscriber::take_key(Item& item) {
  if (definition_.options.order != EventOrder::per_key || item.event->event.key.empty())
    return true;
  item.key = item.event->event.key;
  KeyState& key = keys_[item.key];
  const bool own_batch = key.owners > 0 && key.formed == forming_ && key.line.empty();
  if (key.owners > 0 && !own_batch) {
    wait_in_line(std::move(item), key);
    return false;
  }
  ++key.owners;
  key.formed = forming_;
  return true;
}

void Subscriber::wait_in_line(Item item, KeyState& key) {
  if (key.retrying && !item.has_row) put_row(item);
  if (item.has_row && !item.copied) item.event.reset();  // there may be many
  ++in_lines_;
  key.line.push_back(std::move(item));
}

/// Has the event at hand. False: it is not stored any more, which is passed over.
bool Subscriber::load(Item& item, Timestamp) {
  if (item.event != nullptr) return true;
  Error why("NotFound", "it is not stored any more");
  if (item.copied) {
    auto row = host_.store.get(Table::deliveries, keys::delivery(name(), item.number));
    auto record = row && *row ? model::decode_delivery(**row) : Result<model::DeliveryRecord>(why);
    auto event =
        record ? model::decode_event(record->event) : Result<model::StoredEvent>(record.error());
    if (event) {
      auto logged = std::make_shared<LoggedEvent>();
      logged->number = item.number;
      logged->event = std::move(*event);
      item.event = std::move(logged);
      return true;
    }
    why = row ? event.error() : row.error();
  } else {
    auto event = host_.log.get(item.number);
    if (event && *event != nullptr) {
      item.event = std::move(*event);
      return true;
    }
    if (!event) why = event.error();
  }
  host_.log_sink(LogLevel::error, {},
                 "subscription " + name() + " cannot deliver event " + std::to_string(item.number) +
                     ": " + why.message());
  return false;
}

void Subscriber::begin(std::vector<Item> items, Timestamp now) {
  // An event that cannot be read waits; what is forgotten is passed over.
  for (auto item = items.begin(); item != items.end();) {
    if (load(*item, now)) {
      ++item;
      continue;
    }
    if (item->number < host_.log.first() && !item->copied) {
      pass(*item);
    } else {
      item->due = now + k_pause_after_failure;
      retry_later(std::move(*item));
    }
    item = items.erase(item);
  }
  if (items.empty()) return;
  const std::uint64_t first = items.front().number;
  const auto run = static_cast<std::uint32_t>(first >> 32);
  const auto seq = static_cast<std::uint32_t>(first);
  if (host_.marker != nullptr && first < recovered_end_) {
    const std::uint32_t crashes = host_.marker->crashes({execution_id_, run, seq});
    if (crashes > 0 && items.size() > 1) {  // one of them: find out which
      std::vector<Item> first_of_keys = keep_first_of_keys(std::move(items));
      for (auto item = first_of_keys.rbegin(); item != first_of_keys.rend(); ++item) {
        item->alone = true;
        ready_.push_front(std::move(*item));
      }
      return;
    }
    if (crashes >= host_.crashes_max) {
      return bury(items.front(),
                  Error("CrashedRepeatedly", "subscription " + name() + " crashed the process " +
                                                 std::to_string(host_.crashes_max) + " times"),
                  now);
    }
  }
  Attempt attempt;
  attempt.definition = &definition_.attempt;
  attempt.execution_id = execution_id_;
  attempt.run = run;
  attempt.seq = seq;
  attempt.attempt = items.front().attempt;
  attempt.idempotency_key = name() + "/" + items.front().event->event.id;
  detail::begin_delivery(attempt.input, name());
  for (const Item& item : items) {
    const model::StoredEvent& event = item.event->event;
    detail::append_delivery(attempt.input, {event.name, event.id, event.key, event.source, event.at,
                                            event.payload.text});
  }
  host_.output.attempts.push_back(std::move(attempt));
  Unit unit;
  unit.attempt = items.front().attempt;
  const Duration timeout = definition_.options.timeout;
  if (timeout < Timestamp::max() - now) {
    unit.overdue = now + timeout - host_.stood_still;
    overdue_at_.emplace(*unit.overdue, first);
  }
  unit.items = std::move(items);
  units_.insert_or_assign(first, std::move(unit));
}

// --- time ---

void Subscriber::tick(Timestamp now) {
  while (!overdue_at_.empty() && overdue_at_.begin()->first + host_.stood_still <= now) {
    const std::uint64_t first = overdue_at_.begin()->second;
    overdue_at_.erase(overdue_at_.begin());
    const auto found = units_.find(first);
    if (found == units_.end()) continue;
    Unit unit = std::move(found->second);
    units_.erase(found);
    host_.output.stops.push_back({execution_id_, static_cast<std::uint32_t>(first >> 32),
                                  static_cast<std::uint32_t>(first), unit.attempt});
    fail(std::move(unit.items), Timeout("subscription " + name() + " took longer than allowed"),
         now);
  }
  while (!retry_at_.empty() && retry_at_.begin()->first <= now) {
    const auto found = retrying_.find(retry_at_.begin()->second);
    retry_at_.erase(retry_at_.begin());
    if (found == retrying_.end()) continue;
    ready_.push_back(std::move(found->second));
    retrying_.erase(found);
  }
}

std::optional<Timestamp> Subscriber::next_due() const {
  std::optional<Timestamp> next;
  const auto consider = [&](std::optional<Timestamp> time) {
    if (time && (!next || *time < *next)) next = time;
  };
  if (!overdue_at_.empty()) consider(overdue_at_.begin()->first + host_.stood_still);
  if (!retry_at_.empty()) consider(retry_at_.begin()->first);
  consider(batch_due_);
  consider(read_again_at_);
  return next;
}

void Subscriber::write() {
  const std::uint64_t next = begun_to();
  if (!changed_ && next - std::min(next, written_next_) < k_unwritten_max) return;
  model::SubscriptionRecord record;
  record.next = next;
  record.open = model::encode_numbers({open_.begin(), open_.end()});
  host_.output.batch.put(Table::deliveries, keys::subscription(name()), model::encode(record));
  written_next_ = next;
  changed_ = false;
}

}  // namespace eventual::engine
