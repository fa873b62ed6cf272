// The rows of events: the log that holds them in order, where each subscription stands in it, and
// what is out of order.
//
// An event is one row of the log, whoever takes it. A subscription has one row: the number of the
// log that it has not begun yet, and the few numbers before it that are being delivered. So a
// delivery that succeeds at once costs nothing of its own: it is a change to that row, which all
// deliveries of one commit share. Only a delivery that has failed, or waits behind such a one for
// its key, has a row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "model/history.hpp"

namespace eventual::model {

/// An event in the log.
struct StoredEvent {
  std::string name;
  std::string id;
  std::string key;
  Timestamp at{};  ///< never before the event ahead of it
  JsonText payload;
  std::string source;    ///< the service that emitted it; empty: this one
  bool id_kept = false;  ///< there is a row by which a second one of this id is noticed
  template <class V>
  void fields(V& v) {
    v("name", name), v("id", id), v("key", key), v("at", at), v("payload", payload),
        v("source", source), v("id_kept", id_kept);
  }
};

/// Where a subscription stands.
struct SubscriptionRecord {
  std::uint64_t next = 0;  ///< all below are done, are in `open`, or have a delivery's row
  std::string open;        ///< numbers below `next`, see encode_numbers
  template <class V>
  void fields(V& v) {
    v("next", next), v("open", open);
  }
};

/// One event that one subscription tries again, or that waits behind such a one.
struct DeliveryRecord {
  std::uint32_t attempt = 1;  ///< the next
  Timestamp due{};            ///< of it
  ErrorRecord error;          ///< of the last one
  std::string event;          ///< encoded, where the log may not hold it any more; else empty
  template <class V>
  void fields(V& v) {
    v("attempt", attempt), v("due", due), v("error", error), v("event", event);
  }
};

struct DeadLetterRecord {
  std::string event;  ///< encoded
  std::uint32_t attempts = 0;
  ErrorRecord error;  ///< of the last attempt
  Timestamp at{};
  template <class V>
  void fields(V& v) {
    v("event", event), v("attempts", attempts), v("error", error), v("at", at);
  }
};

/// The ends of the log.
struct EventLogRecord {
  std::uint64_t first = 1;      ///< those before are forgotten
  std::uint64_t ids_first = 1;  ///< ids of those before are forgotten
  std::string log_id;           ///< tells this log from one that began anew
  template <class V>
  void fields(V& v) {
    v("first", first), v("ids_first", ids_first), v("log_id", log_id);
  }
};

/// How far this service has taken the events of another one.
struct EventSourceRecord {
  std::string log_id;
  std::uint64_t after = 0;
  template <class V>
  void fields(V& v) {
    v("log_id", log_id), v("after", after);
  }
};

std::string encode(const StoredEvent& record);
Result<StoredEvent> decode_event(std::string_view bytes);
std::string encode(const SubscriptionRecord& record);
Result<SubscriptionRecord> decode_subscription(std::string_view bytes);
std::string encode(const DeliveryRecord& record);
Result<DeliveryRecord> decode_delivery(std::string_view bytes);
std::string encode(const DeadLetterRecord& record);
Result<DeadLetterRecord> decode_dead_letter(std::string_view bytes);
std::string encode(const EventLogRecord& record);
Result<EventLogRecord> decode_event_log(std::string_view bytes);
std::string encode(const EventSourceRecord& record);
Result<EventSourceRecord> decode_event_source(std::string_view bytes);

/// Ascending numbers, as the differences from one to the next.
std::string encode_numbers(const std::vector<std::uint64_t>& ascending);
/// Corrupt when they are none.
Result<std::vector<std::uint64_t>> decode_numbers(std::string_view bytes);

namespace keys {

/// events: the log. `events_end` is past the last.
std::string event(std::uint64_t number);
std::string events_end();
std::uint64_t event_number(std::string_view key);
/// events: committed by others than the engine; it gives them their place in the log.
std::string incoming_event(std::string_view unique);
std::string incoming_events();
std::string incoming_events_end();
/// events: EventLogRecord.
std::string event_log();

/// deliveries: SubscriptionRecord.
std::string subscription(std::string_view name);
/// deliveries: DeliveryRecord; `deliveries_end` is past the last of a subscription.
std::string delivery(std::string_view subscription, std::uint64_t number);
std::string deliveries(std::string_view subscription);
std::string deliveries_end(std::string_view subscription);
/// deliveries: EventSourceRecord.
std::string event_source(std::string_view url);

/// dead_letters.
std::string dead_letter(std::string_view subscription, std::uint64_t number);
std::string dead_letters(std::string_view subscription);
std::string dead_letters_end(std::string_view subscription);
struct DeadLetterKey {
  std::string_view subscription;
  std::uint64_t number = 0;
};
std::optional<DeadLetterKey> parse_dead_letter(std::string_view key);
/// The number at the end of a delivery's or a dead letter's key.
std::uint64_t last_number(std::string_view key);

/// dedupe: an event's id; the value is the time, as event_id_time writes it.
std::string event_id(std::string_view source, std::string_view id);

}  // namespace keys

std::string event_id_time(Timestamp at);
std::optional<Timestamp> parse_event_id_time(std::string_view bytes);

}  // namespace eventual::model
