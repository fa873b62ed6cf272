// The engine: messages and a time in, one batch and its effects out. It owns every execution of
// this node.
//
// It has no thread, clock or socket, and draws its random numbers from a seed: the same inputs give
// the same outputs. Its host commits the batch and only then performs the effects ("commit before
// acting"). It may be given more input while a batch is being written: outputs are committed in the
// order in which they were taken.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "base/timetable.hpp"
#include "engine/attempt.hpp"
#include "engine/events.hpp"
#include "engine/imported_story.hpp"
#include "engine/part.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "model/exported_history.hpp"
#include "model/history.hpp"
#include "model/records.hpp"
#include "ports/call_marker.hpp"
#include "ports/operations.hpp"
#include "ports/store.hpp"
#include "workflow/executor.hpp"

namespace eventual::engine {

struct Options {
  std::uint16_t shards = 64;
  std::size_t live_executions_max = 20'000;  ///< more are put away and replayed when needed
  /// Of the turns that they keep in memory, all together; beyond, those with large ones are put
  /// away too.
  std::size_t live_bytes_max = base::k_live_bytes_max;
  /// What the code of runs that begin from now on is held to.
  std::size_t payload_bytes_max = base::k_payload_limit_default;
  Duration timer_window = Duration(30'000);  ///< how far ahead timers are held in memory
  std::size_t timers_per_tick_max = 2'000;
  std::uint32_t crashes_max = 3;                                  ///< then the call is parked
  std::uint64_t history_events_max = base::k_history_events_max;  ///< of one run; then it is parked
  std::uint64_t history_events_warn = base::k_history_events_max / 2;  ///< then the log says so
  std::uint64_t seed = 1;
  Timestamp schedules_until = Timestamp::max();  ///< later times start nothing
  Duration retention = k_forever;                ///< of closed executions, from their close
  Duration events_kept = base::k_event_retention;
  Duration event_ids_kept = base::k_event_id_retention;
};

struct Figures {
  std::size_t live = 0;
  std::size_t attempts_in_flight = 0;
  std::size_t timers_loaded = 0;
  std::size_t timers_in_memory_only = 0;  ///< limits of attempts, callers who wait
  std::size_t callers_waiting = 0;        ///< for a close
  std::uint64_t turns = 0;
  std::uint64_t replays = 0;
  std::uint64_t started = 0;
  std::uint64_t closed = 0;
  std::array<std::uint64_t, 6> closed_as{};  ///< by status, from succeeded on
  std::uint64_t parked = 0;
  std::uint64_t forgotten = 0;  ///< runs, closed for longer than they are kept
};

class Engine {
 public:
  /// `declarations`, `store` and `marker` (may be null) must outlive it.
  Engine(const detail::Declarations& declarations, ports::Store& store, ports::CallMarker* marker,
         Options options, LogSink log);
  ~Engine();

  /// Takes up what was in flight when the last process ended. Call once, first. Fails when the
  /// store does.
  Result<void> recover(Timestamp now);

