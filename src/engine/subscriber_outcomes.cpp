// How deliveries end: done, tried again, a dead letter; and dead letters that are delivered again.
#include <algorithm>
#include <utility>

#include "engine/retry_pause.hpp"
#include "engine/subscriber.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

std::uint64_t number_of(const AttemptResult& result) {
  return std::uint64_t{result.run} << 32 | result.seq;
}

}  // namespace

bool Subscriber::attempt_finished(const AttemptResult& result, Timestamp now) {
  const auto found = units_.find(number_of(result));
  if (found == units_.end() || found->second.attempt != result.attempt) return false;
  Unit unit = std::move(found->second);
  units_.erase(found);
  if (unit.overdue) overdue_at_.erase({*unit.overdue, number_of(result)});
  if (result.error) {
    fail(std::move(unit.items), *result.error, now);
  } else {
    for (Item& item : unit.items) pass(item);
  }
  return true;
}

/// Done with it, in whatever way.
void Subscriber::pass(Item& item) {
  if (item.has_row) {
    host_.output.batch.remove(Table::deliveries, keys::delivery(name(), item.number));
    rows_.erase(item.number);
    rows_needed_.erase(item.number);
  } else if (open_.erase(item.number) > 0) {
    changed_ = true;
  }
  if (!item.key.empty()) release_key(item.key);
}

void Subscriber::release_key(const std::string& name) {
  const auto found = keys_.find(name);
  if (found == keys_.end()) return;
  KeyState& key = found->second;
  if (--key.owners > 0) return;
  key.retrying = false;
  if (key.line.empty()) {
    keys_.erase(found);
    return;
  }
  ready_.push_back(std::move(key.line.front()));
  key.line.pop_front();
  --in_lines_;
  key.owners = 1;
}

/// Of a batch whose events are to be delivered alone: of one key the first goes ahead, the others
/// wait in its line.
std::vector<Subscriber::Item> Subscriber::keep_first_of_keys(std::vector<Item> items) {
  std::unordered_map<std::string, std::vector<Item>> behind;
  std::vector<Item> ahead;
  for (Item& item : items) {
    const bool first_of_key =
        item.key.empty() || std::none_of(ahead.begin(), ahead.end(),
                                         [&](const Item& other) { return other.key == item.key; });
    if (first_of_key) {
      ahead.push_back(std::move(item));
    } else {
      behind[item.key].push_back(std::move(item));
    }
  }
  for (auto& [name, waiting] : behind) {
    KeyState& key = keys_[name];
    for (auto item = waiting.rbegin(); item != waiting.rend(); ++item) {
      --key.owners;
      item->alone = true;
      if (!item->has_row) put_row(*item);
      item->event.reset();
      ++in_lines_;
      key.line.push_front(std::move(*item));
    }
  }
  return ahead;
}

void Subscriber::fail(std::vector<Item> items, const Error& error, Timestamp now) {
  const RetryPolicy& retry = definition_.options.retry;
  const bool final_by_name = std::find(retry.non_retryable.begin(), retry.non_retryable.end(),
                                       error.name()) != retry.non_retryable.end();
  // Of a batch each is tried again alone.
  for (Item& item : keep_first_of_keys(std::move(items))) {
    item.error = error;
    if (final_by_name || item.attempt >= retry.max_attempts) {
      bury(item, error, now);
      continue;
    }
    item.due = now + std::max(retry_pause(retry, item.attempt, host_.random), retry_after(error));
    ++item.attempt;
    item.alone = true;
    put_row(item);
    if (!item.key.empty()) {
      KeyState& key = keys_[item.key];
      key.retrying = true;
      for (Item& waiting : key.line) {
        if (waiting.has_row) continue;
        put_row(waiting);
        waiting.event.reset();
      }
    }
    item.event.reset();
    retry_later(std::move(item));
  }
}

/// No attempt will follow.
void Subscriber::bury(Item& item, const Error& error, Timestamp now) {
  model::DeadLetterRecord letter;
  letter.event = model::encode(item.event->event);
  letter.attempts = item.attempt;
  letter.error = model::ErrorRecord(error);
  letter.at = now;
  host_.output.batch.put(Table::dead_letters, keys::dead_letter(name(), item.number),
                         model::encode(letter));
  ++dead_letters_;
  host_.log_sink(LogLevel::warn, {},
                 "event " + item.event->event.name + " " + item.event->event.id +
                     " is a dead letter of subscription " + name() + ": " + error.name() + ": " +
                     error.message());
  pass(item);
}

/// The row of a delivery that does not end with its first attempt.
void Subscriber::put_row(Item& item) {
  model::DeliveryRecord record;
  record.attempt = item.attempt;
  record.due = item.due;
  record.error = model::ErrorRecord(item.error);
  if (item.copied) {
    if (item.event == nullptr) return;  // its row stays as it is
    record.event = model::encode(item.event->event);
  }
  host_.output.batch.put(Table::deliveries, keys::delivery(name(), item.number),
                         model::encode(record));
  if (!item.has_row) {
    item.has_row = true;
    rows_.emplace(item.number, item.copied);
    if (!item.copied) rows_needed_.insert(item.number);
    if (open_.erase(item.number) > 0) changed_ = true;
  }
}

void Subscriber::retry_later(Item item) {
  retry_at_.emplace(item.due, item.number);
  const std::uint64_t number = item.number;
  retrying_.insert_or_assign(number, std::move(item));
}

void Subscriber::redrive(std::uint64_t number, model::StoredEvent event) {
  auto logged = std::make_shared<LoggedEvent>();
  logged->number = number;
  logged->event = std::move(event);
  Item item;
  item.number = number;
  item.event = std::move(logged);
  item.copied = true;
  item.alone = true;
  put_row(item);
  --dead_letters_;
  if (host_.marker != nullptr) host_.marker->forgive(execution_id_);
  if (definition_.options.order == EventOrder::per_key && !item.event->event.key.empty()) {
    item.key = item.event->event.key;
    KeyState& key = keys_[item.key];
    if (key.owners > 0) return wait_in_line(std::move(item), key);
    key.owners = 1;
  }
  ready_.push_back(std::move(item));
}

}  // namespace eventual::engine
