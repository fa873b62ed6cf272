// What the outside asks of a running engine: the same operations for the gateway, handlers, tests
// and tools.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eventual/detail/entity_calls.hpp"
#include "eventual/detail/runtime.hpp"
#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "eventual/time.hpp"
#include "ports/events.hpp"

namespace eventual::ports {

/// Names an execution: "<workflow>/<name>" and a run; run 0 is the latest.
struct ExecutionRef {
  std::string workflow;
  std::string name;
  std::uint32_t run = 0;

  std::string id() const { return workflow + "/" + name; }
  friend bool operator==(const ExecutionRef&, const ExecutionRef&) = default;
};

/// Splits "<workflow>/<name>"; InvalidInput unless it holds exactly one slash with text on both
/// sides.
Result<ExecutionRef> parse_execution_id(std::string_view text);

struct StartRequest {
  std::string workflow;
  std::optional<std::string> name;  ///< absent: the engine makes one
  std::string input_json = "null";
  std::optional<Duration> timeout;  ///< absent: the definition's
  struct Signal {
    std::string name;
    std::string payload_json = "null";
    std::string message_id;  ///< deduplicates; empty: every send counts
  };
  /// Sent in the same turn. An open execution of that name is sent it whatever its input; a closed
  /// one: Closed.
  std::optional<Signal> signal{};
};

struct StartReply {
  std::string execution_id;
  std::uint32_t run = 1;
  bool already_running = false;  ///< it existed with the same input (also when it is closed by now)
};

struct SignalRequest {
  ExecutionRef execution;
  std::string signal;
  std::string payload_json = "null";
  std::string message_id;  ///< deduplicates; empty: every send counts
};

/// A new execution that shares the history of another up to one of its calls.
struct ForkRequest {
  ExecutionRef execution;           ///< the source
  std::uint32_t seq = 0;            ///< the call that is made again
  std::optional<std::string> name;  ///< absent: the engine makes one
};

/// An execution that another service exported.
struct ImportRequest {
  std::string history_json;  ///< as model::write_history gives it
  std::string name;          ///< of the execution here; empty: its own
};

struct ImportReply {
  std::string execution_id;
  std::uint32_t run = 1;
  std::string status;  ///< as of the import; one that is running goes on
};

struct UpdateRequest {
  ExecutionRef execution;
  std::string update;
  std::string input_json = "null";
  std::string update_id;  ///< asking again with it gives the recorded answer; empty: a fresh one
  Duration wait = k_forever;  ///< for the answer
};

/// One of result and error, or neither: it was accepted and is not answered yet.
struct UpdateReply {
  std::string update_id;
  std::optional<std::string> result_json;
  std::optional<Error> error;  ///< what the handler failed with
};

/// Why an open execution does not move, one per pending call, listener or condition.
struct WaitingFor {
  std::string kind;  ///< "task", "timer", "signal", "condition", "child", "update",
                     ///< "signal_send", "paused", "parked", …
  Timestamp since{};
  Json details;  ///< members that belong to the kind, such as seq, task, attempt, next_at, due,
                 ///< signal, location
};

struct ExecutionView {
  ExecutionRef execution;  ///< with the run filled in
  std::string status;      ///< running, parked, paused, succeeded, failed, cancelled, timed_out,
                           ///< terminated, continued
  std::string input_json;
  std::optional<std::string> result_json;
  std::optional<Error> error;  ///< of a failed one; the reason of a parked one
  Timestamp started_at{};
  std::optional<Timestamp> closed_at;
  std::vector<WaitingFor> waiting_for;
};

struct ListRequest {
  std::string workflow;  ///< empty: all
  std::string status;    ///< empty: all
  std::uint32_t limit = 100;
  std::string cursor;
};

struct ListReply {
  std::vector<ExecutionView>
      executions;      ///< newest first, without waiting_for; a filtered page may be short
  std::string cursor;  ///< empty: no more
};

struct HistoryRequest {
  ExecutionRef execution;
  std::uint32_t limit = 1000;
  std::string cursor;
};

struct HistoryReply {
  std::vector<Json> events;  ///< {"type", "at", "seq"?, …}
  std::string cursor;        ///< empty: no more
};

/// A consistent copy of a service's data that was made in `folder`, an absolute path on its
/// machine.
struct BackupReply {
  std::string folder;
  std::uint64_t bytes = 0;
};

/// A schedule as it is declared and where it stands.
struct ScheduleView {
  std::string name;
  std::string workflow;
  std::string input_json;
  std::string description;
  std::string cron;  ///< empty: even intervals
  std::string time_zone;
  Duration interval{};
  std::string overlap;  ///< skip, buffer, allow, cancel
  Duration catch_up_window{};
  bool paused = false;
  std::string reason;  ///< why it is paused
  std::optional<Timestamp> next_at;
  std::optional<Timestamp> last_at;
  std::string last_execution_id;
  std::vector<std::string> open;  ///< ids of its executions that have not closed
  std::optional<Timestamp> buffered_at;
  std::uint64_t started = 0;
  std::uint64_t skipped = 0;
  std::uint64_t missed = 0;
};

struct ScheduleAct {
  enum class Kind : std::uint8_t { pause, resume, trigger, backfill };
  Kind kind = Kind::pause;
  std::string schedule;
  std::string reason;
  Timestamp from{};
  Timestamp to{};
};

struct ScheduleReply {
  std::vector<std::string> started;  ///< ids
};

/// A call of a transaction from outside of workflows.
struct TransactionRequest {
  std::string transaction;
  std::string input_json = "null";
  std::string id;     ///< with an id it happens once; empty: every call counts
  bool here = false;  ///< the calling thread may run the handler
};

/// An operation on an entity from outside of workflows.
struct EntityOperation {
  detail::EntityRequest request;
  const void* item = nullptr;  ///< put: the item itself, for the time of the call; may be null
  bool here = false;           ///< the calling thread may wait for the disk
};

struct Health {
  bool live = true;
  bool ready = true;
  std::string reason;  ///< why not, for people
  Json details;
};

template <class T>
using Callback = std::function<void(Result<T>)>;

/// Thread rule: any thread may call. Callbacks run on an engine thread, after the commit that they
/// report; they must not block and must not throw. When the engine stops, callbacks that wait get
/// Unavailable.
class Operations {
 public:
  virtual ~Operations() = default;