  // --- inputs. Replies come with the output that they belong to. ---
  /// The workflow is declared and the input is in its normal form.
  void start(ports::StartRequest request, ports::Callback<ports::StartReply> done, Timestamp now);
  /// The signal is declared and the payload is in its normal form.
  void signal(ports::SignalRequest request, ports::Callback<bool> done, Timestamp now);
  /// The update is declared and the input is in its normal form.
  void update(ports::UpdateRequest request, ports::Callback<ports::UpdateReply> done,
              Timestamp now);
  void published(const ports::ExecutionRef& execution, ports::Callback<std::string> done);
  void attempt_finished(AttemptResult result, Timestamp now);
  /// Replies whether the attempt is asked to stop; Closed when it is over.
  void tell_attempt(AttemptNews news, ports::Callback<bool> done, Timestamp now);
  void describe(const ports::ExecutionRef& execution, ports::Callback<ports::ExecutionView> done,
                Timestamp now);
  void wait_closed(const ports::ExecutionRef& execution, Duration wait,
                   ports::Callback<ports::ExecutionView> done, Timestamp now);
  void cancel(const ports::ExecutionRef& execution, ports::Callback<bool> done, Timestamp now);
  void terminate(const ports::ExecutionRef& execution, std::string reason,
                 ports::Callback<bool> done, Timestamp now);
  /// Holds it until it is resumed.
  void pause(const ports::ExecutionRef& execution, std::string reason, ports::Callback<bool> done,
             Timestamp now);
  /// Runs a closed one again as its next run.
  void retry(const ports::ExecutionRef& execution, ports::Callback<ports::StartReply> done,
             Timestamp now);
  void fork(const ports::ForkRequest& request, ports::Callback<ports::StartReply> done,
            Timestamp now);
  /// Takes over an execution that another service exported, as `name` of its workflow where one is
  /// given: its id is as parse_execution_id asks. AlreadyExists; MissingExecution when something
  /// that it waits for, or the run that it went on as, must be imported first; NotFound, when an
  /// open one's workflow is not declared, and DeterminismError, when its code makes other calls;
  /// NotAllowed when only the other service can finish what it has begun; InvalidInput.
  void import_history(model::ExportedHistory history, const std::string& name,
                      ports::Callback<ports::ImportReply> done, Timestamp now);
  /// Lets go on what is paused, tries again what is parked.
  void resume(const ports::ExecutionRef& execution, ports::Callback<bool> done, Timestamp now);
  /// One schedule, or all by an empty name.
  void schedules(std::string_view name, ports::Callback<std::vector<ports::ScheduleView>> done);
  void act_on_schedule(const ports::ScheduleAct& act, ports::Callback<ports::ScheduleReply> done,
                       Timestamp now);
  /// The process stood still for so long: what has a limit in this process alone (attempts,
  /// waiters) gets that much more time. Timers of executions are durable and keep theirs.
  void stood_still(Duration time) noexcept { stood_still_ += time; }
  void store_call_finished(StoreCallResult result, Timestamp now);
  /// Commits it with this round; its signals are sent then.
  void add_part(Part part);
  /// What the outside asks about events, and what tests do with subscriptions.
  Events& events() noexcept { return *events_; }
  /// Events whose rows somebody else has committed (event_rows.hpp).
  void take_incoming_events(std::vector<IncomingEvent> events, Timestamp now) {
    events_->take_incoming(std::move(events), now);
  }
  /// Fires what is due, at most a tick's worth; more is due at once then.
  void tick(Timestamp now);
  /// When tick has something to do next.
  std::optional<Timestamp> next_due() const;
  /// The same without the times of schedules, which never end. All timers must be in memory.
  std::optional<Timestamp> next_due_of_executions() const;

  // --- output ---
  bool has_output() const noexcept {
    return !output_.empty() || !open_turns_.empty() || !views_wanted_.empty() ||
           !limiters_to_look_at_.empty() || events_->has_work();
  }
  /// Ends the turns of this round and gives all that is to be committed together.
  Output take_output();
  /// `output` is durable. Its messages are taken as input.
  void committed(Output& output, Timestamp now);
  /// Puts every execution away that may be: what happens to it next is replayed first.
  void put_away();
  /// Gives every waiting callback an Unavailable error, at shutdown.
  void abandon_waiters();

  Figures figures() const;

 private:
  /// A call without its answer.
  struct OpenCall {
    enum class Kind : std::uint8_t {
      task,
      timer,
      child,
      signal_send,
      cancel_send,
      timed_wait,
      store_call
    };
    Kind kind = Kind::task;
    Timestamp since{};
    std::string name;  ///< task, workflow, signal
    // task
    const detail::TaskDefinition* definition = nullptr;
    std::string input;
    std::uint32_t attempt = 1;
    bool in_flight = false;
    std::optional<Timestamp> deadline;
    std::optional<Duration> timeout_override;
    std::optional<RetryPolicy> retry_override;
    std::optional<Delivery> delivery_override;
    std::optional<Duration> heartbeat_timeout_override;
    std::optional<std::string> limit_key;
    std::optional<Error> last_error;
    std::string made_by;  ///< "<id>/<run>" that made the call; empty: this run
    bool stop_requested = false;
    bool deferred = false;  ///< its handler has returned and left a token
    std::optional<Timestamp> deferred_until;
    std::optional<std::string>
        heartbeat;  ///< of earlier attempts, or of one that a restart interrupted
    bool heartbeat_row = false;
    std::optional<model::Event> store_call;  ///< what was asked for
    // timer, timed_wait, task between attempts
    Timestamp due{};
  };

