// History: what happened to an execution and what its code asked for. Replaying it gives the same
// calls.
//
// An event is one of the structs below. Its `fields` is the single declaration behind the binary
// codec, the JSON view and the determinism check. Tags and the order of fields reach disk: never
// renumber or reorder, only append.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "eventual/options.hpp"
#include "eventual/time.hpp"

namespace eventual::model {

/// JSON text, shown as JSON where people read it.
struct JsonText {
  std::string text = "null";
  friend bool operator==(const JsonText&, const JsonText&) = default;
};

struct ErrorRecord {
  std::string name;
  std::string message;
  std::string details_json;

  ErrorRecord() = default;
  explicit ErrorRecord(const Error& error)
      : name(error.name()), message(error.message()), details_json(error.details_json()) {}
  Error to_error() const { return Error(name, message, details_json); }
  friend bool operator==(const ErrorRecord&, const ErrorRecord&) = default;
};

// --- what happened ---

struct ExecutionStarted {
  static constexpr std::uint8_t k_tag = 1;
  static constexpr std::string_view k_type = "execution_started";
  JsonText input;
  std::string derivation;  ///< seeds random numbers, names children; copied by a fork
  std::string parent_id;   ///< empty: no parent
  std::uint32_t parent_run = 0;
  std::uint32_t parent_seq = 0;
  bool parent_waits = false;  ///< for its result
  std::optional<Timestamp> times_out_at;
  std::optional<std::uint32_t> continued_from_run;  ///< the run before it continued as this one
  std::optional<JsonText>
      carried_signals;  ///< [{"signal", "payload"}], which that run had not read
  /// What this run's code is held to, whatever the service's limit becomes. Absent: it began when
  /// there was no setting, under 4 MiB.
  std::optional<std::uint64_t> payload_bytes_max;
  template <class V>
  void fields(V& v) {
    v("input", input), v("derivation", derivation), v("parent_id", parent_id),
        v("parent_run", parent_run), v("parent_seq", parent_seq), v("parent_waits", parent_waits),
        v("times_out_at", times_out_at), v("continued_from_run", continued_from_run),
        v("carried_signals", carried_signals), v("payload_bytes_max", payload_bytes_max);
  }
};

struct TaskSucceeded {
  static constexpr std::uint8_t k_tag = 2;
  static constexpr std::string_view k_type = "task_succeeded";
  std::uint32_t seq = 0;
  std::uint32_t attempt = 1;
  JsonText result;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("attempt", attempt), v("result", result);
  }
};

struct TaskFailed {
  static constexpr std::uint8_t k_tag = 3;
  static constexpr std::string_view k_type = "task_failed";
  std::uint32_t seq = 0;
  std::uint32_t attempt = 1;
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("attempt", attempt), v("error", error);
  }
};

/// An attempt failed and another will follow.
struct TaskAttemptFailed {
  static constexpr std::uint8_t k_tag = 4;
  static constexpr std::string_view k_type = "task_attempt_failed";
  std::uint32_t seq = 0;
  std::uint32_t attempt = 1;
  ErrorRecord error;
  Timestamp next_at{};
  std::optional<JsonText> heartbeat;  ///< what attempts so far said last
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("attempt", attempt), v("error", error), v("next_at", next_at),
        v("heartbeat", heartbeat);
  }
};

/// A later attempt begins; the first begins with task_scheduled.
struct TaskAttemptStarted {
  static constexpr std::uint8_t k_tag = 5;
  static constexpr std::string_view k_type = "task_attempt_started";
  std::uint32_t seq = 0;
  std::uint32_t attempt = 1;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("attempt", attempt);
  }
};

struct TimerFired {
  static constexpr std::uint8_t k_tag = 6;
  static constexpr std::string_view k_type = "timer_fired";
  std::uint32_t seq = 0;
  template <class V>
  void fields(V& v) {
    v("seq", seq);
  }
};

/// The time allowed to a condition or an expected signal passed.
struct CallTimedOut {
  static constexpr std::uint8_t k_tag = 7;
  static constexpr std::string_view k_type = "call_timed_out";
  std::uint32_t seq = 0;
  template <class V>
  void fields(V& v) {
    v("seq", seq);
  }
};

