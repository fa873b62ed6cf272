// Runs one execution's coroutines: history events in, calls out. Feeding it the turns of a history
// gives the same calls again.
//
// No thread, clock or store inside: the caller says what happened and when.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/detail/runtime.hpp"
#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "model/history.hpp"
#include "workflow/watch.hpp"

namespace eventual::workflow {

struct Identity {
  std::string execution_id;
  std::uint32_t run = 1;
  std::string derivation;
};

/// Something that the code waits for and that no task or timer of its own will answer, or an update
/// that it has not answered yet.
struct Waiting {
  enum class Kind : std::uint8_t { signal, condition, update };
  Kind kind;
  std::optional<std::uint32_t> seq;  ///< where it has a timeout
  std::string name;                  ///< of the signal or the update
  std::string update_id;             ///< of an update whose handler is running
  Timestamp since{};
  std::source_location location;  ///< not of an update
};

class Executor final : private detail::Runtime {
 public:
  /// Called with what workflow code logs; never on replay.
  using LogSink = std::function<void(LogLevel level, std::string_view message)>;

  Executor(const detail::Declarations& declarations, const detail::WorkflowDefinition& definition,
           Identity identity, LogSink log);
  ~Executor() override;

  /// Tells `watch`, which must live until the next call of this, what the code does in turns that
  /// are replayed; null: nobody.
  void watch(Watch* watch) noexcept {
    watch_ = watch;
    set_watched(watch != nullptr);
  }

  /// Begins a turn at `at`. Until end_turn, `apply` takes what happened, one event at a time;
  /// everything that became runnable has run when it returns.
  void begin_turn(Timestamp at);
  /// The same for a turn of the history, whose calls must come out again. `calls` must live until
  /// end_turn.
  void begin_replay(Timestamp at, std::span<const model::Event> calls);
  /// False when the event has nothing to answer any more (it was answered before, or the execution
  /// has ended). A replayed turn is given all its events, how it ended too. Behind a failed
  /// compensation events wait, in order, for execution_unparked.
  bool apply(const model::Event& event);
  void end_turn();

  /// The calls of this turn, in program order. Empty on replay.
  std::vector<model::Event> take_calls() { return std::exchange(calls_, {}); }
  /// Calls with a timeout that the code's own progress answered in this turn.
  std::vector<std::uint32_t> take_answered() { return std::exchange(answered_, {}); }
  /// The view that the code published in this turn; nothing on replay.
  std::optional<std::string> take_published() {
    if (!std::exchange(published_new_, false)) return std::nullopt;
    return published_;
  }
  /// Whether it has published a view, in this turn or before.
  bool has_published() const noexcept { return !published_.empty(); }
  const std::string& published() const noexcept { return published_; }
  /// Why the code does not take this update now; nothing when it does. Between events, no turn is
  /// needed.
  std::optional<Error> refuses_update(std::string_view update, std::string_view input_json);
  /// Signals that nobody has read: [{"signal", "payload"}], for the next run. Nothing when there
  /// are none.
  std::optional<model::JsonText> carried_signals() const;
  /// Signals that nobody has read, oldest first.
  struct Unread {
    std::string signal;
    std::string payload;
  };
  const std::vector<Unread>& unread() const noexcept { return unread_; }
  /// Task calls in flight that a cancellation in this turn reached: their attempts are to be asked
  /// to stop.
  std::vector<std::uint32_t> take_stopped() { return std::exchange(stopped_, {}); }
  /// How it ended; nothing while it is open.
  const std::optional<model::Event>& closing() const noexcept { return closing_; }
  /// Why it cannot go on: code and history differ (DeterminismError), or a compensation failed for
  /// good.
  const std::optional<Error>& stuck() const noexcept { return stuck_; }
  bool done() const noexcept { return closing_.has_value() || stuck_.has_value(); }

  /// A saga's compensations have begun.
  bool compensated() const noexcept { return compensated_; }

