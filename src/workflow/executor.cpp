#include "workflow/executor.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/unique_id.hpp"
#include "eventual/json.hpp"
#include "eventual/options.hpp"
#include "eventual/schema.hpp"

namespace eventual::workflow {

using detail::SlotRef;

namespace {

std::exception_ptr to_exception(Error error) {
  try {
    throw_error(std::move(error));
  } catch (...) {
    return std::current_exception();
  }
}

Error limit_exceeded(std::string message) {
  return Error(std::string(error_names::k_limit_exceeded), std::move(message));
}

/// The due time of a timeout; nothing when there is none. Saturates.
std::optional<Timestamp> due_after(Timestamp now, Duration timeout) {
  if (timeout == k_forever) return std::nullopt;
  if (timeout > Timestamp::max() - now) return std::nullopt;
  return now + timeout;
}

/// Equal in structure, where an absent member equals its default.
bool same_json(const std::string& recorded, const std::string& attempted,
               std::string (*normalise)(std::string_view)) {
  if (recorded == attempted) return true;
  try {
    const std::string today = normalise != nullptr ? normalise(recorded) : recorded;
    if (today == attempted) return true;
    const Result<Json> left = Json::parse(today);
    const Result<Json> right = Json::parse(attempted);
    return left && right && *left == *right;
  } catch (const Error&) {
    return false;
  }
}

bool is_closing(const model::Event& event) {
  return std::holds_alternative<model::ExecutionSucceeded>(event) ||
         std::holds_alternative<model::ExecutionFailed>(event) ||
         std::holds_alternative<model::ExecutionCancelled>(event) ||
         std::holds_alternative<model::ExecutionContinued>(event);
}

/// Whether an execution that ended as `recorded` would end so again. The words of an error may
/// change.
bool same_ending(const model::Event& recorded, const model::Event& attempted,
                 std::string (*normalise)(std::string_view)) {
  if (recorded.index() != attempted.index()) return false;
  if (const auto* continued = std::get_if<model::ExecutionContinued>(&recorded)) {
    return same_json(continued->input.text,
                     std::get<model::ExecutionContinued>(attempted).input.text, normalise);
  }
  if (const auto* success = std::get_if<model::ExecutionSucceeded>(&recorded)) {
    return same_json(success->result.text,
                     std::get<model::ExecutionSucceeded>(attempted).result.text, nullptr);
  }
  if (const auto* failure = std::get_if<model::ExecutionFailed>(&recorded)) {
    return failure->error.name == std::get<model::ExecutionFailed>(attempted).error.name;
  }
  return true;
}

/// Whether the history's call is the one that the code makes: kind, number, name and input.
struct SameCall {
  std::string (*normalise)(std::string_view);