  /// An execution in memory.
  struct Live {
    Live(std::size_t& in_flight_of_all, std::size_t& bytes_of_all) noexcept
        : total_in_flight(&in_flight_of_all), total_bytes(&bytes_of_all) {}
    ~Live() {
      *total_in_flight -= tasks_in_flight;
      *total_bytes -= bytes;
    }
    /// Tells the total what it keeps now: encoded turns, and about what the code holds of the
    /// latest one.
    void weigh(std::size_t latest_turn_bytes) noexcept {
      *total_bytes -= bytes;
      bytes = record.first_turn.size() + record.last_turn.size() + latest_turn_bytes;
      *total_bytes += bytes;
    }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;

    std::string id;
    std::uint16_t shard = 0;
    const detail::WorkflowDefinition* definition = nullptr;
    model::ExecutionRecord record;
    model::ExecutionStarted started;               ///< without its input
    std::unique_ptr<workflow::Executor> executor;  ///< null while it is parked without code
    std::unordered_map<std::uint32_t, OpenCall> calls;
    struct Child {
      std::string id;
      ParentClose on_parent_close;
    };
    std::map<std::uint32_t, Child> children;     ///< that closing it does something to, by call
    std::unordered_set<std::string> signal_ids;  ///< that this run has received
    bool signal_ids_known = true;                ///< all of them
    /// Those of runs before it, until the rows that keep them are durable.
    std::unordered_set<std::string> earlier_signal_ids;
    std::uint64_t earlier_ids_in = 0;  ///< the output that writes those rows
    /// Updates of this run by id, with their outcome where they have one.
    std::unordered_map<std::string, std::optional<model::Event>> updates;
    bool history_warned = false;  ///< of its length
    std::uint32_t idle_runs = 0;  ///< that continued in a row without waiting for anything
    std::uint32_t next_turn = 0;
    std::uint64_t history_events = 0;
    std::size_t tasks_in_flight = 0;
    std::size_t* total_in_flight;
    std::size_t bytes = 0;  ///< as it was weighed last
    std::size_t* total_bytes;
    std::size_t kept_events = 0;  ///< rows of events that wait until it is no longer parked
    std::size_t kept_bytes = 0;   ///< of those
    struct Kept {
      std::uint64_t output;
      std::string row;
      model::Event event;
    };
    std::vector<Kept> kept_unwritten;  ///< the last of them, until their rows are durable
    Timestamp parked_at{};             ///< or paused
    bool cancel_requested = false;
    bool unreadable = false;  ///< its history: the open calls are not known
    bool active_row = false;
    bool record_changed = false;
    bool is_new = false;                 ///< its rows are not in the store yet
    std::optional<Error> stuck_on_load;  ///< replay found that it cannot go on
    bool in_turn = false;
    model::Turn turn;
    std::vector<model::Turn>
        unwritten;  ///< turns of pure tasks alone, written with the next that is more
    std::vector<std::uint32_t> pure_answered;  ///< calls of pure tasks that this turn answers
    bool ordinary_turn = false;                ///< it writes more than results of pure tasks
    std::uint64_t touched = 0;  ///< the output that must be durable before it may be put away
    std::list<Live*>::iterator place;
  };

  /// When it is due on a clock that does not count the time for which the process stood still.
  using SoftKey = std::pair<Timestamp, std::uint64_t>;
  struct Waiter {
    ports::ExecutionRef execution;
    ports::Callback<ports::ExecutionView> done;
    std::optional<SoftKey> timer;
  };
  struct SoftTimer {  ///< needs no row: a restart makes it anew or nobody misses it
    enum class Kind : std::uint8_t {
      attempt,
      waiter,
      update,
      heartbeat,
      heartbeat_row,
      limiter,
      store_call
    };
    Kind kind;
    std::string execution_id;  ///< of a limiter: its name
    std::uint32_t run = 0;
    std::uint32_t seq = 0;
    std::uint32_t attempt = 0;
    std::string update_id{};
  };
  struct UpdateWaiter {
    ports::Callback<ports::UpdateReply> done;
    std::optional<SoftKey> timer;
  };

