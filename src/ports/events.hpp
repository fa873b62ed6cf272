// What the outside asks of a running engine about events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "eventual/time.hpp"

namespace eventual::ports {

/// An event that somebody emits.
struct EmittedEvent {
  std::string name;
  std::string payload_json = "null";
  std::string id;  ///< deduplicates; empty: the engine makes one
  std::string key;
  std::string source;  ///< of another service's event; ids are deduplicated for each source
  bool checked =
      false;  ///< by this process: the payload is in its normal form, the id may be derived
};

/// All of them are taken, or none.
struct EmitRequest {
  std::vector<EmittedEvent> events;
  bool is_list = true;  ///< what is wrong is told with the place in the list
};

struct EmitReply {
  struct Taken {
    std::string id;
    bool duplicate = false;  ///< one of this id was taken before
  };
  std::vector<Taken> events;  ///< in the order of the request
};

/// Reads the log.
struct EventsRequest {
  std::uint64_t after = 0;         ///< the number that was read last
  std::vector<std::string> names;  ///< empty: all
  std::uint32_t limit = 500;
  Duration wait{};    ///< for the first, where there is none
  bool tail = false;  ///< only tells where the log ends
};

struct EventView {
  std::uint64_t number = 0;  ///< in the log
  std::string name;
  std::string id;
  std::string key;
  std::string source;
  Timestamp at{};
  std::string payload_json;
};

struct EventsReply {
  std::vector<EventView> events;
  std::uint64_t next = 0;   ///< give it as `after`
  std::uint64_t first = 1;  ///< numbers before it are forgotten
  std::string log_id;       ///< another one: the log began anew
};

/// Events that another service published, with how far that is.
struct ReceiveRequest {
  std::string source;  ///< the service's name, of events that bring none
  std::string url;     ///< what the position is kept under
  std::string log_id;
  std::uint64_t next = 0;
  std::vector<EmittedEvent> events;
};

/// How far the events of another service were taken; all empty where none were.
struct SourcePosition {
  std::string log_id;
  std::uint64_t after = 0;
};

struct SubscriptionView {
  std::string name;
  std::vector<std::string> events;
  std::string description;
  std::uint64_t next = 0;    ///< the number in the log that it has not begun
  std::uint64_t behind = 0;  ///< events of the log that it has not begun, its own or not
  std::uint64_t in_flight = 0;
  std::uint64_t retrying = 0;
  std::uint64_t waiting = 0;  ///< for an earlier event of their key
  std::uint64_t dead_letters = 0;
  std::string stopped;  ///< why it stands still; empty: it does not
};

struct DeadLetterView {
  std::string id;  ///< "<subscription>/<number>"
  std::string subscription;
  EventView event;
  std::uint32_t attempts = 0;
  Error error;
  Timestamp at{};
};

struct DeadLettersRequest {
  std::string subscription;  ///< empty: all
  std::uint32_t limit = 100;
  std::string cursor;
};

struct DeadLettersReply {
  std::vector<DeadLetterView> dead_letters;  ///< oldest events first
  std::string cursor;                        ///< empty: no more
};

/// What is done with dead letters: those of `ids`, or all of a subscription.
struct DeadLetterAct {
  enum class Kind : std::uint8_t { redrive, discard };
  Kind kind = Kind::redrive;
  std::vector<std::string> ids;
  std::string subscription;
};

struct DeadLetterActReply {
  std::uint64_t count = 0;             ///< that it was done to
  std::vector<std::string> not_found;  ///< of the ids
};

}  // namespace eventual::ports