  std::vector<Waiting> waiting() const;
  std::size_t unread_signals() const noexcept { return unread_.size(); }
  std::size_t unread_signal_bytes() const noexcept { return unread_bytes_; }
  std::uint32_t next_seq() const noexcept { return next_seq_; }
  std::size_t calls_pending() const noexcept { return pending_.size(); }

 private:
  struct Receiver {
    std::string signal;
    detail::ListenerFunction listener;  ///< empty for an expectation
    detail::SlotRef slot;
    std::optional<std::uint32_t> seq;
    Timestamp since{};
    std::source_location location;
    /// An expectation whose future was dropped: a signal given to it would be lost.
    bool abandoned() const { return !listener && slot.runtime()->sole_owner(slot.index()); }
  };
  /// A call that waits for its answer.
  struct Pending {
    enum class Kind : std::uint8_t { task, timer, child, signal_send, store_call };
    Kind kind = Kind::timer;
    detail::SlotRef slot;
    bool ends_with_start = false;  ///< a child that is started only
    bool cancelled = false;        ///< it delivers its outcome all the same
  };
  struct Condition {
    std::function<bool()> predicate;
    detail::SlotRef slot;
    std::optional<std::uint32_t> seq;
    Timestamp since{};
    std::source_location location;
  };
  struct NamedUpdateHandler {
    std::string update;
    // shared: a handler may dispose of itself while it runs.
    std::shared_ptr<detail::UpdateHandler> handler;
  };
  struct RunningUpdate {
    std::string id;
    detail::SlotRef slot;
    void (*encode)(const void* value, std::string& out);
    std::string update;
    Timestamp since{};
  };

  // calls.cpp, waiting.cpp: detail::Runtime
  detail::SlotRef call_task(detail::TaskCall call) override;
  detail::SlotRef call_workflow(detail::WorkflowCall call) override;
  detail::SlotRef start_timer(Timestamp due, std::source_location location) override;
  detail::SlotRef send_signal(detail::SignalSend send) override;
  detail::SlotRef emit_event(detail::EmitCall call) override;
  detail::SlotRef expect_signal(std::string_view signal, Duration timeout,
                                detail::DecodeFunction decode,
                                std::source_location location) override;
  std::uint64_t add_listener(std::string_view signal, detail::ListenerFunction function,
                             std::source_location location) override;
  void remove_listener(std::uint64_t id) noexcept override;
  detail::SlotRef wait_condition(std::function<bool()> predicate, Duration timeout,
                                 std::source_location location) override;
  detail::SlotRef wait_result(std::string_view execution_id, detail::DecodeFunction decode,
                              std::source_location location) override;
  detail::SlotRef act_on_execution(detail::ExecutionAct act) override;
  detail::SlotRef act_on_schedule(detail::ScheduleCall call) override;
  void defer_compensations(std::vector<std::function<detail::SlotRef()>> undo_in_order) override;
  detail::SlotRef continue_as_new(std::string input, std::source_location location) override;
  std::uint32_t version(std::string_view change, std::uint32_t min, std::uint32_t max,
                        std::source_location location) override;
  void deprecate_version(std::string_view change, std::source_location location) override;
  void publish(std::string view_json) override;
  std::uint64_t add_update_handler(std::string_view update, detail::UpdateHandler handler) override;
  detail::SlotRef cancel_execution(std::string execution_id,
                                   std::source_location location) override;
  detail::SlotRef call_entity(detail::EntityCall call) override;
  detail::SlotRef call_transaction(detail::TransactionCall call) override;
  Timestamp now() override { return now_; }
  std::uint64_t random_u64() override { return random_.next_u64(); }
  std::string make_id() override;
  std::string_view execution_id() const override { return identity_.execution_id; }
  std::uint32_t run() const override { return identity_.run; }
  void log(LogLevel level, std::string_view message) override;
  void block_until_settled(std::uint32_t slot) override;
  void cancel_call(std::uint32_t slot, std::source_location location) override;
  void unobserved_failure(const std::exception_ptr& error) noexcept override;
  void going_on() const noexcept override;

