// The table of futures and the ready queue that every coroutine of one execution, or of one
// handler, runs on. Internal: user code meets it through Future.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/time.hpp"

namespace eventual {
struct TaskOptions;
struct CallOptions;
enum class ParentClose : std::uint8_t;
enum class LogLevel : std::uint8_t;
}  // namespace eventual

namespace eventual::detail {

class Runtime;
struct EntityCall;
struct TransactionCall;

/// Decodes JSON text into the object of a call's result type. Throws InvalidInput.
using DecodeFunction = void (*)(std::string_view json, void* object);

/// A counted handle into a runtime's table of futures. Copies share the slot. One thread.
class SlotRef {
 public:
  SlotRef() = default;
  SlotRef(Runtime* runtime, std::uint32_t index) noexcept
      : runtime_(runtime), index_(index) {}  // adopts one count
  SlotRef(const SlotRef& other) noexcept;
  SlotRef(SlotRef&& other) noexcept : runtime_(other.runtime_), index_(other.index_) {
    other.runtime_ = nullptr;
  }
  SlotRef& operator=(SlotRef other) noexcept {
    std::swap(runtime_, other.runtime_);
    std::swap(index_, other.index_);
    return *this;
  }
  ~SlotRef();

  bool valid() const noexcept { return runtime_ != nullptr; }
  Runtime* runtime() const noexcept { return runtime_; }
  std::uint32_t index() const noexcept { return index_; }

 private:
  Runtime* runtime_ = nullptr;
  std::uint32_t index_ = 0;
};

enum class WaitMode : std::uint8_t {
  all,      ///< every future succeeded, or the first that failed
  any,      ///< the first that succeeded, or all failed
  race,     ///< the first that settled
  settled,  ///< all settled
};

struct WaitGroup;

/// One place in a slot's list of waiters. Lives in the frame that waits.
struct Waiter {
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  WaitGroup* group = nullptr;
  std::uint32_t slot = 0;
  std::uint32_t position = 0;
  bool linked = false;

  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();
};

/// What one suspended coroutine waits for. Lives in its frame; unlinks itself when destroyed.
struct WaitGroup {
  static constexpr std::uint32_t k_undecided = 0xffffffffU;

  Runtime* runtime = nullptr;
  std::coroutine_handle<> handle;
  std::uint32_t frame_slot = k_undecided;  ///< the future of the coroutine that waits
  WaitGroup* previous = nullptr;
  WaitGroup* next = nullptr;
  WaitMode mode = WaitMode::all;
  bool linked = false;
  bool fired = false;
  bool cancelled = false;
  bool cancel_waits = false;  ///< it waits for a call that delivers its outcome even when cancelled
  std::uint32_t total = 0;
  std::uint32_t settled_count = 0;
  std::uint32_t failed_count = 0;
  std::uint32_t decided = k_undecided;

