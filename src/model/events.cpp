#include "model/events.hpp"

#include "base/bytes.hpp"
#include "model/record_codec.hpp"

namespace eventual::model {

std::string encode(const StoredEvent& record) { return encode_record(record); }
Result<StoredEvent> decode_event(std::string_view bytes) {
  return decode_record<StoredEvent>(bytes, "an event's row");
}
std::string encode(const SubscriptionRecord& record) { return encode_record(record); }
Result<SubscriptionRecord> decode_subscription(std::string_view bytes) {
  return decode_record<SubscriptionRecord>(bytes, "a subscription's row");
}
std::string encode(const DeliveryRecord& record) { return encode_record(record); }
Result<DeliveryRecord> decode_delivery(std::string_view bytes) {
  return decode_record<DeliveryRecord>(bytes, "a delivery's row");
}
std::string encode(const DeadLetterRecord& record) { return encode_record(record); }
Result<DeadLetterRecord> decode_dead_letter(std::string_view bytes) {
  return decode_record<DeadLetterRecord>(bytes, "a dead letter's row");
}
std::string encode(const EventLogRecord& record) { return encode_record(record); }
Result<EventLogRecord> decode_event_log(std::string_view bytes) {
  return decode_record<EventLogRecord>(bytes, "the event log's row");
}
std::string encode(const EventSourceRecord& record) { return encode_record(record); }
Result<EventSourceRecord> decode_event_source(std::string_view bytes) {
  return decode_record<EventSourceRecord>(bytes, "an event source's row");
}

std::string encode_numbers(const std::vector<std::uint64_t>& ascending) {
  std::string out;
  std::uint64_t last = 0;
  for (const std::uint64_t number : ascending) {
    base::append_varint64(out, number - last);
    last = number;
  }
  return out;
}

Result<std::vector<std::uint64_t>> decode_numbers(std::string_view bytes) {
  std::vector<std::uint64_t> numbers;
  base::ByteReader reader(bytes);
  std::uint64_t last = 0;
  while (!reader.failed() && !reader.rest().empty()) {
    last += reader.varint64().value_or(0);
    numbers.push_back(last);
  }
  if (reader.failed())
    return Error(std::string(error_names::k_corrupt), "a list of numbers cannot be read");
  return numbers;
}

namespace keys {

namespace {

// First bytes of keys. They reach disk: never reuse one.
constexpr char k_log = 'e';
constexpr char k_incoming = 'i';
constexpr char k_state = 's';
constexpr char k_subscription = 'c';
constexpr char k_delivery = 'd';
constexpr char k_source = 'r';

std::string numbered(std::string key, std::uint64_t number) {
  base::append_big_endian(key, number);
  return key;
}

std::string prefixed(char first, std::string_view rest) {
  std::string key(1, first);
  key.append(rest);
  return key;
}

/// Names hold no zero: the keys of one are together.
std::string named(std::string key) {
  key.push_back('\0');
  return key;
}

std::string after_named(std::string key) {
  key.push_back('\1');
  return key;
}

}  // namespace

std::string event(std::uint64_t number) { return numbered(std::string(1, k_log), number); }
std::string events_end() { return std::string(1, k_log + 1); }
std::uint64_t event_number(std::string_view key) { return last_number(key); }
std::string incoming_event(std::string_view unique) { return prefixed(k_incoming, unique); }
std::string incoming_events() { return std::string(1, k_incoming); }
std::string incoming_events_end() { return std::string(1, k_incoming + 1); }
std::string event_log() { return std::string(1, k_state); }

std::string subscription(std::string_view name) { return prefixed(k_subscription, name); }
std::string delivery(std::string_view subscription, std::uint64_t number) {
  return numbered(deliveries(subscription), number);
}
std::string deliveries(std::string_view subscription) {
  return named(prefixed(k_delivery, subscription));
}
std::string deliveries_end(std::string_view subscription) {
  return after_named(prefixed(k_delivery, subscription));
}
std::string event_source(std::string_view url) { return prefixed(k_source, url); }

std::string dead_letter(std::string_view subscription, std::uint64_t number) {
  return numbered(dead_letters(subscription), number);
}
std::string dead_letters(std::string_view subscription) { return named(std::string(subscription)); }
std::string dead_letters_end(std::string_view subscription) {
  return after_named(std::string(subscription));
}
std::optional<DeadLetterKey> parse_dead_letter(std::string_view key) {
  if (key.size() < 9 || key[key.size() - 9] != '\0') return std::nullopt;
  return DeadLetterKey{key.substr(0, key.size() - 9), last_number(key)};
}

std::uint64_t last_number(std::string_view key) {
  if (key.size() < 8) return 0;
  base::ByteReader reader(key.substr(key.size() - 8));
  return reader.big_endian<std::uint64_t>().value_or(0);
}

std::string event_id(std::string_view source, std::string_view id) {
  // The other keys of the table begin with a shard, and no shard has this number.
  std::string key = "\xff\xff";
  key.append(source);
  key.push_back('\0');
  key.append(id);
  return key;
}

}  // namespace keys

std::string event_id_time(Timestamp at) {
  std::string bytes;
  base::append_ordered(bytes, at.time_since_epoch().count());
  return bytes;
}

std::optional<Timestamp> parse_event_id_time(std::string_view bytes) {
  base::ByteReader reader(bytes);
  const auto value = reader.big_endian<std::uint64_t>();
  if (!value) return std::nullopt;
  return Timestamp(Duration(static_cast<std::int64_t>(*value ^ (std::uint64_t{1} << 63))));
}

}  // namespace eventual::model
