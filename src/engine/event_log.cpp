#include "engine/event_log.hpp"

#include <algorithm>
#include <limits>

#include "base/unique_id.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

/// Held in memory for those who read at the end.
constexpr std::size_t k_recent_max = 4'096;
constexpr std::size_t k_recent_bytes_max = 8 << 20;
/// Looked at in one sweep.
constexpr std::size_t k_sweep_max = 2'000;
/// A sweep that could not forget what is old tries again so much later.
constexpr Duration k_sweep_again{60'000};

std::size_t size_of(const model::StoredEvent& event) {
  return event.name.size() + event.id.size() + event.key.size() + event.payload.text.size() + 64;
}

LoggedEventPointer make_logged(std::uint64_t number, model::StoredEvent event) {
  auto logged = std::make_shared<LoggedEvent>();
  logged->number = number;
  logged->bytes = size_of(event);
  logged->event = std::move(event);
  return logged;
}

Timestamp later(Timestamp at, Duration by) {
  return by < Timestamp::max() - at ? at + by : Timestamp::max();
}

}  // namespace

const Json& LoggedEvent::payload() const {
  if (!parsed_) {
    auto parsed = Json::parse(event.payload.text);
    parsed_ = parsed ? std::move(*parsed) : Json();
  }
  return *parsed_;
}

Result<void> EventLog::recover(ports::Batch& batch, Timestamp now) {
  auto state = store_.get(Table::events, keys::event_log());
  if (!state) return state.error();
  if (*state) {
    auto decoded = model::decode_event_log(**state);
    if (!decoded) return decoded.error();
    state_ = std::move(*decoded);
  } else {
    state_.log_id = base::unique_id(std::max(now, Timestamp{}), random_);
    batch.put(Table::events, keys::event_log(), model::encode(state_));
  }
  end_ = state_.first;
  Result<void> bad;
  const std::string from = keys::event(0);
  const std::string to = keys::events_end();
  auto scanned = store_.scan(Table::events, {from, to, true},
                             [&](std::string_view key, std::string_view value) {
                               end_ = std::max(end_, keys::event_number(key) + 1);
                               auto event = model::decode_event(value);
                               if (event) {
                                 last_at_ = event->at;
                               } else {
                                 bad = event.error();
                               }
                               return false;
                             });
  if (!scanned) return scanned;
  if (!bad) return bad;
  durable_end_ = end_;
  if (end_ > std::min(state_.first, state_.ids_first)) plan_sweep(now);
  return {};
}

Result<bool> EventLog::knows(std::string_view source, std::string_view id, Timestamp now) {
  const std::string key = keys::event_id(source, id);
  if (new_ids_.contains(key)) return true;
  auto row = store_.get(Table::dedupe, key);
  if (!row) return row.error();
  if (!*row) return false;
  const auto at = model::parse_event_id_time(**row);
  return at && now < later(*at, options_.ids_kept);
}

LoggedEventPointer EventLog::append(model::StoredEvent event, ports::Batch& batch, Timestamp now) {
  last_at_ = std::max(last_at_, now);
  event.at = last_at_;
  if (event.id_kept) {
    std::string key = keys::event_id(event.source, event.id);
    batch.put(Table::dedupe, key, model::event_id_time(event.at));
    new_ids_[key] = end_ + 1;
    new_ids_in_order_.emplace_back(end_ + 1, std::move(key));
  }
  batch.put(Table::events, keys::event(end_), model::encode(event));
  plan_sweep(later(event.at, std::min(options_.events_kept, options_.ids_kept)));
  LoggedEventPointer logged = make_logged(end_++, std::move(event));
  recent_bytes_ += logged->bytes;
  recent_.push_back(logged);
  return logged;
}

void EventLog::plan_sweep(Timestamp due) {
  if (due == Timestamp::max()) return;
  if (!sweep_due_ || due < *sweep_due_) sweep_due_ = due;
}

void EventLog::output_taken(std::uint64_t output) {
  if (taken_.empty() ? end_ > durable_end_ : end_ > taken_.back().second)
    taken_.emplace_back(output, end_);
}

void EventLog::output_committed(std::uint64_t output) {
  while (!taken_.empty() && taken_.front().first <= output) {
    durable_end_ = taken_.front().second;
    taken_.pop_front();
  }
  while (!new_ids_in_order_.empty() && new_ids_in_order_.front().first <= durable_end_) {
    const auto found = new_ids_.find(new_ids_in_order_.front().second);
    if (found != new_ids_.end() && found->second <= durable_end_) new_ids_.erase(found);
    new_ids_in_order_.pop_front();
  }
  trim_recent();
}

