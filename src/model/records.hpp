// The rows of the store and their ordered keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "model/history.hpp"

namespace eventual::model {

enum class Status : std::uint8_t {  // reaches disk: never renumber
  running = 0,
  parked = 1,
  paused = 2,
  succeeded = 3,
  failed = 4,
  cancelled = 5,
  timed_out = 6,
  terminated = 7,
  continued = 8,
};

std::string_view to_string(Status status) noexcept;
std::optional<Status> parse_status(std::string_view text) noexcept;
inline bool is_closed(Status status) noexcept { return status >= Status::succeeded; }

/// One run of an execution. The latest run stands under the execution's id, earlier ones under id
/// and run. The first and the last turn are kept here, those between in the history table: a start
/// and a close are one row each.
struct ExecutionRecord {
  std::uint32_t run = 1;
  Status status = Status::running;
  Timestamp started_at{};
  std::optional<Timestamp> closed_at;
  ErrorRecord reason;  ///< why it is parked or paused
  std::uint32_t turns =
      1;  ///< kept exact while it is closed; while it is open the history table decides
  std::string first_turn;  ///< encoded
  std::string last_turn;   ///< encoded; empty while it is open or when it closed in its first turn
  bool undone = false;     ///< compensations ran before it closed
  template <class V>
  void fields(V& v) {
    v("run", run), v("status", status), v("started_at", started_at), v("closed_at", closed_at),
        v("reason", reason), v("turns", turns), v("first_turn", first_turn),
        v("last_turn", last_turn), v("undone", undone);
  }
};

std::string encode(const ExecutionRecord& record);
Result<ExecutionRecord> decode_execution(std::string_view bytes);

/// What a task's attempt said last, kept apart from the history while it runs.
struct Heartbeat {
  std::uint32_t attempt = 1;
  JsonText details;
  template <class V>
  void fields(V& v) {
    v("attempt", attempt), v("details", details);
  }
};

std::string encode(const Heartbeat& heartbeat);
Result<Heartbeat> decode_heartbeat(std::string_view bytes);

/// What a message between executions asks of its receiver.
struct Message {
  enum class Kind : std::uint8_t {  // reaches disk: never renumber
    start_child = 0,
    child_started = 1,
    child_closed = 2,
    signal = 3,
    signal_delivered = 4,
    signal_refused = 5,
    cancel = 30,            ///< from an execution's code
    cancel_delivered = 31,  ///< answers it
    deferred = 6,  ///< an event that waits for a parked execution; `payload` is an encoded turn
                   ///< that holds it
    cancel_child = 20,     ///< from its parent
    terminate_child = 21,  ///< from its parent
  };
  Kind kind = Kind::signal;
  std::string to;  ///< execution id of the receiver
  std::uint32_t to_run = 0;
  std::uint32_t to_seq = 0;  ///< the call that this answers
  std::string from;
  std::uint32_t from_run = 0;
  std::uint32_t from_seq = 0;
  std::string name;  ///< of the signal
  std::string payload = "null";
  std::string message_id;
  bool ok = true;
  ErrorRecord error;
  bool wait_for_result = true;
  std::optional<Duration> timeout;
  template <class V>
  void fields(V& v) {
    v("kind", kind), v("to", to), v("to_run", to_run), v("to_seq", to_seq), v("from", from),
        v("from_run", from_run), v("from_seq", from_seq), v("name", name), v("payload", payload),
        v("message_id", message_id), v("ok", ok), v("error", error),
        v("wait_for_result", wait_for_result), v("timeout", timeout);
  }
};

/// Where a schedule stands. What it does is declared in code.
struct ScheduleRecord {
  std::string timetable;  ///< that `next_at` was computed from
  bool paused = false;
  std::string reason;      ///< why it is paused
  Timestamp changed_at{};  ///< declared, paused or resumed
  std::optional<Timestamp> next_at;
  std::optional<Timestamp> last_at;  ///< the last time that started something
  std::string last_execution;
  std::optional<Timestamp> buffered;  ///< a time that waits until what is open has closed
  std::string open;  ///< ids of its executions that have not closed, each followed by a line feed
  std::uint64_t started = 0;
  std::uint64_t skipped = 0;  ///< because another one was open
  std::uint64_t missed = 0;   ///< too long ago when they were noticed
  template <class V>
  void fields(V& v) {
    v("timetable", timetable), v("paused", paused), v("reason", reason),
        v("changed_at", changed_at), v("next_at", next_at), v("last_at", last_at),
        v("last_execution", last_execution), v("buffered", buffered), v("open", open),
        v("started", started), v("skipped", skipped), v("missed", missed);
  }
};

std::string encode(const ScheduleRecord& record);
Result<ScheduleRecord> decode_schedule(std::string_view bytes);

std::string encode(const Message& message);
Result<Message> decode_message(std::string_view bytes);

namespace keys {

/// executions: the latest run of `id`, or an earlier one.
std::string execution(std::uint16_t shard, std::string_view id);
std::string execution(std::uint16_t shard, std::string_view id, std::uint32_t run);
/// payloads: the view that an execution published last, and that an earlier run did.
std::string view(std::uint16_t shard, std::string_view id);
std::string view(std::uint16_t shard, std::string_view id, std::uint32_t run);
/// history: one turn; `history_end` is past the last of a run.
std::string history(std::uint16_t shard, std::string_view id, std::uint32_t run,
                    std::uint32_t turn);
std::string history_end(std::uint16_t shard, std::string_view id, std::uint32_t run);
/// The turn's number in a history key.
std::uint32_t history_turn(std::string_view key);

/// listing: newest first.
std::string listing(Timestamp started_at, std::string_view id, std::uint32_t run);
struct ListingKey {
  Timestamp started_at;
  std::string_view id;
  std::uint32_t run;
};
std::optional<ListingKey> parse_listing(std::string_view key);

enum class TimerKind : std::uint8_t {
  call = 0,
  retry = 1,
  execution_timeout = 2,
  schedule = 12
};  // reaches disk: never renumber
/// timers: by due time within a shard.
std::string timer(std::uint16_t shard, Timestamp due, std::string_view id, std::uint32_t run,
                  std::uint32_t seq, TimerKind kind);
struct TimerKey {
  std::uint16_t shard;
  Timestamp due;
  std::string_view id;
  std::uint32_t run;
  std::uint32_t seq;
  TimerKind kind;
};
std::optional<TimerKey> parse_timer(std::string_view key);
std::string timers_from(std::uint16_t shard, Timestamp due);
std::string timers_end(std::uint16_t shard);

/// active: executions with task attempts in flight.
std::string active(std::uint16_t shard, std::string_view id);
/// active: what an attempt of a call said last. `heartbeats` and `heartbeats_end` enclose those of
/// a run.
std::string heartbeat(std::uint16_t shard, std::string_view id, std::uint32_t run,
                      std::uint32_t seq);
std::string heartbeats(std::uint16_t shard, std::string_view id, std::uint32_t run);
std::string heartbeats_end(std::uint16_t shard, std::string_view id, std::uint32_t run);
/// The execution that a key of an active row names; nothing for a heartbeat's.
std::optional<std::string_view> parse_active(std::string_view key);
/// The call's number in a heartbeat's key.
std::uint32_t heartbeat_seq(std::string_view key);
/// A shard's rows of a table whose keys begin with the shard.
std::string shard_prefix(std::uint16_t shard);
std::string shard_end(std::uint16_t shard);

/// messages: to a shard, in the order in which a shard sent them.
std::string message(std::uint16_t to_shard, std::uint16_t from_shard, std::uint64_t number);

/// dedupe: a signal's id at its receiver, when the run that received it has continued.
std::string dedupe(std::uint16_t shard, std::string_view id, std::string_view message_id);
/// dedupe: past all rows of an execution.
std::string dedupe_end(std::uint16_t shard, std::string_view id);
/// dedupe: an update's outcome, likewise; the value is an encoded turn that holds it.
std::string dedupe_update(std::uint16_t shard, std::string_view id, std::string_view update_id);

}  // namespace keys

}  // namespace eventual::model