  /// What this process holds of an attempt in flight that has a limit or says how far it is. It
  /// outlives the execution's place in memory.
  struct Flight {
    std::uint32_t attempt = 0;
    std::optional<SoftKey> overdue;
    std::optional<SoftKey> silent;  ///< no heartbeat for too long
    std::optional<SoftKey> row;     ///< the next row of a heartbeat
    std::optional<std::string> heartbeat;
    Timestamp row_at{};
    std::string limiter;
    bool waiting = false;  ///< in the limiter's line
  };
  /// The attempts of one task, or of one key of it. What it counts is in `flights_`.
  struct Limiter {
    struct Place {
      std::string execution_id;
      std::uint32_t run;
      std::uint32_t seq;
      std::uint32_t attempt;
      Timestamp since;
    };
    TaskLimit limit;
    std::size_t in_flight = 0;
    std::deque<Place> line;    ///< may hold attempts that are over
    std::int64_t rate_us = 0;  ///< when all that was begun is paid for by the rate
    std::optional<SoftKey> timer;
  };

  std::uint16_t shard_of(std::string_view id) const noexcept;

  // engine.cpp: executions in memory, output
  Live* find(std::string_view id) noexcept;
  /// In memory, read and replayed if need be. NotFound; Corrupt when it cannot be read.
  Result<Live*> load(std::string_view id, Timestamp now);
  Live& insert(std::unique_ptr<Live> live);
  void touch(Live& live);
  void evict(std::size_t keep);
  std::unique_ptr<workflow::Executor> make_executor(const Live& live, std::string derivation);

  // turns.cpp
  static constexpr std::size_t k_unwritten_turns_max = 64;
  bool accepts(const Live& live) const noexcept;
  void begin_turn(Live& live, Timestamp now);
  /// Applies an event within the execution's turn and keeps it in the turn's record.
  void apply(Live& live, model::Event event, Timestamp now);
  void finish_turn(Live& live);
  bool take_calls(Live& live);
  std::vector<std::uint32_t> drop_answered(Live& live);
  std::optional<model::Event> ending(Live& live);
  void write_turn(Live& live);
  void keep_active_row(Live& live);
  void watch_length(Live& live);
  bool is_only_pure(Live& live) const;
  void write_pure_turns(Live& live);
  void put_record(Live& live);

  // closing.cpp
  void close(Live& live, const model::Event& closing);
  bool close_now(Live& live, model::Event closing, Timestamp now);
  void park(Live& live, Error reason, Timestamp now);
  void park_stuck(Live& live);
  void record_end(Live& live, model::Event closing);
  std::vector<model::Event> kept_events(const Live& live);
  void defer(Live& live, model::Event event);

  // starting.cpp
  Live& create(std::string_view id, const detail::WorkflowDefinition& definition,
               model::ExecutionStarted started, Timestamp now);
  Result<ports::StartReply> start_or_find(const ports::StartRequest& request,
                                          model::ExecutionStarted started, Timestamp now);
  Result<std::string> input_of(const Live& live) const;
  Result<std::string> first_input_of(const Live& live) const;

  // requests.cpp
  void request_cancel(Live& live, Timestamp now);
  template <class Act>
  void act_on_open(const ports::ExecutionRef& execution, ports::Callback<bool> done, Timestamp now,
                   Act&& act);

  // continuing.cpp
  bool continues(const Live& live) const noexcept;
  void end_run(Live& live);
  void put_taken_update(const Live& live, const std::string& id,
                        std::optional<model::Event> outcome);
  void begin_next_run(Live& live, const model::ExecutionContinued& continued,
                      std::optional<model::JsonText> carried);

  // updates.cpp
  Result<std::optional<std::optional<model::Event>>> find_update(const Live& live,
                                                                 const std::string& update_id);
  void await_update(const std::string& id, const std::string& update_id, Duration wait,
                    ports::Callback<ports::UpdateReply> done, Timestamp now);
  void answer_update(Live& live, const std::string& update_id, const model::Event& outcome);
  void fail_updates(const Live& live);
  void give_up_update(const SoftTimer& timer, const SoftKey& key);

  // recovery.cpp
  Result<std::unique_ptr<Live>> read(std::string_view id, Timestamp now);
  void replay(Live& live, const std::vector<model::Turn>& turns);
  Result<std::vector<model::Turn>> read_turns(const Live& live);
  Result<bool> unpark(Live& live, Timestamp now);
  void settle_loaded(Live& live, Timestamp now);
  void read_unreadable(Live& live);
  Result<void> read_kept(Live& live);
  void track(Live& live, const model::Event& event, Timestamp at);
  void track_call(Live& live, const model::Event& call, Timestamp at);

