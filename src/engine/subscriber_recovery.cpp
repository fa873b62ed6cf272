// Where a subscription stood when the last process ended.
#include <algorithm>
#include <utility>

#include "engine/subscriber.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

Result<void> Subscriber::recover(Timestamp now) {
  recovered_end_ = host_.log.end();
  auto row = host_.store.get(Table::deliveries, keys::subscription(name()));
  if (!row) return row.error();
  std::vector<std::uint64_t> open;
  if (*row) {
    auto record = model::decode_subscription(**row);
    if (!record) return record.error();
    auto numbers = model::decode_numbers(record->open);
    if (!numbers) return numbers.error();
    open = std::move(*numbers);
    read_to_ = written_next_ = record->next;
  } else {
    auto start = start_number(now);
    if (!start) return start.error();
    read_to_ = *start;
    changed_ = true;
  }
  if (read_to_ < host_.log.first()) {
    host_.log_sink(LogLevel::warn, {},
                   "subscription " + name() + " has missed " +
                       std::to_string(host_.log.first() - read_to_) +
                       " events that are not stored any more");
    read_to_ = host_.log.first();
  }
  read_to_ = std::min(read_to_, host_.log.end());
  const std::string from = keys::dead_letters(name());
  const std::string to = keys::dead_letters_end(name());
  auto counted =
      host_.store.scan(Table::dead_letters, {from, to}, [&](std::string_view, std::string_view) {
        ++dead_letters_;
        return true;
      });
  if (!counted) return counted;
  return recover_items(open, now);
}

Result<std::uint64_t> Subscriber::start_number(Timestamp) {
  const SubscriptionStart& start = definition_.options.start;
  switch (start.kind) {
    case SubscriptionStart::Kind::now:
      return host_.log.end();
    case SubscriptionStart::Kind::beginning:
      return host_.log.first();
    case SubscriptionStart::Kind::time:
      return host_.log.at_or_after(start.at);
  }
  return host_.log.end();
}

/// What was under way, in the order of the log: the first of a key owns it, the others wait.
Result<void> Subscriber::recover_items(const std::vector<std::uint64_t>& open, Timestamp now) {
  std::map<std::uint64_t, Item> items;
  for (const std::uint64_t number : open) {
    Item item;
    item.number = number;
    item.alone = true;
    items.emplace(number, std::move(item));
  }
  Result<void> bad;
  const std::string from = keys::deliveries(name());
  const std::string to = keys::deliveries_end(name());
  auto scanned = host_.store.scan(Table::deliveries, {from, to},
                                  [&](std::string_view key, std::string_view value) {
                                    auto record = model::decode_delivery(value);
                                    if (!record) {
                                      bad = record.error();
                                      return false;
                                    }
                                    Item item;
                                    item.number = keys::last_number(key);
                                    item.attempt = record->attempt;
                                    item.due = record->due;
                                    item.error = record->error.to_error();
                                    item.has_row = true;
                                    item.copied = !record->event.empty();
                                    items.insert_or_assign(item.number, std::move(item));
                                    return true;
                                  });
  if (!scanned) return scanned;
  if (!bad) return bad;
  for (auto& [number, item] : items) {
    if (item.has_row) {
      rows_.emplace(number, item.copied);
      if (!item.copied) rows_needed_.insert(number);
    } else {
      open_.insert(number);
    }
    // One that cannot be read has no key, and its delivery tells why (begin).
    if (definition_.options.order == EventOrder::per_key && load(item, now)) {
      item.key = item.event->event.key;
      if (!item.key.empty()) {
        KeyState& key = keys_[item.key];
        if (key.owners > 0) {
          wait_in_line(std::move(item), key);
          continue;
        }
        key.owners = 1;
        key.retrying = item.due > now;
      }
      if (item.has_row) item.event.reset();
    }
    if (item.due > now) {
      retry_later(std::move(item));
    } else {
      ready_.push_back(std::move(item));
    }
  }
  return {};
}

}  // namespace eventual::engine