struct SignalReceived {
  static constexpr std::uint8_t k_tag = 8;
  static constexpr std::string_view k_type = "signal_received";
  std::string signal;
  JsonText payload;
  std::string message_id;
  template <class V>
  void fields(V& v) {
    v("signal", signal), v("payload", payload), v("message_id", message_id);
  }
};

struct ChildStarted {
  static constexpr std::uint8_t k_tag = 9;
  static constexpr std::string_view k_type = "child_started";
  std::uint32_t seq = 0;
  std::string execution_id;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("execution_id", execution_id);
  }
};

struct ChildSucceeded {
  static constexpr std::uint8_t k_tag = 10;
  static constexpr std::string_view k_type = "child_succeeded";
  std::uint32_t seq = 0;
  JsonText result;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("result", result);
  }
};

struct ChildFailed {
  static constexpr std::uint8_t k_tag = 11;
  static constexpr std::string_view k_type = "child_failed";
  std::uint32_t seq = 0;
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("error", error);
  }
};

struct SignalDelivered {
  static constexpr std::uint8_t k_tag = 12;
  static constexpr std::string_view k_type = "signal_delivered";
  std::uint32_t seq = 0;
  template <class V>
  void fields(V& v) {
    v("seq", seq);
  }
};

struct SignalRefused {
  static constexpr std::uint8_t k_tag = 13;
  static constexpr std::string_view k_type = "signal_refused";
  std::uint32_t seq = 0;
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("error", error);
  }
};

struct CancelRequested {
  static constexpr std::uint8_t k_tag = 14;
  static constexpr std::string_view k_type = "cancel_requested";
  template <class V>
  void fields(V&) {}
};

/// It cannot go on until somebody repairs it; the code does not see this.
struct ExecutionParked {
  static constexpr std::uint8_t k_tag = 15;
  static constexpr std::string_view k_type = "execution_parked";
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("error", error);
  }
};

struct ExecutionUnparked {
  static constexpr std::uint8_t k_tag = 16;
  static constexpr std::string_view k_type = "execution_unparked";
  template <class V>
  void fields(V&) {}
};

/// Somebody holds it: none of its code runs and no attempt begins until it is resumed.
struct ExecutionPaused {
  static constexpr std::uint8_t k_tag = 25;
  static constexpr std::string_view k_type = "execution_paused";
  std::string reason;
  template <class V>
  void fields(V& v) {
    v("reason", reason);
  }
};

struct ExecutionResumed {
  static constexpr std::uint8_t k_tag = 26;
  static constexpr std::string_view k_type = "execution_resumed";
  template <class V>
  void fields(V&) {}
};

/// What stands before this turn was copied from another run: of this execution when it was retried,
/// of another one when it was forked. From here on ids and random numbers derive from `derivation`,
/// and calls that have no answer are made again.
struct ExecutionForked {
  static constexpr std::uint8_t k_tag = 27;
  static constexpr std::string_view k_type = "execution_forked";
  std::string source_id;
  std::uint32_t source_run = 0;
  std::optional<std::uint32_t>
      from_call;  ///< the call from which it was forked; nothing for a retry
  std::string derivation;
  template <class V>
  void fields(V& v) {
    v("source_id", source_id), v("source_run", source_run), v("from_call", from_call),
        v("derivation", derivation);
  }
};

/// A later run of its parent waits for it instead of the one that started it.
struct ExecutionAdopted {
  static constexpr std::uint8_t k_tag = 28;
  static constexpr std::string_view k_type = "execution_adopted";
  std::string parent_id;
  std::uint32_t parent_run = 0;
  std::uint32_t parent_seq = 0;
  bool parent_waits = false;
  template <class V>
  void fields(V& v) {
    v("parent_id", parent_id), v("parent_run", parent_run), v("parent_seq", parent_seq),
        v("parent_waits", parent_waits);
  }
};