  WaitGroup() = default;
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;
  ~WaitGroup();
};

/// What a task call asks for.
struct TaskCall {
  std::string_view task;
  std::string input;
  const CallOptions* options = nullptr;
  DecodeFunction decode = nullptr;
  /// Reads a recorded input and writes it as today's code would, so that an absent member equals
  /// its default.
  std::string (*normalise)(std::string_view json) = nullptr;
  std::source_location location;
};

struct WorkflowCall {
  std::string_view workflow;
  std::string input;
  std::string name;  ///< empty: made by the engine
  Duration timeout = k_forever;
  bool has_timeout = false;
  bool wait_for_result = true;  ///< false: complete when it was started
  ParentClose on_parent_close{};
  DecodeFunction decode = nullptr;
  std::string (*normalise)(std::string_view json) = nullptr;
  std::source_location location;
  std::string* execution_id = nullptr;  ///< workflows: told which execution it will be
  /// Handlers: sent in the same turn; an execution that exists is sent it whatever its input.
  /// Empty: none.
  std::string_view signal;
  std::string signal_payload;
  std::string signal_id;
};

struct SignalSend {
  std::string_view signal;
  std::string execution_id;
  std::string payload;
  std::string message_id;
  bool immediate = false;
  std::string (*normalise)(std::string_view json) = nullptr;
  std::source_location location;
};

struct EmitCall {
  std::string_view event;
  std::string payload;
  std::string id;
  std::string key;
  bool immediate = false;
  std::string (*normalise)(std::string_view json) = nullptr;
  std::source_location location = {};
};

/// What an operator may ask of an execution.
struct ExecutionAct {
  enum class Kind : std::uint8_t { pause, resume, retry, fork };
  Kind kind = Kind::pause;
  std::string execution_id;
  std::uint32_t run = 0;
  std::string text{};  ///< the reason, the new name
  std::uint32_t seq = 0;
  DecodeFunction decode = nullptr;
};

struct ScheduleCall {
  enum class Kind : std::uint8_t { pause, resume, trigger, backfill };
  Kind kind = Kind::pause;
  std::string_view schedule;
  std::string reason{};
  Timestamp from{};
  Timestamp to{};
  DecodeFunction decode = nullptr;
};

/// What answers an update, and what looks at it first. `validate` may be empty.
struct UpdateHandler {
  std::function<SlotRef(std::string_view input_json)> run;
  std::function<void(std::string_view input_json)>
      validate;  ///< throws to refuse; no operation works in it
  void (*encode)(const void* value, std::string& out) = nullptr;
};

struct UpdateAsk {
  std::string_view update;
  std::string execution_id;
  std::string input;
  std::string update_id;
  DecodeFunction decode = nullptr;
};

struct QueryAsk {
  std::string_view query;
  std::string execution_id;
  std::uint32_t run = 0;
  std::string input;
  DecodeFunction decode = nullptr;
};

/// What is told about a task's attempt by its token, from anywhere.
struct AttemptNews {
  enum class Kind : std::uint8_t { success, failure, heartbeat };
  Kind kind = Kind::success;
  std::string token;
  std::string json = "null";  ///< the result, or the details of a heartbeat
  Error error = {};           ///< of a failure
  DecodeFunction decode = nullptr;
};

using ListenerFunction = std::function<void(std::string_view payload_json)>;

class Runtime {
 public:
  Runtime();
  virtual ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// The runtime whose code this thread is running, or null.
  static Runtime* current() noexcept;
  /// The same; throws NotAllowed, naming `operation`, where there is none.
  static Runtime& require(std::string_view operation);

  // --- operations that user code asks for. Each returns a future's slot; a refusal is a thrown
  // Error. ---
  virtual SlotRef call_task(TaskCall call) = 0;
  virtual SlotRef call_workflow(WorkflowCall call) = 0;
  virtual SlotRef start_timer(Timestamp due, std::source_location location) = 0;
  virtual SlotRef send_signal(SignalSend send) = 0;
  virtual SlotRef expect_signal(std::string_view signal, Duration timeout, DecodeFunction decode,
                                std::source_location location) = 0;
  virtual std::uint64_t add_listener(std::string_view signal, ListenerFunction function,
                                     std::source_location location) = 0;
  virtual void remove_listener(std::uint64_t id) noexcept = 0;
  virtual SlotRef wait_condition(std::function<bool()> predicate, Duration timeout,
                                 std::source_location location) = 0;
  virtual SlotRef wait_result(std::string_view execution_id, DecodeFunction decode,
                              std::source_location location) = 0;
  virtual SlotRef act_on_execution(ExecutionAct act) = 0;
  virtual SlotRef act_on_schedule(ScheduleCall call) = 0;
  virtual void defer_compensations(std::vector<std::function<SlotRef()>> undo_in_order) = 0;
  /// Throws NotAllowed where events cannot be emitted.
  virtual SlotRef emit_event(EmitCall call);
  /// Each throws NotAllowed where it does not work: the first six are for workflows, the last two
  /// for handlers.
  virtual SlotRef continue_as_new(std::string input, std::source_location location);
  virtual std::uint32_t version(std::string_view change, std::uint32_t min, std::uint32_t max,
                                std::source_location location);
  virtual void deprecate_version(std::string_view change, std::source_location location);
  virtual void publish(std::string view_json);
  virtual std::uint64_t add_update_handler(std::string_view update, UpdateHandler handler);
  virtual SlotRef cancel_execution(std::string execution_id, std::source_location location);
  virtual SlotRef ask_update(UpdateAsk ask);
  virtual SlotRef ask_query(QueryAsk ask);
  /// Handlers only: throws NotAllowed elsewhere.
  virtual SlotRef tell_attempt(AttemptNews news);
  virtual SlotRef call_entity(EntityCall call);
  virtual SlotRef call_transaction(TransactionCall call);
  virtual Timestamp now() = 0;
  virtual std::uint64_t random_u64() = 0;
  virtual std::string make_id() = 0;
  virtual std::string_view execution_id() const = 0;
  virtual std::uint32_t run() const = 0;
  virtual void log(LogLevel level, std::string_view message) = 0;
  /// Blocks until the slot is settled. Throws NotAllowed where waiting must be a co_await.
  virtual void block_until_settled(std::uint32_t slot) = 0;
  /// Makes a call that waits for something outside, such as another server's answer. A handler's
  /// thread gives its slot to others meanwhile; LimitExceeded when too many wait already.
  virtual void wait_outside(const std::function<void()>& call);