  // tasks.cpp
  void schedule_task(Live& live, const model::TaskScheduled& call, Timestamp now);
  void dispatch(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now);
  void attempt_failed(Live& live, std::uint32_t seq, OpenCall& call, Error error, Timestamp now);
  void fail_call(Live& live, std::uint32_t seq, const OpenCall& call, const Error& error,
                 Timestamp now);
  Duration pause_before(const RetryPolicy& retry, std::uint32_t attempt);
  void retry_due(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now);
  static std::string limit_key(std::string_view id, std::uint32_t run, std::uint32_t seq);
  void begin_attempt(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now);
  void defer_attempt(Live& live, std::uint32_t seq, OpenCall& call, AttemptResult& result,
                     Timestamp now);
  void take_up_deferred(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now);
  void note_heartbeat(Live& live, std::uint32_t seq, OpenCall& call, std::string details,
                      Timestamp now);
  void put_heartbeat_row(Live& live, std::uint32_t seq, OpenCall& call, Flight& flight,
                         Timestamp now);
  void save_heartbeat(const SoftTimer& timer, Timestamp now);
  Result<void> read_heartbeats(Live& live);
  OpenCall* find_attempt(Live& live, std::uint32_t run, std::uint32_t seq, std::uint32_t attempt);
  void send_signals(std::vector<OutgoingSignal>& signals);
  /// The attempt is over: its limits in time and its place in a limit are not held any longer.
  void drop_flight(const Live& live, std::uint32_t seq, const OpenCall& call);
  void clear_flight(const std::string& key);
  void stop_attempts(Live& live, std::vector<std::uint32_t> calls);
  void stop_all_attempts(Live& live);
  void cancel_call(Live& live, const model::CallCancelled& cancelled);
  void attempt_overdue(const SoftTimer& timer, Timestamp now);
  Duration heartbeat_timeout_of(const OpenCall& call) const noexcept;

  // store_calls.cpp
  static std::string store_call_name(const Live& live, std::uint32_t seq, const OpenCall& call);
  void begin_store_call(Live& live, std::uint32_t seq, Timestamp now);
  void perform_store_call(Live& live, std::uint32_t seq, const OpenCall& call);
  void again_later(const Live& live, std::uint32_t seq, Timestamp now);
  OpenCall* find_store_call(Live& live, std::uint32_t run, std::uint32_t seq);
  void store_call_due(const SoftTimer& timer, Timestamp now);

  // limits.cpp
  std::string limiter_of(const OpenCall& call) const;
  bool may_begin(const Limiter& limiter, Timestamp now) const noexcept;
  void count_begun(Limiter& limiter, Timestamp now) noexcept;
  /// Whether the attempt may begin; else it stands in line.
  bool enter_limit(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now);
  void look_at_limiters(Timestamp now);
  void look_at_limiter(const std::string& name, Timestamp now);
  void order_lines();
  void conclude(Live& live, model::Event answer, Timestamp now);
  void take_up(Live& live, Timestamp now);
  const RetryPolicy& retry_of(const OpenCall& call) const noexcept;
  Duration timeout_of(const OpenCall& call) const noexcept;
  void forget_call(Live& live, std::uint32_t seq) noexcept;
  void set_in_flight(Live& live, OpenCall& call, bool in_flight) noexcept;

  // timers.cpp
  void put_timer(const Live& live, Timestamp due, std::uint32_t seq, model::keys::TimerKind kind);
  void remove_timer(const Live& live, Timestamp due, std::uint32_t seq,
                    model::keys::TimerKind kind);
  void remove_call_timer(Live& live, std::uint32_t seq, const OpenCall& call);
  Result<void> load_timers(Timestamp now);
  void fire(const std::string& row, Timestamp now);
  void rearm(Live& live);
  SoftKey put_soft_timer(Timestamp due, SoftTimer timer);
  Timestamp due_of(const SoftKey& key) const noexcept { return key.first + stood_still_; }

