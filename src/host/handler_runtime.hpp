// What the operations do in a handler: calls go to the engine, waiting blocks the thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/limits.hpp"
#include "base/payload_limit.hpp"
#include "engine/engine.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/detail/runtime.hpp"
#include "host/awake_clock.hpp"
#include "host/compensation.hpp"
#include "ports/operations.hpp"
#include "ports/outside_calls.hpp"

namespace eventual::host {

class Endpoint;

/// Time and waiting that are not the system's: tests run handlers on a clock of their own, one at a
/// time.
class HandlerTime {
 public:
  virtual ~HandlerTime() = default;
  virtual Timestamp now() = 0;
  /// Returns when `arrived` holds or `due` (nothing: never) has come. Throws Unavailable when
  /// neither will be.
  virtual void wait(std::optional<Timestamp> due, const std::function<bool()>& arrived) = 0;
  virtual std::uint64_t random_u64() = 0;
};

/// What a handler stands on. All of it must outlive the handler.
struct HandlerHost {
  ports::Operations& operations;
  const detail::Declarations& declarations;
  Compensation* compensation = nullptr;  ///< null: waiting keeps the thread's slot
  engine::LogSink log;
  HandlerTime* time = nullptr;  ///< null: the system's
  AwakeClock* clock = nullptr;  ///< what waiting counts by; null: only where there is a `time`
  std::size_t payload_bytes_max = base::k_payload_limit_default;

  /// Throws PayloadTooLarge.
  void require_fits(std::size_t bytes, std::string_view what) const {
    if (bytes > payload_bytes_max) throw base::payload_too_large(what, bytes, payload_bytes_max);
  }
};

/// The task attempt that a handler answers.
struct AttemptScope {
  std::string_view execution_id;
  std::uint32_t run = 0;
  std::string_view idempotency_key;
  std::vector<engine::OutgoingSignal>
      signals;                             ///< sent by the handler; they leave with its success
  std::vector<model::StoredEvent> events;  ///< emitted by it, likewise
  std::uint32_t emitted = 0;               ///< with them, those emitted at once
  std::uint32_t outside_keys = 0;          ///< given to calls of other services
};

/// Runs one handler on the calling thread. Cheap to make: nothing is allocated until an operation
/// is used. Coroutines that have not ended when the handler returns are destroyed. Public base: a
/// dynamic_cast from a private one fails, and clang 19 takes it for unreachable.
class HandlerRuntime final : public detail::Runtime, public ports::OutsideCalls {
 public:
  /// `attempt` is null for a command.
  HandlerRuntime(const HandlerHost& host, AttemptScope* attempt) : host_(host), attempt_(attempt) {}
  ~HandlerRuntime() override;

  /// Throws what the handler throws.
  std::string run(const detail::HandlerFunction& handler, std::string_view input_json,
                  detail::HandlerScope& scope);

  /// Runs middleware and handler of a command or route.
  http::Response run(const Endpoint& endpoint, detail::HandlerScope& scope);

  /// The attempt whose handler this thread runs, or null.
  static const AttemptScope* current_attempt() noexcept;

  /// On a clock of its own it waits here, and no time passes: nobody else can tell when an answer
  /// comes.
  detail::SlotRef call_outside(detail::DecodeFunction decode,
                               const std::function<void(Complete)>& begin) override;
  std::optional<std::string> next_outside_key() override;

 private:
  class Completions;
  using WaitTime = std::chrono::nanoseconds;  ///< on a clock that only goes forward

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
  void remove_listener(std::uint64_t) noexcept override {}
  detail::SlotRef wait_condition(std::function<bool()> predicate, Duration timeout,
                                 std::source_location location) override;
  detail::SlotRef wait_result(std::string_view execution_id, detail::DecodeFunction decode,
                              std::source_location location) override;
  detail::SlotRef act_on_execution(detail::ExecutionAct act) override;
  detail::SlotRef act_on_schedule(detail::ScheduleCall call) override;
  void defer_compensations(std::vector<std::function<detail::SlotRef()>> undo_in_order) override;
  detail::SlotRef cancel_execution(std::string execution_id,
                                   std::source_location location) override;
  detail::SlotRef ask_update(detail::UpdateAsk ask) override;
  detail::SlotRef ask_query(detail::QueryAsk ask) override;
  detail::SlotRef tell_attempt(detail::AttemptNews news) override;
  detail::SlotRef call_entity(detail::EntityCall call) override;
  detail::SlotRef call_transaction(detail::TransactionCall call) override;
  void cancel_call(std::uint32_t slot, std::source_location location) override;
  Timestamp now() override;
  std::uint64_t random_u64() override;
  std::string make_id() override;
  std::string_view execution_id() const override;
  std::uint32_t run() const override;
  void log(LogLevel level, std::string_view message) override;
  void block_until_settled(std::uint32_t slot) override;
  void wait_outside(const std::function<void()>& call) override;
  void unobserved_failure(const std::exception_ptr& error) noexcept override;

  detail::SlotRef failed_now(const Error& error, detail::DecodeFunction decode = nullptr);
  /// A future that completes from another thread under `id`.
  detail::SlotRef pending(detail::DecodeFunction decode, std::uint64_t& id);
  detail::SlotRef settled_now();
  WaitTime wait_time() const;
  bool take_completions();
  bool fire_timers();
  void wait();

  const HandlerHost& host_;
  AttemptScope* attempt_;
  std::shared_ptr<Completions>
      completions_;  // shared: answers may come after the handler has ended
  std::unordered_map<std::uint64_t, detail::SlotRef> pending_;
  std::unordered_map<std::uint64_t, detail::QueryAsk>
      queries_;  // answered from the view that comes
  std::uint64_t next_pending_ = 0;
  std::multimap<WaitTime, detail::SlotRef> timers_;
};

}  // namespace eventual::host