  /// Takes the next sequence number and records the call, or compares it with the history. False:
  /// discard mode began.
  bool record(model::Event call, std::source_location location,
              std::string (*normalise)(std::string_view));
  void differ(const model::Event* recorded, const model::Event* attempted,
              std::source_location location);
  detail::SlotRef pending_call(std::uint32_t seq, Pending::Kind kind, detail::DecodeFunction decode,
                               bool ends_with_start = false);
  void note_stopped();
  void require_room(std::size_t payload_bytes, std::string_view what);
  /// Throws what a value of the code that is too large is told.
  void require_fits(std::size_t bytes, std::string_view what) const;
  void count_payload(std::size_t bytes);
  bool answer(std::uint32_t seq, std::string json);
  bool answer(std::uint32_t seq, const Error& error);
  bool time_out_call(std::uint32_t seq);
  bool child_started(const model::ChildStarted& started);
  bool apply_now(const model::Event& event);
  void take_carried_signals(const std::optional<model::JsonText>& carried);
  const NamedUpdateHandler* find_update_handler(std::string_view update) const;
  void start_update(const model::UpdateReceived& update);
  void finish_updates();
  model::Event outcome_of(const RunningUpdate& update) const;
  const model::VersionMarked* recorded_mark(std::string_view change) const;
  bool unpark();
  void receive(const model::SignalReceived& signal);
  void call_listener(const detail::ListenerFunction& listener, std::string_view payload);
  bool deliver_listener_failure();
  void check_ending();
  void run_to_rest();
  bool check_conditions();
  bool advance_compensations();
  void check_root();

  const detail::Declarations& declarations_;
  const detail::WorkflowDefinition& definition_;
  Identity identity_;
  LogSink log_;
  base::Random random_;

  Watch* watch_ = nullptr;
  Timestamp now_{};
  bool replaying_ = false;
  std::span<const model::Event> expected_;
  std::size_t expected_next_ = 0;
  std::vector<model::Event> calls_;
  std::vector<std::uint32_t> answered_;
  std::vector<std::uint32_t> stopped_;
  std::uint32_t next_seq_ = 0;
  std::optional<std::size_t> payload_bytes_max_;  // of its start: replay knows no other limit
  std::size_t turn_bytes_ = 0;                    // inputs of the turn's calls

  detail::SlotRef root_;
  std::unordered_map<std::uint32_t, Pending> pending_;
  std::map<std::uint64_t, Receiver> receivers_;  // in order of registration
  std::uint64_t next_receiver_ = 0;
  std::vector<Unread> unread_;
  std::size_t unread_bytes_ = 0;                                 // of their payloads
  std::map<std::uint64_t, NamedUpdateHandler> update_handlers_;  // in order of registration
  std::vector<RunningUpdate> updates_running_;
  std::map<std::string, std::optional<std::uint32_t>, std::less<>>
      versions_;  // by change; nothing: the history passed the point without a mark
  std::string published_;
  bool published_new_ = false;
  std::vector<Condition> conditions_;
  std::vector<std::function<detail::SlotRef()>> compensations_;
  std::function<detail::SlotRef()> compensation_running_;
  detail::SlotRef compensation_slot_;
  static constexpr std::uint64_t k_no_listener = ~std::uint64_t{0};
  std::uint64_t running_listener_ = k_no_listener;
  bool remove_running_listener_ = false;
  std::exception_ptr listener_failure_;
  bool listener_failure_delivered_ = false;
  bool compensated_ = false;
  bool cancel_requested_ = false;
  std::vector<model::Event> held_;  // behind a failed compensation
  std::optional<model::Event> closing_;
  bool ended_ = false;                            // from outside: what comes behind is not applied
  bool closed_before_ = false;                    // the turn that is replayed
  std::optional<model::Event> recorded_closing_;  // of the turn that is replayed
  std::optional<Error> stuck_;
};

}  // namespace eventual::workflow