  // messages.cpp
  /// `turn` records the call and is written with this round; none: it was recorded before.
  void make_call(Live& live, const model::Event& call, std::optional<std::uint32_t> turn = {});
  /// `turn` of the sender records the payload and is written with this round: a large one is not
  /// written again.
  void send(model::Message message, std::optional<std::uint32_t> turn = {});
  void deliver(const std::string& row, model::Message message, Timestamp now);
  bool deliver_kept(const std::string& row, const model::Message& message, Timestamp now);
  bool deliver_start_child(const model::Message& message, Timestamp now);
  bool deliver_signal(const model::Message& message, Timestamp now);
  bool deliver_answer(const model::Message& message, Timestamp now);
  bool deliver_cancel(const model::Message& message, Timestamp now);
  bool deliver_parent_close(const model::Message& message, Timestamp now);
  void send_to_child(const Live& parent, std::uint32_t seq, const std::string& child,
                     model::Message::Kind kind);
  void remove_kept(const Live& live);
  void deliver_deferred(Live& live, Timestamp now);
  Result<bool> has_received(Live& live, const std::string& message_id);
  Result<void> take_signal(std::string_view id, std::string_view signal, std::string payload,
                           std::string message_id, Timestamp now);

  // repair.cpp
  /// A run that begins with a part of another's history.
  struct Branch {
    std::string id;
    std::uint32_t run = 1;
    const detail::WorkflowDefinition* definition = nullptr;
    std::vector<model::Turn> copied;
    std::vector<model::Event> events;  ///< of the turn that follows
    Timestamp not_before{};            ///< it is not earlier than what it takes over
  };
  Result<std::unique_ptr<Live>> replay_copied(Branch& branch, Timestamp now);
  Live& begin_branch(std::unique_ptr<Live> made, Branch branch, Timestamp now);
  Result<ports::StartReply> fork_or_find(const ports::ForkRequest& request, Timestamp now);
  Result<ports::StartReply> retry_closed(Live& live, std::optional<std::uint32_t> parent_run,
                                         Timestamp now);
  void track_fork(Live& live, const model::ExecutionForked& forked, Timestamp at);
  bool take_back_child(const model::Message& message, Timestamp now);

  void send_outcome(const Live& child, const std::string& to, std::uint32_t to_run,
                    std::uint32_t to_seq);

  // importing.cpp
  Result<ports::ImportReply> import_or_refuse(model::ExportedHistory& history,
                                              const std::string& name, Timestamp now);
  model::ExecutionRecord put_closed(const std::string& id, bool latest,
                                    const model::ExportedHistory& history,
                                    const ImportedStory& story);
  void put_taken_ids(const Live& live, const model::ExportedHistory& history);
  Result<ports::ImportReply> import_earlier(Live& live, const model::ExportedHistory& history,
                                            const ImportedStory& story);
  ports::ImportReply import_closed(const std::string& id, const model::ExportedHistory& history,
                                   const ImportedStory& story);
  Result<ports::ImportReply> import_open(const model::ExportedHistory& history,
                                         const ImportedStory& story, Timestamp now);
  Result<ports::ImportReply> import_copy(const std::string& id, model::ExportedHistory& history,
                                         Timestamp now);
  Result<void> check_open_calls(const Live& live,
                                const std::map<std::uint32_t, model::Event>& calls, Timestamp now);
  void make_again(Live& live, std::uint32_t seq, const OpenCall& call, const model::Event& event);

  // retention.cpp
  void begin_retention(Timestamp now);
  void forget_old(Timestamp now);
  bool forget_listed(const std::string& row, Timestamp until);
  void forget_run(std::uint16_t shard, std::string_view id, const model::ExecutionRecord& record,
                  bool latest);

  // schedules.cpp
  struct Scheduled {
    const detail::ScheduleDefinition* definition;
    base::Timetable timetable;
    model::ScheduleRecord record;
  };
  static bool is_schedule(std::string_view id) noexcept;
  Scheduled* find_schedule(std::string_view name) noexcept;
  Error unknown_schedule(std::string_view name) const;
  Result<void> recover_schedules(Timestamp now);
  std::optional<Timestamp> next_time(const Scheduled& scheduled, Timestamp after) const;
  void put_schedule(const Scheduled& scheduled);
  void set_next(Scheduled& scheduled, std::optional<Timestamp> next);
  void remove_schedule_timer(std::string_view name, Timestamp due);
  void fire_schedule(const std::string& row, const model::keys::TimerKey& key, Timestamp now);
  Result<std::vector<std::string>> take_time(Scheduled& scheduled, Timestamp time, Timestamp now);
  Result<std::vector<std::string>> start_scheduled(Scheduled& scheduled, Timestamp time,
                                                   Timestamp now);
  void scheduled_closed(const model::Message& message, Timestamp now);
  Result<ports::ScheduleReply> perform_schedule_act(const ports::ScheduleAct& act, Timestamp now);