  bool operator()(const model::TaskScheduled& a, const model::TaskScheduled& b) const {
    return a.seq == b.seq && a.task == b.task && same_json(a.input.text, b.input.text, normalise);
  }
  bool operator()(const model::TimerStarted& a, const model::TimerStarted& b) const {
    return a.seq == b.seq && a.due == b.due;
  }
  bool operator()(const model::ChildScheduled& a, const model::ChildScheduled& b) const {
    return a.seq == b.seq && a.workflow == b.workflow && a.name == b.name &&
           a.wait_for_result == b.wait_for_result &&
           same_json(a.input.text, b.input.text, normalise);
  }
  bool operator()(const model::SignalSent& a, const model::SignalSent& b) const {
    return a.seq == b.seq && a.execution_id == b.execution_id && a.signal == b.signal &&
           same_json(a.payload.text, b.payload.text, normalise);
  }
  bool operator()(const model::ConditionStarted& a, const model::ConditionStarted& b) const {
    return a.seq == b.seq;
  }
  bool operator()(const model::CallCancelled& a, const model::CallCancelled& b) const {
    return a.seq == b.seq && a.call == b.call;
  }
  bool operator()(const model::SignalExpected& a, const model::SignalExpected& b) const {
    return a.seq == b.seq && a.signal == b.signal;
  }
  bool operator()(const model::UpdateSucceeded& a, const model::UpdateSucceeded& b) const {
    return a.seq == b.seq && a.update_id == b.update_id &&
           same_json(a.result.text, b.result.text, nullptr);
  }
  bool operator()(const model::UpdateFailed& a, const model::UpdateFailed& b) const {
    return a.seq == b.seq && a.update_id == b.update_id && a.error.name == b.error.name;
  }
  bool operator()(const model::CancelSent& a, const model::CancelSent& b) const {
    return a.seq == b.seq && a.execution_id == b.execution_id;
  }
  template <class A, class B>
  bool operator()(const A&, const B&) const {
    return false;
  }
};

/// "task_scheduled chargeCard (call 3)"
std::string summary(const model::Event& call) {
  std::string text(model::type_of(call));
  std::visit(
      [&](const auto& value) {
        if constexpr (requires { value.task; }) text += " " + value.task;
        if constexpr (requires { value.workflow; }) text += " " + value.workflow;
        if constexpr (requires { value.signal; }) text += " " + value.signal;
        if constexpr (requires { value.change; }) text += " " + value.change;
        if constexpr (requires { value.update_id; }) text += " " + value.update_id;
        if constexpr (requires { value.call; }) text += " of call " + std::to_string(value.call);
      },
      call);
  if (const auto seq = model::seq_of(call)) text += " (call " + std::to_string(*seq) + ")";
  return text;
}

std::string line_of(std::source_location location) {
  return std::string(location.file_name()) + ":" + std::to_string(location.line());
}

}  // namespace

Executor::Executor(const detail::Declarations& declarations,
                   const detail::WorkflowDefinition& definition, Identity identity, LogSink log)
    : declarations_(declarations),
      definition_(definition),
      identity_(std::move(identity)),
      log_(std::move(log)),
      random_(base::stable_hash(identity_.derivation)) {}

Executor::~Executor() {
  begin_discard();
  destroy_frames();
  // What the members below hold may run destructors of user code: let them see this runtime in
  // discard mode.
  Enter entered(*this);
  compensation_slot_ = {};
  root_ = {};
  // Out of their members first: a destructor may dispose of a listener.
  std::exchange(pending_, {}).clear();
  std::exchange(receivers_, {}).clear();
  std::exchange(update_handlers_, {}).clear();
  std::exchange(updates_running_, {}).clear();
  std::exchange(conditions_, {}).clear();
  std::exchange(compensations_, {}).clear();
  std::exchange(compensation_running_, nullptr) = nullptr;
  listener_failure_ = nullptr;
  destroy_frames();
}

void Executor::begin_turn(Timestamp at) {
  now_ = at;
  replaying_ = false;
  calls_.clear();
  answered_.clear();
  published_new_ = false;
  stopped_.clear();
}

void Executor::begin_replay(Timestamp at, std::span<const model::Event> calls) {
  begin_turn(at);
  replaying_ = true;
  expected_ = calls;
  expected_next_ = 0;
  recorded_closing_.reset();
  closed_before_ = closing_.has_value();
}

void Executor::end_turn() {
  if (replaying_ && !(stuck_ && discarding())) {
    if (expected_next_ < expected_.size()) {
      differ(&expected_[expected_next_], nullptr, definition_.location);
    } else {
      check_ending();
    }
  }
  replaying_ = false;
  expected_ = {};
}

void Executor::check_ending() {
  if (closed_before_) return;
  if (closing_ && recorded_closing_) {
    if (!same_ending(*recorded_closing_, *closing_, definition_.normalise))
      differ(&*recorded_closing_, &*closing_, definition_.location);
  } else if (closing_) {
    differ(nullptr, &*closing_, definition_.location);
  } else if (recorded_closing_) {
    differ(&*recorded_closing_, nullptr, definition_.location);
  }
}

bool Executor::apply(const model::Event& event) {
  if (replaying_ && is_closing(event)) {
    recorded_closing_ = event;
    return false;
  }
  if (closing_) return false;
  if (!stuck_) return apply_now(event);
  if (discarding()) return false;
  if (std::holds_alternative<model::ExecutionUnparked>(event)) return unpark();
  if (std::holds_alternative<model::ExecutionParked>(event)) return false;
  held_.push_back(event);
  return true;
}

bool Executor::unpark() {
  {
    Enter entered(*this);
    stuck_.reset();
    compensations_.insert(compensations_.begin(), std::exchange(compensation_running_, nullptr));
    run_to_rest();
  }
  std::vector<model::Event> held = std::exchange(held_, {});
  for (const model::Event& event : held)
    apply(event);  // it may be stuck again: the rest is held again
  return true;
}

bool Executor::apply_now(const model::Event& event) {
  Enter entered(*this);
  const bool used = std::visit(
      [&](const auto& value) -> bool {
        using T = std::decay_t<decltype(value)>;
        {
          if constexpr (std::is_same_v<T, model::ExecutionStarted>) {
            EVENTUAL_ASSERT(!root_.valid(), "an execution starts once");
            take_carried_signals(value.carried_signals);
            try {
              root_ = definition_.start(value.input.text);
            } catch (...) {
              root_ = make_slot();
              settle_error(root_.index(), std::current_exception());
            }
            return true;
          } else if constexpr (std::is_same_v<T, model::TaskSucceeded> ||
                               std::is_same_v<T, model::ChildSucceeded>) {
            return answer(value.seq, value.result.text);
          } else if constexpr (std::is_same_v<T, model::TaskFailed> ||
                               std::is_same_v<T, model::ChildFailed> ||
                               std::is_same_v<T, model::SignalRefused>) {
            return answer(value.seq, value.error.to_error());
          } else if constexpr (std::is_same_v<T, model::TimerFired> ||
                               std::is_same_v<T, model::SignalDelivered> ||
                               std::is_same_v<T, model::CancelDelivered>) {
            return answer(value.seq, std::string("null"));
          } else if constexpr (std::is_same_v<T, model::ChildStarted>) {
            return child_started(value);
          } else if constexpr (std::is_same_v<T, model::CallTimedOut>) {
            return time_out_call(value.seq);
          } else if constexpr (std::is_same_v<T, model::SignalReceived>) {
            receive(value);
            return true;
          } else if constexpr (std::is_same_v<T, model::UpdateReceived>) {
            start_update(value);
            return true;
          } else if constexpr (std::is_same_v<T, model::CancelRequested>) {
            if (!root_.valid() || settled(root_.index()) || cancel_requested_ || listener_failure_)
              return false;
            cancel_requested_ = true;
            note_stopped();
            deliver_cancellation();
            return true;
          } else if constexpr (std::is_same_v<T, model::ExecutionForked>) {
            identity_.derivation = value.derivation;
            random_ = base::Random(base::stable_hash(value.derivation));
            return false;
          } else {
            return false;
          }
        }
      },
      event);
  if (used) run_to_rest();
  return used;
}

void Executor::run_to_rest() {
  do {
    drain();
    finish_updates();
  } while (!stuck_ &&
           (deliver_listener_failure() || check_conditions() || advance_compensations()));
  check_root();
}

bool Executor::check_conditions() {
  bool changed = false;
  for (std::size_t i = 0; i < conditions_.size() && !discarding();) {
    bool holds = false;
    std::exception_ptr failure;
    try {
      holds = conditions_[i].predicate();
    } catch (...) {
      failure = std::current_exception();
    }
    if (!holds && !failure) {
      ++i;
      continue;
    }
    Condition condition = std::move(conditions_[i]);
    conditions_.erase(conditions_.begin() + static_cast<std::ptrdiff_t>(i));
    if (condition.seq) answered_.push_back(*condition.seq);
    if (failure) {
      settle_error(condition.slot.index(), failure);
    } else {
      settle_json(condition.slot.index(), "true");
    }
    changed = true;
  }
  return changed;
}

bool Executor::advance_compensations() {
  if (compensation_slot_.valid()) {
    if (!settled(compensation_slot_.index())) return false;
    if (failed(compensation_slot_.index())) {
      const Error cause = describe(error(compensation_slot_.index()));
      compensation_slot_ = {};
      stuck_ = Error("CompensationFailed",
                     "a compensation failed for good: " + cause.name() + ": " + cause.message());
      return false;
    }
    compensation_slot_ = {};
    compensation_running_ = nullptr;
  }
  if (compensations_.empty()) return false;
  compensation_running_ = std::move(compensations_.front());
  compensations_.erase(compensations_.begin());
  try {
    compensation_slot_ = compensation_running_();
  } catch (...) {
    compensation_slot_ = make_slot();
    settle_error(compensation_slot_.index(), std::current_exception());
  }
  set_shielded(compensation_slot_.index());  // what is being undone is undone to the end
  return true;
}

void Executor::check_root() {
  if (stuck_ || closing_) return;
  if (!root_.valid() || !settled(root_.index())) return;
  if (compensation_slot_.valid() || !compensations_.empty()) return;
  if (listener_failure_) {
    closing_ = model::ExecutionFailed{model::ErrorRecord(describe(listener_failure_))};
  } else if (!failed(root_.index())) {
    model::ExecutionSucceeded success;
    try {
      if (void* value = typed_value(root_.index())) {
        success.result.text.clear();
        if (definition_.encode != nullptr) definition_.encode(value, success.result.text);
      } else if (const std::string_view json = json_value(root_.index()); !json.empty()) {
        success.result.text = json;
      }
      if (success.result.text.size() > base::k_payload_bytes_max) {
        throw limit_exceeded("the result has " + std::to_string(success.result.text.size()) +
                             " bytes, more than " + std::to_string(base::k_payload_bytes_max));
      }
      closing_ = std::move(success);
    } catch (...) {
      closing_ = model::ExecutionFailed{model::ErrorRecord(describe(std::current_exception()))};
    }
  } else {
    const Error failure = describe(error(root_.index()));
    if (cancel_requested_ && failure.name() == Cancelled::k_name) {
      closing_ = model::ExecutionCancelled{model::ErrorRecord(failure)};
    } else {
      closing_ = model::ExecutionFailed{model::ErrorRecord(failure)};
    }
  }
  begin_discard();
}

bool Executor::record(model::Event call, std::source_location location,
                      std::string (*normalise)(std::string_view)) {
  if (!replaying_) {
    calls_.push_back(std::move(call));
    return true;
  }
  if (expected_next_ == expected_.size()) {
    differ(nullptr, &call, location);
    return false;
  }
  const model::Event& recorded = expected_[expected_next_];
  if (!std::visit(SameCall{normalise}, recorded, call)) {
    differ(&recorded, &call, location);
    return false;
  }
  ++expected_next_;
  return true;
}

void Executor::differ(const model::Event* recorded, const model::Event* attempted,
                      std::source_location location) {
  std::string message;
  if (recorded != nullptr && attempted != nullptr) {
    const bool alike =
        recorded->index() == attempted->index() && summary(*recorded) == summary(*attempted);
    message = "the history has " + summary(*recorded) + (alike ? " with another input" : "") +
              ", but the code at " + line_of(location) + " gives " + summary(*attempted);
  } else if (recorded != nullptr) {
    message = "the history has " + summary(*recorded) + ", which the code of workflow " +
              definition_.name + " at " + line_of(location) + " no longer gives";
  } else {
    message = "the code at " + line_of(location) + " gives " + summary(*attempted) +
              " at a point where the history has nothing";
  }
  Json details = Json::object({{"location", line_of(location)}});
  details.set("recorded", recorded != nullptr ? model::to_json_view(*recorded, now_) : Json());
  details.set("attempted", attempted != nullptr ? model::to_json_view(*attempted, now_) : Json());
  stuck_ = Error(std::string(error_names::k_determinism), std::move(message), details.dump());
  closing_.reset();
  begin_discard();
}

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
    if (pending.kind == Pending::Kind::signal_send || pending.cancelled) return;
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

void Executor::require_room(std::size_t payload_bytes, std::string_view what) const {
  if (payload_bytes > base::k_payload_bytes_max) {
    throw limit_exceeded("the input of " + std::string(what) + " has " +
                         std::to_string(payload_bytes) + " bytes, more than " +
                         std::to_string(base::k_payload_bytes_max));
  }
  if (pending_.size() + receivers_.size() + conditions_.size() + update_handlers_.size() +
          updates_running_.size() >=
      base::k_pending_calls_max) {
    throw limit_exceeded("more than " + std::to_string(base::k_pending_calls_max) +
                         " calls, conditions and listeners are pending");
  }
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

SlotRef Executor::expect_signal(std::string_view signal, Duration timeout,
                                detail::DecodeFunction decode, std::source_location location) {
  if (discarding()) return make_slot(decode);
  for (auto unread = unread_.begin(); unread != unread_.end(); ++unread) {
    if (unread->signal != signal) continue;
    SlotRef slot = make_slot(decode);
    settle_json(slot.index(), std::move(unread->payload));
    unread_.erase(unread);
    return slot;
  }
  require_room(0, "an expected signal");
  Receiver receiver;
  receiver.signal = signal;
  receiver.since = now_;
  receiver.location = location;
  if (const auto due = due_after(now_, timeout)) {
    const std::uint32_t seq = next_seq_++;
    if (!record(model::SignalExpected{seq, std::string(signal), *due}, location, nullptr))
      return make_slot(decode);
    receiver.seq = seq;
  }
  receiver.slot = make_slot(decode);
  SlotRef slot = receiver.slot;
  receivers_.emplace(next_receiver_++, std::move(receiver));
  return slot;
}

std::uint64_t Executor::add_listener(std::string_view signal, detail::ListenerFunction function,
                                     std::source_location location) {
  if (discarding()) return next_receiver_++;
  require_room(0, "a listener");
  // Out of the list first: the function may take signals itself.
  std::vector<std::string> backlog;
  std::erase_if(unread_, [&](Unread& unread) {
    if (unread.signal != signal) return false;
    backlog.push_back(std::move(unread.payload));
    return true;
  });
  for (const std::string& payload : backlog) call_listener(function, payload);
  const std::uint64_t id = next_receiver_++;
  Receiver receiver;
  receiver.signal = signal;
  receiver.listener = std::move(function);
  receiver.since = now_;
  receiver.location = location;
  receivers_.emplace(id, std::move(receiver));
  return id;
}

void Executor::remove_listener(std::uint64_t id) noexcept {
  if (id == running_listener_) {
    remove_running_listener_ = true;  // its function is on the stack: it goes when it returns
    return;
  }
  update_handlers_.extract(id);
  receivers_.extract(id);  // gone before its destructor runs, which may dispose of others
}

void Executor::call_listener(const detail::ListenerFunction& listener, std::string_view payload) {
  if (discarding()) return;
  try {
    listener(payload);
  } catch (...) {
    if (!listener_failure_) listener_failure_ = std::current_exception();
  }
}

/// Ends the execution as a cancellation would, so that what was done is undone; it closes with the
/// listener's error.
bool Executor::deliver_listener_failure() {
  if (!listener_failure_ || listener_failure_delivered_ || discarding() || !root_.valid())
    return false;
  listener_failure_delivered_ = true;
  if (!settled(root_.index())) deliver_cancellation();
  return true;
}

void Executor::receive(const model::SignalReceived& signal) {
  std::vector<std::uint64_t> present;
  std::erase_if(receivers_, [](const auto& entry) { return entry.second.abandoned(); });
  for (const auto& [id, receiver] : receivers_) {
    if (receiver.signal == signal.signal) present.push_back(id);
  }
  if (present.empty()) {
    unread_.push_back({signal.signal, signal.payload.text});
    return;
  }
  for (const std::uint64_t id : present) {
    const auto found = receivers_.find(id);
    if (found == receivers_.end() || discarding()) continue;  // disposed of by an earlier one
    Receiver& receiver = found->second;
    if (!receiver.listener) {
      if (receiver.seq) answered_.push_back(*receiver.seq);
      const SlotRef slot = std::move(receiver.slot);
      receivers_.erase(found);
      settle_json(slot.index(), signal.payload.text);
      continue;
    }
    running_listener_ = id;
    remove_running_listener_ = false;
    call_listener(receiver.listener, signal.payload.text);
    running_listener_ = k_no_listener;
    if (remove_running_listener_) receivers_.extract(id);
  }
}

SlotRef Executor::wait_condition(std::function<bool()> predicate, Duration timeout,
                                 std::source_location location) {
  const detail::DecodeFunction decode = [](std::string_view json, void* object) {
    *static_cast<bool*>(object) = json == "true";
  };
  SlotRef slot = make_slot(decode);
  if (discarding()) return slot;
  try {
    if (predicate()) {
      settle_json(slot.index(), "true");
      return slot;
    }
  } catch (...) {
    settle_error(slot.index(), std::current_exception());
    return slot;
  }
  require_room(0, "a condition");
  Condition condition;
  if (const auto due = due_after(now_, timeout)) {
    const std::uint32_t seq = next_seq_++;
    if (!record(model::ConditionStarted{seq, *due}, location, nullptr)) return slot;
    condition.seq = seq;
  }
  condition.predicate = std::move(predicate);
  condition.slot = slot;
  condition.since = now_;
  condition.location = location;
  conditions_.push_back(std::move(condition));
  return slot;
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

void Executor::defer_compensations(std::vector<std::function<SlotRef()>> undo_in_order) {
  if (discarding()) return;
  compensated_ = true;
  for (auto undo = undo_in_order.rbegin(); undo != undo_in_order.rend(); ++undo) {
    compensations_.push_back(std::move(*undo));
  }
}

SlotRef Executor::cancel_execution(std::string execution_id, std::source_location location) {
  if (discarding()) return make_slot();
  require_room(0, "a cancellation");
  const std::uint32_t seq = next_seq_++;
  if (!record(model::CancelSent{seq, std::move(execution_id)}, location, nullptr))
    return make_slot();
  return pending_call(seq, Pending::Kind::signal_send, nullptr);
}

// --- the next run ---

SlotRef Executor::continue_as_new(std::string input, std::source_location) {
  SlotRef slot = make_slot();
  if (discarding()) return slot;
  if (take_cancellation()) {
    settle_error(slot.index(), std::make_exception_ptr(Cancelled()));
    return slot;
  }
  if (root_.valid() && settled(root_.index())) {
    throw Error(std::string(error_names::k_not_allowed),
                "the run has ended: it cannot continue as a new one");
  }
  require_room(input.size(), "the next run");
  if (definition_.normalise != nullptr) input = definition_.normalise(input);
  finish_updates();
  if (discarding()) return slot;  // code and history differ
  closing_ = model::ExecutionContinued{{std::move(input)}, identity_.run + 1};
  begin_discard();
  return slot;
}

std::optional<model::JsonText> Executor::carried_signals() const {
  if (unread_.empty()) return std::nullopt;
  std::string text = "[";
  for (const Unread& unread : unread_) {
    if (text.size() > 1) text += ',';
    text += "{\"signal\":" + to_json(unread.signal) + ",\"payload\":" + unread.payload + "}";
  }
  return model::JsonText{text + "]"};
}

void Executor::take_carried_signals(const std::optional<model::JsonText>& carried) {
  if (!carried) return;
  const Json signals = Json::parse(carried->text).value();
  for (const Json& signal : signals.as_array())
    unread_.push_back({signal["signal"].as_string(), signal["payload"].dump()});
}

// --- versions of the code ---

/// The mark of `change`, where it is the next call of the history that is replayed.
const model::VersionMarked* Executor::recorded_mark(std::string_view change) const {
  if (!replaying_ || expected_next_ == expected_.size()) return nullptr;
  const auto* mark = std::get_if<model::VersionMarked>(&expected_[expected_next_]);
  return mark != nullptr && mark->change == change && mark->seq == next_seq_ ? mark : nullptr;
}

std::uint32_t Executor::version(std::string_view change, std::uint32_t min, std::uint32_t max,
                                std::source_location location) {
  if (discarding()) return max;
  if (change.empty() || min > max) {
    throw Error(std::string(error_names::k_invalid_input),
                "ev::version() takes the name of a change and versions from min to max");
  }
  auto known = versions_.find(change);
  if (known == versions_.end()) {
    std::optional<std::uint32_t> version;
    if (const model::VersionMarked* mark = recorded_mark(change)) {
      version = mark->version;
      ++expected_next_;
      ++next_seq_;
    } else if (!replaying_) {
      version = max;
      record(model::VersionMarked{next_seq_++, std::string(change), max}, location, nullptr);
    }
    known = versions_.emplace(change, version).first;
  }
  const std::uint32_t version = known->second.value_or(min);
  if (version >= min && version <= max) return version;
  stuck_ = Error(std::string(error_names::k_determinism),
                 "the history has version " + std::to_string(version) + " of change " +
                     std::string(change) + ", but the code at " + line_of(location) + " takes " +
                     std::to_string(min) + " to " + std::to_string(max),
                 Json::object({{"location", line_of(location)},
                               {"change", std::string(change)},
                               {"recorded", version},
                               {"min", min},
                               {"max", max}})
                     .dump());
  closing_.reset();
  begin_discard();
  return max;
}

void Executor::deprecate_version(std::string_view change, std::source_location) {
  if (discarding() || versions_.contains(change)) return;
  std::optional<std::uint32_t> version;
  if (const model::VersionMarked* mark = recorded_mark(change)) {
    version = mark->version;
    ++expected_next_;
    ++next_seq_;
  }
  versions_.emplace(change, version);
}

// --- views and updates ---

void Executor::publish(std::string view_json) {
  if (discarding()) return;
  if (view_json.size() > base::k_payload_bytes_max) {
    throw limit_exceeded("the view has " + std::to_string(view_json.size()) + " bytes, more than " +
                         std::to_string(base::k_payload_bytes_max));
  }
  published_ = std::move(view_json);
  published_new_ = !replaying_;
}

std::uint64_t Executor::add_update_handler(std::string_view update, detail::UpdateHandler handler) {
  const std::uint64_t id = next_receiver_++;
  if (discarding()) return id;
  require_room(0, "an update handler");
  update_handlers_.emplace(
      id, NamedUpdateHandler{std::string(update),
                             std::make_shared<detail::UpdateHandler>(std::move(handler))});
  return id;
}

const Executor::NamedUpdateHandler* Executor::find_update_handler(std::string_view update) const {
  const auto newest =
      std::find_if(update_handlers_.rbegin(), update_handlers_.rend(),
                   [&](const auto& entry) { return entry.second.update == update; });
  return newest == update_handlers_.rend() ? nullptr : &newest->second;
}

std::optional<Error> Executor::refuses_update(std::string_view update,
                                              std::string_view input_json) {
  const NamedUpdateHandler* named = find_update_handler(update);
  if (named == nullptr) {
    return Error(std::string(error_names::k_not_allowed), "execution " + identity_.execution_id +
                                                              " does not take update " +
                                                              std::string(update) + " now");
  }
  if (pending_.size() + updates_running_.size() >= base::k_pending_calls_max)
    return limit_exceeded("execution " + identity_.execution_id + " has too many calls pending");
  const std::shared_ptr<detail::UpdateHandler> handler = named->handler;
  if (!handler->validate) return std::nullopt;
  try {
    handler->validate(input_json);  // not entered: operations throw
  } catch (...) {
    return describe(std::current_exception());
  }
  return std::nullopt;
}

void Executor::start_update(const model::UpdateReceived& update) {
  RunningUpdate running{update.update_id, {}, nullptr};
  try {
    const NamedUpdateHandler* named = find_update_handler(update.update);
    if (named == nullptr) {
      throw Error(std::string(error_names::k_not_allowed),
                  "the code does not take update " + update.update + " now");
    }
    const std::shared_ptr<detail::UpdateHandler> handler = named->handler;
    running.encode = handler->encode;
    running.slot = handler->run(update.input.text);
  } catch (...) {
    running.slot = make_slot();
    settle_error(running.slot.index(), std::current_exception());
  }
  updates_running_.push_back(std::move(running));
}

model::Event Executor::outcome_of(const RunningUpdate& update) const {
  const std::uint32_t index = update.slot.index();
  try {
    if (failed(index)) std::rethrow_exception(error(index));
    model::UpdateSucceeded success{next_seq_, update.id, {}};
    if (void* value = typed_value(index); value != nullptr && update.encode != nullptr) {
      success.result.text.clear();
      update.encode(value, success.result.text);
    } else if (value == nullptr && !json_value(index).empty()) {
      success.result.text = json_value(index);
    }
    if (success.result.text.size() > base::k_payload_bytes_max) {
      throw limit_exceeded("the answer has " + std::to_string(success.result.text.size()) +
                           " bytes, more than " + std::to_string(base::k_payload_bytes_max));
    }
    return success;
  } catch (...) {
    return model::UpdateFailed{next_seq_, update.id,
                               model::ErrorRecord(describe(std::current_exception()))};
  }
}

/// Records the outcome of those that have one.
void Executor::finish_updates() {
  for (std::size_t i = 0; i < updates_running_.size() && !discarding();) {
    if (!settled(updates_running_[i].slot.index())) {
      ++i;
      continue;
    }
    const RunningUpdate update = std::move(updates_running_[i]);
    updates_running_.erase(updates_running_.begin() + static_cast<std::ptrdiff_t>(i));
    model::Event outcome = outcome_of(update);
    ++next_seq_;
    record(std::move(outcome), definition_.location, nullptr);
  }
}

std::string Executor::make_id() { return base::unique_id(now_, random_); }

void Executor::log(LogLevel level, std::string_view message) {
  if (!replaying_ && !discarding() && log_) log_(level, message);
}

void Executor::block_until_settled(std::uint32_t slot) {
  if (settled(slot)) return;
  throw Error(std::string(error_names::k_not_allowed),
              "get() would block the workflow: write co_await");
}

void Executor::unobserved_failure(const std::exception_ptr& error) noexcept {
  const Error failure = describe(error);
  if (failure.name() == Cancelled::k_name) return;  // the execution's own end
  log(LogLevel::warn, "a call or coroutine that nobody awaits failed: " + failure.name() + ": " +
                          failure.message());
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

bool Executor::time_out_call(std::uint32_t seq) {
  for (auto condition = conditions_.begin(); condition != conditions_.end(); ++condition) {
    if (condition->seq != seq) continue;
    const SlotRef slot = std::move(condition->slot);
    conditions_.erase(condition);
    settle_json(slot.index(), "false");
    return true;
  }
  for (auto& [id, receiver] : receivers_) {
    if (receiver.seq != seq) continue;
    const SlotRef slot = std::move(receiver.slot);
    const std::string signal = receiver.signal;
    receivers_.erase(id);
    settle_error(slot.index(),
                 to_exception(Timeout("signal " + signal + " did not arrive in time")));
    return true;
  }
  return false;
}

std::vector<Waiting> Executor::waiting() const {
  std::vector<Waiting> all;
  for (const auto& [id, receiver] : receivers_) {
    if (receiver.listener || receiver.abandoned()) continue;  // they do not hold the execution up
    all.push_back(
        {Waiting::Kind::signal, receiver.seq, receiver.signal, receiver.since, receiver.location});
  }
  for (const Condition& condition : conditions_) {
    all.push_back(
        {Waiting::Kind::condition, condition.seq, {}, condition.since, condition.location});
  }
  return all;
}

}  // namespace eventual::workflow