/// An update that its validator let through; its outcome is update_succeeded or update_failed.
struct UpdateReceived {
  static constexpr std::uint8_t k_tag = 21;
  static constexpr std::string_view k_type = "update_received";
  std::string update;
  std::string update_id;
  JsonText input;
  template <class V>
  void fields(V& v) {
    v("update", update), v("update_id", update_id), v("input", input);
  }
};

/// The execution that was asked to stop knows of it, or is closed or gone.
struct CancelDelivered {
  static constexpr std::uint8_t k_tag = 22;
  static constexpr std::string_view k_type = "cancel_delivered";
  std::uint32_t seq = 0;
  template <class V>
  void fields(V& v) {
    v("seq", seq);
  }
};

/// The attempt's handler has returned and left a token: its result comes from elsewhere.
struct TaskAttemptDeferred {
  static constexpr std::uint8_t k_tag = 17;
  static constexpr std::string_view k_type = "task_attempt_deferred";
  std::uint32_t seq = 0;
  std::uint32_t attempt = 1;
  std::optional<Timestamp> times_out_at;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("attempt", attempt), v("times_out_at", times_out_at);
  }
};

/// Signals that were acknowledged and that nobody has read, in the turn that closes the run. Events
/// behind the end in that turn were kept while it was held: the code has not seen them.
struct SignalsUnread {
  static constexpr std::uint8_t k_tag = 58;
  static constexpr std::string_view k_type = "signals_unread";
  std::uint32_t count = 0;
  JsonText signals;  ///< [{"signal", "payload"}], oldest first, as many as there is room for
  template <class V>
  void fields(V& v) {
    v("count", count), v("signals", signals);
  }
};

// --- how it ended ---

struct ExecutionSucceeded {
  static constexpr std::uint8_t k_tag = 32;
  static constexpr std::string_view k_type = "execution_succeeded";
  JsonText result;
  template <class V>
  void fields(V& v) {
    v("result", result);
  }
};

struct ExecutionFailed {
  static constexpr std::uint8_t k_tag = 33;
  static constexpr std::string_view k_type = "execution_failed";
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("error", error);
  }
};

struct ExecutionCancelled {
  static constexpr std::uint8_t k_tag = 34;
  static constexpr std::string_view k_type = "execution_cancelled";
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("error", error);
  }
};

struct ExecutionTimedOut {
  static constexpr std::uint8_t k_tag = 35;
  static constexpr std::string_view k_type = "execution_timed_out";
  template <class V>
  void fields(V&) {}
};

struct ExecutionTerminated {
  static constexpr std::uint8_t k_tag = 36;
  static constexpr std::string_view k_type = "execution_terminated";
  std::string reason;
  template <class V>
  void fields(V& v) {
    v("reason", reason);
  }
};

/// It goes on as the next run.
struct ExecutionContinued {
  static constexpr std::uint8_t k_tag = 37;
  static constexpr std::string_view k_type = "execution_continued";
  JsonText input;  ///< of the next run
  std::uint32_t next_run = 0;
  template <class V>
  void fields(V& v) {
    v("input", input), v("next_run", next_run);
  }
};

// --- what the code asked for: calls ---

struct TaskScheduled {
  static constexpr std::uint8_t k_tag = 64;
  static constexpr std::string_view k_type = "task_scheduled";
  std::uint32_t seq = 0;
  std::string task;
  JsonText input;
  std::optional<Duration> timeout;  ///< given with the call, as are all below
  std::optional<Duration> deadline;
  std::optional<RetryPolicy> retry;
  std::optional<OnCancel> on_cancel;
  std::optional<Delivery> delivery;
  std::optional<Duration> heartbeat_timeout;
  std::optional<std::string> limit_key;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("task", task), v("input", input), v("timeout_ms", timeout),
        v("deadline_ms", deadline), v("retry", retry), v("on_cancel", on_cancel),
        v("delivery", delivery), v("heartbeat_timeout_ms", heartbeat_timeout),
        v("limit_key", limit_key);
  }
};

struct TimerStarted {
  static constexpr std::uint8_t k_tag = 65;
  static constexpr std::string_view k_type = "timer_started";
  std::uint32_t seq = 0;
  Timestamp due{};
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("due", due);
  }
};