void EventLog::trim_recent() {
  while (!recent_.empty() && recent_.front()->number < durable_end_ &&
         (recent_.size() > k_recent_max || recent_bytes_ > k_recent_bytes_max)) {
    recent_bytes_ -= recent_.front()->bytes;
    recent_.pop_front();
  }
}

Result<LoggedEventPointer> EventLog::get(std::uint64_t number) {
  LoggedEventPointer found;
  auto read_one = read(number, number + 1, [&](const LoggedEventPointer& event) {
    found = event;
    return false;
  });
  if (!read_one) return read_one.error();
  return found;
}

Result<void> EventLog::read(std::uint64_t from, std::uint64_t to,
                            const std::function<bool(const LoggedEventPointer&)>& visit) {
  to = std::min(to, end_);
  const std::uint64_t recent_from = recent_.empty() ? end_ : recent_.front()->number;
  bool wanted = true;
  if (from < std::min(to, recent_from)) {
    Result<void> bad;
    const std::string first = keys::event(from);
    const std::string last = keys::event(std::min(to, recent_from));
    auto scanned = store_.scan(
        Table::events, {first, last}, [&](std::string_view key, std::string_view value) {
          auto event = model::decode_event(value);
          if (!event) {
            bad = event.error();
            return false;
          }
          wanted = visit(make_logged(keys::event_number(key), std::move(*event)));
          return wanted;
        });
    if (!scanned) return scanned;
    if (!bad) return bad;
  }
  for (std::uint64_t number = std::max(from, recent_from); wanted && number < to; ++number)
    wanted = visit(recent_[number - recent_from]);
  return {};
}

Result<std::uint64_t> EventLog::at_or_after(Timestamp time) {
  std::uint64_t low = state_.first;
  std::uint64_t high = end_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    auto event = get(middle);
    if (!event) return event.error();
    if (*event == nullptr || (*event)->event.at < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<void> EventLog::sweep(std::uint64_t needed_from, ports::Batch& batch, Timestamp now) {
  sweep_due_.reset();
  const std::uint64_t to = std::min(needed_from, durable_end_);
  std::uint64_t ids = std::max(state_.ids_first, state_.first);
  std::uint64_t first = state_.first;
  std::size_t looked_at = 0;
  // Ids first: the events that they belong to must still be there.
  auto read_ids = read(ids, durable_end_, [&](const LoggedEventPointer& logged) {
    const Timestamp due = later(logged->event.at, options_.ids_kept);
    if (due > now || ++looked_at > k_sweep_max) {
      plan_sweep(std::max(due, now));
      return false;
    }
    if (logged->event.id_kept) {
      const std::string key = keys::event_id(logged->event.source, logged->event.id);
      // A later event may have the same id by now: its row stays.
      auto row = store_.get(Table::dedupe, key);
      if (row && *row && *row == model::event_id_time(logged->event.at))
        batch.remove(Table::dedupe, key);
    }
    ids = logged->number + 1;
    return true;
  });
  if (!read_ids) {
    plan_sweep(now + k_sweep_again);
    return read_ids;
  }
  looked_at = 0;
  bool all_needed = true;
  auto read_events = read(first, std::min(to, ids), [&](const LoggedEventPointer& logged) {
    const Timestamp due = later(logged->event.at, options_.events_kept);
    if (due > now || ++looked_at > k_sweep_max) {
      plan_sweep(std::max(due, now));
      all_needed = false;
      return false;
    }
    first = logged->number + 1;
    return true;
  });
  if (!read_events) {
    plan_sweep(now + k_sweep_again);
    return read_events;
  }
  // What is left is held back: by deliveries that go on, or by ids that are kept longer.
  if (all_needed && first < durable_end_ && !sweep_due_) plan_sweep(now + k_sweep_again);
  if (first == state_.first && ids == state_.ids_first) return {};
  if (first > state_.first)
    batch.remove_range(Table::events, keys::event(state_.first), keys::event(first));
  state_.first = first;
  state_.ids_first = ids;
  batch.put(Table::events, keys::event_log(), model::encode(state_));
  while (!recent_.empty() && recent_.front()->number < state_.first) {
    recent_bytes_ -= recent_.front()->bytes;
    recent_.pop_front();
  }
  return {};
}

}  // namespace eventual::engine