  // views.cpp
  ports::ExecutionView view_of(const Live& live) const;
  void add_waiting(const Live& live, ports::ExecutionView& view) const;
  void answer_waiters(const Live& live);
  void give_up_waiting(const std::string& id, const SoftKey& timer, Timestamp now);

  template <class T>
  void reply(ports::Callback<T> done, Result<T> result) {
    output_.replies.push_back(
        [done = std::move(done), result = std::make_shared<Result<T>>(std::move(result))] {
          done(std::move(*result));
        });
  }

  const detail::Declarations& declarations_;
  ports::Store& store_;
  ports::CallMarker* marker_;
  Options options_;
  LogSink log_;
  base::Random random_;

  std::size_t live_bytes_ = 0;                                        // before those it counts
  std::unordered_map<std::string_view, std::unique_ptr<Live>> live_;  // keys view Live::id
  std::list<Live*> by_use_;                                           // most recently used first
  std::vector<Live*> open_turns_;
  std::vector<std::string> closed_;  // in this round
  std::vector<std::pair<std::string, model::Event>>
      immediate_;  // answers to calls that need no work, by execution
  std::unordered_set<std::string>
      not_taken_up_;  // parked, with attempts that this process has not started
  Output output_;
  std::uint64_t outputs_taken_ = 0;
  std::uint64_t outputs_committed_ = 0;

  std::set<std::pair<Timestamp, std::string>>
      timers_due_;  // rows of the timers table that are due within the window
  Timestamp timers_loaded_until_{};
  Timestamp load_timers_again_at_{};
  std::deque<std::pair<std::uint64_t, std::pair<Timestamp, std::string>>>
      far_timers_;  // beyond it, and not durable yet
  std::map<SoftKey, SoftTimer> soft_timers_;
  Duration stood_still_{0};
  std::uint64_t next_soft_timer_ = 1;
  std::unordered_map<std::string, Flight>
      flights_;  // by execution, run and call; ordinary attempts have none
  std::map<std::string, Limiter> limiters_;  // references stay good
  std::set<std::string> limiters_to_look_at_;
  bool recovering_ = false;
  Timestamp latest_{};  // of the inputs
  std::unordered_map<std::string, std::map<std::uint64_t, Waiter>>
      waiters_;  // by execution, in order
  std::map<std::string, std::map<std::string, std::vector<UpdateWaiter>>>
      update_waiters_;  // by execution and update
  std::unordered_set<std::string>
      taken_rows_;  // of kept events, applied by a batch that is not durable yet
  std::deque<std::pair<std::uint64_t, std::string>> taken_rows_in_order_;
  std::vector<std::pair<std::string, ports::Callback<ports::ExecutionView>>>
      views_wanted_;  // of executions within a turn
  std::unique_ptr<Events> events_;
  std::vector<Scheduled> schedules_;
  std::optional<Timestamp> retention_at_;  // when to look for what is old enough
  std::string retention_from_;  // the row of the listing to go on with; empty: a new pass
  std::uint64_t next_message_ = 1;
  Figures figures_;
};

/// Blocking reads of what is committed, from any thread.
Result<ports::ListReply> list_executions(ports::Store& store, std::uint16_t shards,
                                         const ports::ListRequest& request);
Result<ports::HistoryReply> read_history(ports::Store& store, std::uint16_t shards,
                                         const ports::HistoryRequest& request);
/// Whole turns, as many as have `request.limit` events, and one at least; with the last ones what
/// has been kept since.
Result<model::ExportedHistory> read_history_page(ports::Store& store, std::uint16_t shards,
                                                 const ports::HistoryRequest& request);
/// The messages that keep events for a paused or parked execution, oldest first.
Result<std::vector<Output::Outgoing>> read_kept(ports::Store& store, std::uint16_t shards,
                                                std::string_view id);
/// All turns of a run, oldest first. `run` 0 is the latest.
struct StoredExecution {
  model::ExecutionRecord record;
  std::vector<model::Turn> turns;
};
Result<StoredExecution> read_execution(ports::Store& store, std::uint16_t shards,
                                       std::string_view id, std::uint32_t run);

}  // namespace eventual::engine