  /// NotFound (workflow), AlreadyExists (same name, other input), InvalidInput, LimitExceeded,
  /// Unavailable.
  virtual void start(StartRequest request, Callback<StartReply> done) = 0;

  /// Completes when the receiver has committed it. NotFound, Closed, InvalidInput, LimitExceeded,
  /// Unavailable.
  virtual void signal(SignalRequest request, Callback<bool> done) = 0;

  /// Completes with the recorded answer, or when `wait` has passed. The error of the validator that
  /// refused it, NotFound, Closed, NotAllowed (it is not taken now), InvalidInput, LimitExceeded,
  /// Unavailable (also while it is parked).
  virtual void update(UpdateRequest request, Callback<UpdateReply> done) = 0;

  /// The view that the execution published last, as JSON. NotFound also where it has published
  /// none.
  virtual void published(ExecutionRef execution, Callback<std::string> done) = 0;

  /// The whole view of one execution. NotFound.
  virtual void describe(ExecutionRef execution, Callback<ExecutionView> done) = 0;

  /// Waits at most `wait` for it to close, then gives its view (open or closed). NotFound.
  virtual void wait_closed(ExecutionRef execution, Duration wait, Callback<ExecutionView> done) = 0;

  virtual void cancel(ExecutionRef execution, Callback<bool> done) = 0;
  virtual void terminate(ExecutionRef execution, std::string reason, Callback<bool> done) = 0;

