// What the operations do in a transaction's handler: entities are read and written within it,
// events and signals leave with its commit, everything else is refused.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/entity_transaction.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/detail/runtime.hpp"
#include "host/handler_runtime.hpp"
#include "model/events.hpp"

namespace eventual::host {

/// Runs one attempt of a transaction's handler on the calling thread, to its end. Public base: a
/// dynamic_cast from a private one fails, and clang 19 takes it for unreachable.
class TransactionRuntime final : public detail::Runtime {
 public:
  /// All must outlive it.
  TransactionRuntime(const HandlerHost& host, engine::EntityTransaction& transaction)
      : host_(host), transaction_(transaction) {}
  ~TransactionRuntime() override;

  /// Throws what the handler throws.
  std::string run(const detail::HandlerFunction& handler, std::string_view input_json,
                  detail::HandlerScope& scope);

  std::vector<engine::OutgoingSignal> take_signals() { return std::move(signals_); }
  /// Without their rows.
  std::vector<model::StoredEvent> take_events() { return std::move(events_); }
  /// A read failed as the store does: what the handler made of it does not count.
  const std::optional<Error>& store_failure() const noexcept { return store_failure_; }

 private:
  detail::SlotRef call_entity(detail::EntityCall call) override;
  detail::SlotRef call_transaction(detail::TransactionCall call) override;
  detail::SlotRef send_signal(detail::SignalSend send) override;
  detail::SlotRef emit_event(detail::EmitCall call) override;

  detail::SlotRef call_task(detail::TaskCall call) override;
  detail::SlotRef call_workflow(detail::WorkflowCall call) override;
  detail::SlotRef start_timer(Timestamp due, std::source_location location) override;
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
  void cancel_call(std::uint32_t, std::source_location) override {}
  Timestamp now() override;
  std::uint64_t random_u64() override;
  std::string make_id() override;
  std::string_view execution_id() const override { return {}; }
  std::uint32_t run() const override { return 0; }
  void log(LogLevel level, std::string_view message) override;
  void block_until_settled(std::uint32_t slot) override;
  void unobserved_failure(const std::exception_ptr& error) noexcept override;

  const HandlerHost& host_;
  engine::EntityTransaction& transaction_;
  std::vector<engine::OutgoingSignal> signals_;
  std::vector<model::StoredEvent> events_;
  std::optional<Error> store_failure_;
};

}  // namespace eventual::host
