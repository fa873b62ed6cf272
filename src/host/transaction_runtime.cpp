#include "host/transaction_runtime.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "base/unique_id.hpp"
#include "host/random.hpp"

namespace eventual::host {

using detail::SlotRef;

namespace {

std::exception_ptr to_exception(Error error) {
  try {
    throw_error(std::move(error));
  } catch (...) {
    return std::current_exception();
  }
}

[[noreturn]] void not_in_transaction(std::string_view what) {
  throw Error(std::string(error_names::k_not_allowed),
              std::string(what) +
                  " does not work in a transaction: it reads and writes entities, emits events and "
                  "sends signals");
}

}  // namespace

TransactionRuntime::~TransactionRuntime() {
  begin_discard();
  destroy_frames();
}

std::string TransactionRuntime::run(const detail::HandlerFunction& handler,
                                    std::string_view input_json, detail::HandlerScope& scope) {
  Enter entered(*this);
  return handler(input_json, scope);
}

SlotRef TransactionRuntime::call_entity(detail::EntityCall call) {
  SlotRef slot = make_slot(call.decode);
  if (discarding()) return slot;
  Result<std::string> result = transaction_.perform(call.request, call.item);
  if (result) {
    settle_json(slot.index(), std::move(*result));
  } else {
    if (result.error().name() == error_names::k_unavailable) store_failure_ = result.error();
    settle_error(slot.index(), to_exception(result.error()));
  }
  return slot;
}

SlotRef TransactionRuntime::send_signal(detail::SignalSend send) {
  SlotRef slot = make_slot();
  if (discarding()) return slot;
  const Result<ports::ExecutionRef> execution = ports::parse_execution_id(send.execution_id);
  if (!execution) {
    settle_error(slot.index(), to_exception(execution.error()));
  } else if (host_.declarations.find_signal(send.signal) == nullptr) {
    settle_error(slot.index(),
                 to_exception(Error(std::string(error_names::k_not_found),
                                    "signal " + std::string(send.signal) + " is not declared")));
  } else if (send.immediate) {
    settle_error(slot.index(),
                 to_exception(Error(std::string(error_names::k_not_allowed),
                                    "a transaction's signals leave when it is committed")));
  } else {
    signals_.push_back({std::move(send.execution_id), std::string(send.signal),
                        std::move(send.payload), std::move(send.message_id)});
    settle_json(slot.index(), "null");
  }
  return slot;
}

SlotRef TransactionRuntime::emit_event(detail::EmitCall call) {
  SlotRef slot = make_slot();
  if (discarding()) return slot;
  try {
    host_.require_fits(call.payload.size(), "the payload of event " + std::string(call.event));
    std::string payload = detail::checked_event(host_.declarations, call);
    if (call.immediate) {
      throw Error(std::string(error_names::k_not_allowed),
                  "a transaction's events leave when it is committed");
    }
    if (events_.size() >= base::k_events_per_request_max) {
      throw Error(std::string(error_names::k_limit_exceeded),
                  "a transaction emits at most " + std::to_string(base::k_events_per_request_max) +
                      " events");
    }
    model::StoredEvent event;
    event.name = call.event;
    event.id = std::move(call.id);
    event.key = std::move(call.key);
    event.payload.text = std::move(payload);
    events_.push_back(std::move(event));
    settle_json(slot.index(), "null");
  } catch (...) {
    settle_error(slot.index(), std::current_exception());
  }
  return slot;
}

SlotRef TransactionRuntime::call_transaction(detail::TransactionCall) {
  not_in_transaction("calling another transaction");
}
SlotRef TransactionRuntime::call_task(detail::TaskCall) { not_in_transaction("calling a task"); }
SlotRef TransactionRuntime::call_workflow(detail::WorkflowCall) {
  not_in_transaction("starting a workflow");
}
SlotRef TransactionRuntime::start_timer(Timestamp, std::source_location) {
  not_in_transaction("sleeping");
}
SlotRef TransactionRuntime::expect_signal(std::string_view, Duration, detail::DecodeFunction,
                                          std::source_location) {
  not_in_transaction("expecting a signal");
}
std::uint64_t TransactionRuntime::add_listener(std::string_view, detail::ListenerFunction,
                                               std::source_location) {
  not_in_transaction("listening to a signal");
}
SlotRef TransactionRuntime::wait_condition(std::function<bool()>, Duration, std::source_location) {
  not_in_transaction("a condition");
}
SlotRef TransactionRuntime::wait_result(std::string_view, detail::DecodeFunction,
                                        std::source_location) {
  not_in_transaction("waiting for an execution");
}
SlotRef TransactionRuntime::act_on_execution(detail::ExecutionAct) {
  not_in_transaction("acting on an execution");
}
SlotRef TransactionRuntime::act_on_schedule(detail::ScheduleCall) {
  not_in_transaction("acting on a schedule");
}

void TransactionRuntime::defer_compensations(std::vector<std::function<SlotRef()>>) {
  // Called from a destructor: an exception would end the process.
  log(LogLevel::error, "a saga works only in a workflow: its compensations were dropped");
}

Timestamp TransactionRuntime::now() {
  if (host_.time != nullptr) return host_.time->now();
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::uint64_t TransactionRuntime::random_u64() {
  return host_.time == nullptr ? system_random_u64() : host_.time->random_u64();
}

std::string TransactionRuntime::make_id() {
  base::Random random(random_u64());
  return base::unique_id(now(), random);
}

void TransactionRuntime::log(LogLevel level, std::string_view message) {
  if (!discarding() && host_.log) host_.log(level, {}, message);
}

void TransactionRuntime::block_until_settled(std::uint32_t slot) {
  drain();
  if (settled(slot)) return;
  throw Error(std::string(error_names::k_not_allowed),
              "get() would wait for ever: nothing that it depends on is under way");
}

void TransactionRuntime::unobserved_failure(const std::exception_ptr& error) noexcept {
  const Error failure = describe(error);
  log(LogLevel::warn, "an operation of a transaction that nobody looked at failed: " +
                          failure.name() + ": " + failure.message());
}

}  // namespace eventual::host
