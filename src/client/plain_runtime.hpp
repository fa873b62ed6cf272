// Futures of a thread that is no service's: they wait for what happens outside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "eventual/detail/runtime.hpp"
#include "ports/outside_calls.hpp"

namespace eventual::client {

/// One for each thread that needs it, until the thread ends. Everything but calls to the outside
/// throws NotAllowed.
class PlainRuntime final : public detail::Runtime, public ports::OutsideCalls {
 public:
  static PlainRuntime& of_this_thread();

  PlainRuntime();
  ~PlainRuntime() override;

  detail::SlotRef call_outside(detail::DecodeFunction decode,
                               const std::function<void(Complete)>& begin) override;
  std::optional<std::string> next_outside_key() override { return std::nullopt; }

 private:
  class Completions;

  detail::SlotRef call_task(detail::TaskCall call) override;
  detail::SlotRef call_workflow(detail::WorkflowCall call) override;
  detail::SlotRef start_timer(Timestamp due, std::source_location location) override;
  detail::SlotRef send_signal(detail::SignalSend send) override;
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
  void defer_compensations(std::vector<std::function<detail::SlotRef()>>) override {}
  void cancel_call(std::uint32_t slot, std::source_location location) override;
  Timestamp now() override;
  std::uint64_t random_u64() override;
  std::string make_id() override;
  std::string_view execution_id() const override { return {}; }
  std::uint32_t run() const override { return 0; }
  void log(LogLevel, std::string_view) override {}
  void block_until_settled(std::uint32_t slot) override;
  void unobserved_failure(const std::exception_ptr&) noexcept override {}

  // shared: answers may come after the thread has ended
  std::shared_ptr<Completions> completions_;
  std::unordered_map<std::uint64_t, detail::SlotRef> pending_;
  std::uint64_t next_pending_ = 0;
};

}  // namespace eventual::client