struct ChildScheduled {
  static constexpr std::uint8_t k_tag = 66;
  static constexpr std::string_view k_type = "child_scheduled";
  std::uint32_t seq = 0;
  std::string workflow;
  std::string name;
  JsonText input;
  bool wait_for_result = true;
  std::optional<Duration> timeout;
  std::optional<ParentClose> on_parent_close;  ///< absent: abandon
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("workflow", workflow), v("name", name), v("input", input),
        v("wait_for_result", wait_for_result), v("timeout_ms", timeout),
        v("on_parent_close", on_parent_close);
  }
};

struct SignalSent {
  static constexpr std::uint8_t k_tag = 67;
  static constexpr std::string_view k_type = "signal_sent";
  std::uint32_t seq = 0;
  std::string execution_id;
  std::string signal;
  JsonText payload;
  std::string message_id;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("execution_id", execution_id), v("signal", signal), v("payload", payload),
        v("message_id", message_id);
  }
};

/// An event for subscriptions. Nothing answers it.
struct EventEmitted {
  static constexpr std::uint8_t k_tag = 40;
  static constexpr std::string_view k_type = "event_emitted";
  static constexpr bool k_is_call = true;
  std::uint32_t seq = 0;
  std::string event;
  std::string id;
  std::string key;
  JsonText payload;
  bool own_id = false;  ///< the code gave it
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("event", event), v("id", id), v("key", key), v("payload", payload),
        v("own_id", own_id);
  }
};

struct ConditionStarted {
  static constexpr std::uint8_t k_tag = 68;
  static constexpr std::string_view k_type = "condition_started";
  std::uint32_t seq = 0;
  Timestamp due{};
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("due", due);
  }
};

struct SignalExpected {
  static constexpr std::uint8_t k_tag = 69;
  static constexpr std::string_view k_type = "signal_expected";
  std::uint32_t seq = 0;
  std::string signal;
  Timestamp due{};
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("signal", signal), v("due", due);
  }
};

/// Which version of a change this execution runs. Nothing answers it.
struct VersionMarked {
  static constexpr std::uint8_t k_tag = 72;
  static constexpr std::string_view k_type = "version_marked";
  std::uint32_t seq = 0;
  std::string change;
  std::uint32_t version = 0;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("change", change), v("version", version);
  }
};

/// The answer to an update. Nothing answers it, nor the next.
struct UpdateSucceeded {
  static constexpr std::uint8_t k_tag = 73;
  static constexpr std::string_view k_type = "update_succeeded";
  std::uint32_t seq = 0;
  std::string update_id;
  JsonText result;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("update_id", update_id), v("result", result);
  }
};

struct UpdateFailed {
  static constexpr std::uint8_t k_tag = 74;
  static constexpr std::string_view k_type = "update_failed";
  std::uint32_t seq = 0;
  std::string update_id;
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("update_id", update_id), v("error", error);
  }
};

/// Asks another execution to stop.
struct CancelSent {
  static constexpr std::uint8_t k_tag = 75;
  static constexpr std::string_view k_type = "cancel_sent";
  std::uint32_t seq = 0;
  std::string execution_id;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("execution_id", execution_id);
  }
};

/// The code gave up waiting for one of its calls.
struct CallCancelled {
  static constexpr std::uint8_t k_tag = 70;
  static constexpr std::string_view k_type = "call_cancelled";
  std::uint32_t seq = 0;
  std::uint32_t call = 0;  ///< the number of the call that is cancelled
  bool waits = false;      ///< that still delivers its outcome
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("call", call), v("waits", waits);
  }
};

/// A call of a transaction. Tags 48 and 49 are calls although their numbers are below 64.
struct TransactionCalled {
  static constexpr std::uint8_t k_tag = 48;
  static constexpr bool k_is_call = true;
  static constexpr std::string_view k_type = "transaction_called";
  std::uint32_t seq = 0;
  std::string transaction;
  JsonText input;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("transaction", transaction), v("input", input);
  }
};