  // --- futures ---
  SlotRef make_slot(DecodeFunction decode = nullptr);
  void retain(std::uint32_t slot) noexcept;
  void release(std::uint32_t slot) noexcept;
  bool settled(std::uint32_t slot) const noexcept;
  bool failed(std::uint32_t slot) const noexcept;
  /// The failure; null unless failed().
  const std::exception_ptr& error(std::uint32_t slot) const noexcept;
  /// The result as the coroutine left it, or null where it is JSON text.
  void* typed_value(std::uint32_t slot) const noexcept;
  std::string_view json_value(std::uint32_t slot) const noexcept;
  DecodeFunction decoder(std::uint32_t slot) const noexcept;
  bool sole_owner(std::uint32_t slot) const noexcept;

  /// Cancelling the execution does not interrupt who awaits this one.
  void set_cancel_waits(std::uint32_t slot) noexcept;
  /// Nor does it reach what this one stands for: the coroutine, what that waits for and what it
  /// made.
  void set_shielded(std::uint32_t slot) noexcept;
  /// Cancels one future that is not settled: a call fails with Cancelled, a coroutine's pending
  /// await throws it, and what that waited for is cancelled too. Stops at shields; a call that
  /// delivers its outcome first does so.
  void cancel(std::uint32_t slot, std::source_location location);
  void settle_json(std::uint32_t slot, std::string json);
  void settle_error(std::uint32_t slot, std::exception_ptr error);
  /// A settled future that holds a value made in place; `destroy` ends it with the slot.
  SlotRef make_settled(void* value, void (*destroy)(void*));

  // --- coroutines ---
  /// A slot for a new coroutine; the slot keeps its frame until nobody needs the result.
  SlotRef adopt(std::coroutine_handle<> frame);
  void start(std::coroutine_handle<> frame, std::uint32_t slot);
  void finish(std::uint32_t slot, void* value, std::exception_ptr error) noexcept;

  // --- waiting ---
  void arm(WaitGroup& group, std::coroutine_handle<> handle, std::uint32_t total);
  void wait_on(WaitGroup& group, Waiter& waiter, const SlotRef& slot, std::uint32_t position);
  void unlink(WaitGroup& group) noexcept;
  void unlink(Waiter& waiter) noexcept;
  /// True once, when a cancellation has arrived that the coroutine now running has not been told of
  /// yet.
  bool take_cancellation() noexcept;
  /// Whether an exception is on its way through the coroutine now running.
  bool unwinding() const noexcept;

  bool discarding() const noexcept { return discarding_; }

