// The options of events and subscriptions, with their defaults.
#pragma once

#include <cstdint>
#include <string>

#include "eventual/options.hpp"
#include "eventual/secret.hpp"
#include "eventual/time.hpp"

namespace eventual {

/// Another service, as `subscribe_to` reaches it.
struct RemoteService {
  std::string url;    ///< "http://orders:9000"
  Secret token = {};  ///< of its administrator; empty: it asks for none
};

struct EventOptions {
  std::string description = {};
};

/// How an event is emitted.
struct EmitOptions {
  /// Deduplicates: while the ids of events are kept (24 hours) an event with the same id is taken
  /// once. Empty: the framework makes one, the same whenever the same code is run again.
  std::string id = {};
  /// What the event is about. Subscriptions with `.order = EventOrder::per_key` take events of one
  /// key one after another.
  std::string key = {};
  /// From a task or a subscription's handler: emitted now instead of with the success of the
  /// attempt, for progress.
  bool immediate = false;
};

enum class EventOrder : std::uint8_t {
  any,      ///< as fast as the handlers go
  per_key,  ///< one key's events one after another, as they were emitted; those without a key as
            ///< any
};

/// Several events to one call of the handler, which then takes a std::vector.
struct BatchOptions {
  std::uint32_t max = 1;  ///< events; with a handler that takes a vector 1 means 100
  /// How long the first event waits for others. More saves calls and costs delay.
  Duration wait = Duration(0);
};

/// Where a subscription that the data folder does not know yet begins. One that it knows goes on
/// where it was.
struct SubscriptionStart {
  enum class Kind : std::uint8_t { now, beginning, time };
  Kind kind = Kind::now;
  Timestamp at{};

  /// Events emitted from now on.
  static SubscriptionStart now() { return {}; }
  /// All events that are stored still.
  static SubscriptionStart beginning() { return {Kind::beginning, {}}; }
  /// Those stored events that were emitted at `time` or later.
  static SubscriptionStart from(Timestamp time) { return {Kind::time, time}; }
};

struct SubscriptionOptions {
  Duration timeout = Duration(60'000);  ///< of one attempt; when it passes the attempt fails with
                                        ///< Timeout
  /// After its last attempt an event becomes a dead letter.
  RetryPolicy retry = {.max_attempts = 5};
  EventOrder order = EventOrder::any;
  BatchOptions batch = {};
  SubscriptionStart start = {};
  std::uint32_t in_flight_max = 64;  ///< calls of the handler at once; more needs more threads
  /// Events that wait for this subscription. Beyond, emitting them is refused with LimitExceeded,
  /// except from workflows and with the success of an attempt.
  std::uint64_t backlog_max = 1'000'000;
  /// With more dead letters than this the subscription stands still until some are redriven or
  /// discarded.
  std::uint64_t dead_letters_max = 100'000;
  std::string description = {};
};

}  // namespace eventual