/// An operation on an entity; what it does not use is absent.
struct EntityCalled {
  static constexpr std::uint8_t k_tag = 49;
  static constexpr bool k_is_call = true;
  static constexpr std::string_view k_type = "entity_called";
  std::uint32_t seq = 0;
  std::string operation;  ///< get, put, remove, query, scan
  std::string entity;
  std::string index;
  std::optional<JsonText> key;
  std::optional<JsonText> value;
  std::optional<std::uint64_t> expected_version;
  std::optional<JsonText> condition;
  std::optional<JsonText> select;
  std::optional<std::uint32_t> limit;
  std::string cursor;
  std::optional<bool> descending;
  std::optional<bool> keep_version;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("operation", operation), v("entity", entity), v("index", index), v("key", key),
        v("value", value), v("expected_version", expected_version), v("condition", condition),
        v("select", select), v("limit", limit), v("cursor", cursor), v("descending", descending),
        v("keep_version", keep_version);
  }
};

struct TransactionSucceeded {
  static constexpr std::uint8_t k_tag = 50;
  static constexpr std::string_view k_type = "transaction_succeeded";
  std::uint32_t seq = 0;
  JsonText result;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("result", result);
  }
};

struct TransactionFailed {
  static constexpr std::uint8_t k_tag = 51;
  static constexpr std::string_view k_type = "transaction_failed";
  std::uint32_t seq = 0;
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("error", error);
  }
};

struct EntitySucceeded {
  static constexpr std::uint8_t k_tag = 52;
  static constexpr std::string_view k_type = "entity_succeeded";
  std::uint32_t seq = 0;
  JsonText result;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("result", result);
  }
};

struct EntityFailed {
  static constexpr std::uint8_t k_tag = 53;
  static constexpr std::string_view k_type = "entity_failed";
  std::uint32_t seq = 0;
  ErrorRecord error;
  template <class V>
  void fields(V& v) {
    v("seq", seq), v("error", error);
  }
};

using Event = std::variant<
    ExecutionStarted, TaskSucceeded, TaskFailed, TaskAttemptFailed, TaskAttemptStarted, TimerFired,
    CallTimedOut, SignalReceived, ChildStarted, ChildSucceeded, ChildFailed, SignalDelivered,
    SignalRefused, CancelRequested, ExecutionParked, ExecutionUnparked, TaskAttemptDeferred,
    ExecutionPaused, ExecutionResumed, ExecutionForked, ExecutionAdopted, UpdateReceived,
    CancelDelivered, ExecutionContinued, ExecutionSucceeded, ExecutionFailed, ExecutionCancelled,
    ExecutionTimedOut, ExecutionTerminated, TaskScheduled, TimerStarted, ChildScheduled, SignalSent,
    EventEmitted, ConditionStarted, SignalExpected, VersionMarked, UpdateSucceeded, UpdateFailed,
    CancelSent, CallCancelled, SignalsUnread, TransactionCalled, EntityCalled, TransactionSucceeded,
    TransactionFailed, EntitySucceeded, EntityFailed>;

/// "task_succeeded", …
std::string_view type_of(const Event& event) noexcept;
/// Whether workflow code asked for it.
bool is_call(const Event& event) noexcept;
/// Whether it is a call that something will answer.
bool awaits_answer(const Event& event) noexcept;
/// The sequence number of a call or of what answers it; nothing for the rest.
std::optional<std::uint32_t> seq_of(const Event& event) noexcept;
/// {"type": …, "at": …, fields…}; optional fields that are absent or empty are left out.
Json to_json_view(const Event& event, Timestamp at);
/// One event from its JSON view. InvalidInput names what is wrong.
Result<Event> from_json_view(const Json& view);

/// One activation of an execution: what was applied, then what its code asked for, all at one
/// instant.
struct Turn {
  std::uint32_t number = 0;
  Timestamp at{};
  std::vector<Event>
      events;  ///< what happened, in the order in which it was applied, and how it ended
  std::vector<Event> calls;  ///< in program order
};

/// The bytes of a turn without its number, which is in the key.
std::string encode(const Turn& turn);
/// Corrupt when the bytes are not a turn; NotAllowed when a newer program wrote it.
Result<Turn> decode_turn(std::string_view bytes, std::uint32_t number);

}  // namespace eventual::model
