// The calls that leave a record and wait for an answer: tasks, children, timers, signals to others.
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "base/payload_limit.hpp"
#include "eventual/json.hpp"
#include "eventual/options.hpp"
#include "workflow/errors.hpp"
#include "workflow/executor.hpp"

namespace eventual::workflow {

using detail::SlotRef;

namespace {

/// Of runs that began before the setting existed.
constexpr std::size_t k_payload_bytes_before_setting = 4 << 20;

}  // namespace

SlotRef Executor::pending_call(std::uint32_t seq, Pending::Kind kind, detail::DecodeFunction decode,
                               bool ends_with_start) {
  SlotRef slot = make_slot(decode);
  set_call(slot.index(), seq);
  pending_.emplace(seq, Pending{kind, slot, ends_with_start});
  return slot;
}

/// The task calls that a cancellation of the execution reaches: all but those under a shield.
void Executor::note_stopped() {
  const std::vector<bool> shielded = shielded_slots();
  for (const auto& [seq, pending] : pending_) {
    if (pending.kind == Pending::Kind::task && !shielded[pending.slot.index()])
      stopped_.push_back(seq);
  }
}

void Executor::cancel_call(std::uint32_t slot, std::source_location location) {
  const auto give_up = [this](const SlotRef& given_up) {
    settle_error(given_up.index(), to_exception(Cancelled("the call was cancelled")));
  };
  if (const auto call = pending_.find(call_of(slot));
      call != pending_.end() && call->second.slot.index() == slot) {
    const std::uint32_t seq = call->first;
    Pending& pending = call->second;
    if (pending.kind == Pending::Kind::signal_send || pending.kind == Pending::Kind::store_call ||
        pending.cancelled) {
      return;  // it delivers its outcome, soon
    }
    const bool waits = pending.kind == Pending::Kind::task && cancel_waits(slot);
    model::CallCancelled cancelled{next_seq_++, seq, waits};
    if (!record(cancelled, location, nullptr)) return;
    pending.cancelled = true;
    if (waits) return;
    const SlotRef given_up = std::move(pending.slot);
    pending_.erase(call);
    give_up(given_up);
    return;
  }
  for (auto condition = conditions_.begin(); condition != conditions_.end(); ++condition) {
    if (condition->slot.index() != slot) continue;
    if (condition->seq) answered_.push_back(*condition->seq);
    const Condition ended = std::move(*condition);
    conditions_.erase(condition);
    return give_up(ended.slot);
  }
  for (auto& [id, receiver] : receivers_) {
    if (receiver.listener || receiver.slot.index() != slot) continue;
    if (receiver.seq) answered_.push_back(*receiver.seq);
    const SlotRef given_up = std::move(receiver.slot);
    receivers_.erase(id);
    return give_up(given_up);
  }
}

void Executor::require_fits(std::size_t bytes, std::string_view what) const {
  if (bytes <= payload_bytes_max_.value_or(k_payload_bytes_before_setting)) return;
  if (payload_bytes_max_) throw base::payload_too_large(what, bytes, *payload_bytes_max_);
  // As its history has it: code may have acted on every word of it.
  throw limit_exceeded(std::string(what) + " has " + std::to_string(bytes) + " bytes, more than " +
                       std::to_string(k_payload_bytes_before_setting));
}

/// What one turn calls for is one write.
void Executor::count_payload(std::size_t bytes) {
  if (payload_bytes_max_ && turn_bytes_ + bytes > base::k_turn_bytes_max) {
    throw limit_exceeded("the inputs of the calls that the code makes at once have more than " +
                         std::to_string(base::k_turn_bytes_max) +
                         " bytes: await some before making the others");
  }
  turn_bytes_ += bytes;
}

void Executor::require_room(std::size_t payload_bytes, std::string_view what) {
  if (payload_bytes > payload_bytes_max_.value_or(k_payload_bytes_before_setting))
    require_fits(payload_bytes, "the input of " + std::string(what));
  if (pending_.size() + receivers_.size() + conditions_.size() + update_handlers_.size() +
          updates_running_.size() >=
      base::k_pending_calls_max) {
    throw limit_exceeded("more than " + std::to_string(base::k_pending_calls_max) +
                         " calls, conditions and listeners are pending");
  }
  count_payload(payload_bytes);
}

SlotRef Executor::call_task(detail::TaskCall call) {
  if (discarding()) return make_slot(call.decode);
  require_room(call.input.size(), call.task);
  const std::uint32_t seq = next_seq_++;
  model::TaskScheduled scheduled;
  scheduled.seq = seq;
  scheduled.task = call.task;
  scheduled.input.text = std::move(call.input);
  scheduled.timeout = call.options->timeout;
  scheduled.deadline = call.options->deadline;
  scheduled.retry = call.options->retry;
  scheduled.on_cancel = call.options->on_cancel;
  scheduled.delivery = call.options->delivery;
  scheduled.heartbeat_timeout = call.options->heartbeat_timeout;
  scheduled.limit_key = call.options->limit_key;
  if (!record(std::move(scheduled), call.location, call.normalise)) return make_slot(call.decode);
  SlotRef slot = pending_call(seq, Pending::Kind::task, call.decode);
  const detail::TaskDefinition* task = declarations_.find_task(call.task);
  const OnCancel on_cancel =
      call.options->on_cancel.value_or(task != nullptr ? task->options.on_cancel : OnCancel());
  if (on_cancel == OnCancel::wait) set_cancel_waits(slot.index());
  return slot;
}

SlotRef Executor::call_workflow(detail::WorkflowCall call) {
  if (discarding()) return make_slot(call.decode);
  if (!call.signal.empty()) {
    throw Error(std::string(error_names::k_not_allowed),
                "starting with a signal works only in a handler: in a workflow, start a child and "
                "signal it");
  }
  require_room(call.input.size(), call.workflow);
  const std::uint32_t seq = next_seq_++;
  model::ChildScheduled scheduled;
  scheduled.seq = seq;
  scheduled.workflow = call.workflow;
  scheduled.name = call.name.empty() ? "~" + identity_.derivation + "-" + std::to_string(seq)
                                     : std::move(call.name);
  if (call.execution_id != nullptr) *call.execution_id = scheduled.workflow + "/" + scheduled.name;
  scheduled.input.text = std::move(call.input);
  scheduled.wait_for_result = call.wait_for_result;
  if (call.has_timeout) scheduled.timeout = call.timeout;
  if (call.on_parent_close != ParentClose::abandon)
    scheduled.on_parent_close = call.on_parent_close;
  if (!record(std::move(scheduled), call.location, call.normalise)) return make_slot(call.decode);
  return pending_call(seq, Pending::Kind::child, call.decode, !call.wait_for_result);
}

SlotRef Executor::start_timer(Timestamp due, std::source_location location) {
  if (discarding()) return make_slot();
  if (due <= now_) {
    SlotRef slot = make_slot();
    settle_json(slot.index(), "null");
    return slot;
  }
  require_room(0, "a timer");
  const std::uint32_t seq = next_seq_++;
  if (!record(model::TimerStarted{seq, due}, location, nullptr)) return make_slot();
  return pending_call(seq, Pending::Kind::timer, nullptr);
}

/// Ready at once: the turn that emits it is the commit that it leaves with.
SlotRef Executor::emit_event(detail::EmitCall call) {
  if (discarding()) return make_slot();
  require_fits(call.payload.size(), "the payload of event " + std::string(call.event));
  std::string payload = detail::checked_event(declarations_, call);
  count_payload(payload.size());
  const std::uint32_t seq = next_seq_++;
  model::EventEmitted emitted;
  emitted.seq = seq;
  emitted.event = call.event;
  emitted.own_id = !call.id.empty();
  emitted.id =
      emitted.own_id ? std::move(call.id) : "~" + identity_.derivation + "-" + std::to_string(seq);
  emitted.key = std::move(call.key);
  emitted.payload.text = std::move(payload);
  SlotRef slot = make_slot();
  if (record(std::move(emitted), call.location, call.normalise)) settle_json(slot.index(), "null");
  return slot;
}

SlotRef Executor::send_signal(detail::SignalSend send) {
  if (discarding()) return make_slot();
  require_room(send.payload.size(), send.signal);
  const std::uint32_t seq = next_seq_++;
  model::SignalSent sent;
  sent.seq = seq;
  sent.execution_id = std::move(send.execution_id);
  sent.signal = send.signal;
  sent.payload.text = std::move(send.payload);
  sent.message_id = send.message_id.empty() ? "~" + identity_.derivation + "-" + std::to_string(seq)
                                            : std::move(send.message_id);
  if (!record(std::move(sent), send.location, send.normalise)) return make_slot();
  return pending_call(seq, Pending::Kind::signal_send, nullptr);
}

SlotRef Executor::wait_result(std::string_view, detail::DecodeFunction, std::source_location) {
  throw Error(std::string(error_names::k_not_allowed),
              "a workflow waits for another one by calling it as a child, not through its handle");
}

SlotRef Executor::act_on_execution(detail::ExecutionAct) {
  throw Error(
      std::string(error_names::k_not_allowed),
      "a workflow does not pause, resume, retry or fork executions: do it in a task or a command");
}

SlotRef Executor::act_on_schedule(detail::ScheduleCall) {
  throw Error(std::string(error_names::k_not_allowed),
              "a workflow does not act on schedules: do it in a task or a command");
}

SlotRef Executor::cancel_execution(std::string execution_id, std::source_location location) {
  if (discarding()) return make_slot();
  require_room(0, "a cancellation");
  const std::uint32_t seq = next_seq_++;
  if (!record(model::CancelSent{seq, std::move(execution_id)}, location, nullptr))
    return make_slot();
  return pending_call(seq, Pending::Kind::signal_send, nullptr);
}

bool Executor::answer(std::uint32_t seq, std::string json) {
  const auto found = pending_.find(seq);
  if (found == pending_.end()) return false;
  const SlotRef slot = std::move(found->second.slot);
  pending_.erase(found);
  settle_json(slot.index(), std::move(json));
  return true;
}

bool Executor::answer(std::uint32_t seq, const Error& failure) {
  const auto found = pending_.find(seq);
  if (found == pending_.end()) return false;
  const SlotRef slot = std::move(found->second.slot);
  pending_.erase(found);
  settle_error(slot.index(), to_exception(failure));
  return true;
}

bool Executor::child_started(const model::ChildStarted& started) {
  const auto found = pending_.find(started.seq);
  if (found == pending_.end() || !found->second.ends_with_start) return false;
  return answer(started.seq, to_json(started.execution_id));
}

}  // namespace eventual::workflow