 protected:
  /// Makes this the current runtime of the thread for its lifetime.
  class Enter {
   public:
    explicit Enter(Runtime& runtime) noexcept;
    ~Enter();
    Enter(const Enter&) = delete;
    Enter& operator=(const Enter&) = delete;

   private:
    Runtime* outer_;
  };

  /// Resumes what is ready, first in, first out, until nothing is. Throws nothing.
  void drain();
  bool has_ready() const noexcept { return ready_head_ < ready_.size(); }
  /// From now on operations record nothing, futures never complete and frames may be destroyed.
  void begin_discard() noexcept { discarding_ = true; }
  /// Destroys all frames, newest first. Requires begin_discard().
  void destroy_frames() noexcept;
  /// Wakes every suspended await with Cancelled. Those that wait for a call that delivers its
  /// outcome first, directly or through other coroutines, go on waiting: the next await after it
  /// throws instead.
  void deliver_cancellation();
  /// Cancels a pending future that is no coroutine's.
  virtual void cancel_call(std::uint32_t slot, std::source_location location) = 0;
  /// The number of the call that this future stands for; k_no_call where there is none.
  static constexpr std::uint32_t k_no_call = 0xffffffffU;
  void set_call(std::uint32_t slot, std::uint32_t seq) noexcept;
  std::uint32_t call_of(std::uint32_t slot) const noexcept;
  bool cancel_waits(std::uint32_t slot) const noexcept;
  /// For each slot whether a shield protects it.
  std::vector<bool> shielded_slots() const;
  /// A call or a coroutine failed, and nobody awaits it or will.
  virtual void unobserved_failure(const std::exception_ptr& error) noexcept = 0;
  /// A coroutine, which is on the stack, goes on with the outcome of what it awaited. Told only
  /// while watched.
  virtual void going_on() const noexcept;
  void set_watched(bool watched) noexcept { watched_ = watched; }

 private:
  struct Slot;
  void notify(Slot& slot, bool is_failure);
  void count(WaitGroup& group, std::uint32_t position, bool is_failure);
  void free_slot(std::uint32_t index) noexcept;
  void resume(std::coroutine_handle<> frame, std::uint32_t slot);
  void make_ready(const WaitGroup& group) { ready_.push_back({group.handle, group.frame_slot}); }
  void hold_back_cancellation(std::uint32_t slot, std::uint32_t chain,
                              const std::vector<bool>* within);
  void wake_cancelled(const std::vector<bool>& frames);

  std::vector<Slot> slots_;
  std::uint32_t free_head_ = WaitGroup::k_undecided;
  struct Ready {
    std::coroutine_handle<> frame;
    std::uint32_t slot;
  };
  std::vector<Ready> ready_;
  std::size_t ready_head_ = 0;
  std::vector<std::uint32_t>
      finished_;  // coroutines at their end, whose own count is still to be given back
  std::vector<std::uint32_t>
      dying_;  // slots that nobody counts any more: a list, for they may hang in long chains
  bool reaping_ = false;
  void* running_ = nullptr;  // the frame now running
  std::uint32_t running_slot_ = WaitGroup::k_undecided;
  std::uint64_t running_order_ = 0;
  int exceptions_before_ = 0;  // on their way when the frame now running was resumed
  struct Owed {
    void* frame;
    std::uint32_t chain;  // frames that wait for one another: one of them is told
  };
  std::vector<Owed> owed_;  // frames whose next await throws Cancelled
  std::uint64_t frames_made_ = 0;
  WaitGroup* groups_ = nullptr;
  bool discarding_ = false;
  bool watched_ = false;
};

inline SlotRef::SlotRef(const SlotRef& other) noexcept
    : runtime_(other.runtime_), index_(other.index_) {
  if (runtime_ != nullptr) runtime_->retain(index_);
}
inline SlotRef::~SlotRef() {
  if (runtime_ != nullptr) runtime_->release(index_);
}

}  // namespace eventual::detail