  /// Holds it: none of its code runs and no attempt begins; what arrives is kept. False when it was
  /// paused before. NotFound, Closed, NotAllowed (it is parked).
  virtual void pause(ExecutionRef execution, std::string reason, Callback<bool> done) = 0;
  /// Lets a paused one go on, tries a parked one again. False when it was neither. NotFound,
  /// Closed, Unavailable, and what still parks it.
  virtual void resume(ExecutionRef execution, Callback<bool> done) = 0;
  /// Runs a closed one again, as its next run, from where it failed. NotFound, NotClosed,
  /// NotAllowed (it succeeded or was cancelled), Unavailable, DeterminismError.
  virtual void retry(ExecutionRef execution, Callback<StartReply> done) = 0;
  /// NotFound (also: no such call), AlreadyExists (the name), InvalidInput, Unavailable,
  /// DeterminismError.
  virtual void fork(ForkRequest request, Callback<StartReply> done) = 0;

  /// One schedule, or all of them by an empty name, in the order of their declarations. NotFound.
  virtual void schedules(std::string name, Callback<std::vector<ScheduleView>> done) = 0;
  /// NotFound, InvalidInput, LimitExceeded.
  virtual void act_on_schedule(ScheduleAct act, Callback<ScheduleReply> done) = 0;

  /// Completes, fails or keeps alive the attempt that a token stands for; gives whether it is asked
  /// to stop. NotAllowed (a token that is not this service's), Closed (the attempt is over),
  /// InvalidInput (no result of the task), LimitExceeded, Unavailable.
  virtual void tell_attempt(detail::AttemptNews news, Callback<bool> done);

  /// Completes with the transaction's result once it is durable. NotFound, InvalidInput, what the
  /// handler throws, TransactionConflict, AlreadyExists (the id, with another input),
  /// LimitExceeded, Unavailable.
  virtual void transact(TransactionRequest request, Callback<std::string> done);
  /// Completes with the result as engine::EntityTransaction::perform gives it, a write once it is
  /// durable.
  virtual void entity(EntityOperation operation, Callback<std::string> done);
  /// Completes when they are durable. NotFound (an event), InvalidInput (with every bad field of
  /// every event), LimitExceeded, Unavailable.
  virtual void emit(EmitRequest request, Callback<EmitReply> done);
  /// The log from a number on; waits for the first event where there is none.
  virtual void read_events(EventsRequest request, Callback<EventsReply> done);
  /// Events of another service, and how far that is, in one commit. A position that is not beyond
  /// the one that is kept takes nothing.
  virtual void receive_events(ReceiveRequest request, Callback<bool> done);
  virtual void source_position(std::string url, Callback<SourcePosition> done);
  /// All of them, in the order of their declarations.
  virtual void subscriptions(Callback<std::vector<SubscriptionView>> done);
  /// NotFound (the subscription), InvalidInput (the cursor).
  virtual void dead_letters(DeadLettersRequest request, Callback<DeadLettersReply> done);
  /// At most 1000 of a subscription at once. NotFound (the subscription), InvalidInput.
  virtual void act_on_dead_letters(DeadLetterAct act, Callback<DeadLetterActReply> done);

  /// Blocking reads of the store.
  virtual Result<ListReply> list(const ListRequest& request) = 0;
  virtual Result<HistoryReply> history(const HistoryRequest& request) = 0;
  /// The history as the text of an exported file, in whole turns: as many as have `limit` events,
  /// and one at least. NotFound, InvalidInput (the cursor).
  virtual Result<std::string> export_history(const HistoryRequest& request);

  /// Blocks while it copies everything that is committed into `folder`, which must not exist; what
  /// is acknowledged before the call is in the copy. AlreadyExists, NotAllowed (the store has no
  /// files), Unavailable.
  virtual Result<BackupReply> backup(const std::string& folder);

  /// Blocks until the execution is durable here, whole; a refused one changes nothing.
  /// InvalidInput, NotAllowed (also: a newer format), AlreadyExists, MissingExecution (something
  /// that must be imported first), NotFound (an open one's workflow), DeterminismError,
  /// Unavailable.
  virtual Result<ImportReply> import_history(const ImportRequest& request);

  virtual Health health() = 0;
};

}  // namespace eventual::ports
