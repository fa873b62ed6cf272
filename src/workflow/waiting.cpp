// What the code waits for: signals that it listens to or expects, and conditions.
#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "workflow/errors.hpp"
#include "workflow/executor.hpp"

namespace eventual::workflow {

using detail::SlotRef;

namespace {

/// The due time of a timeout; nothing when there is none. Saturates.
std::optional<Timestamp> due_after(Timestamp now, Duration timeout) {
  if (timeout == k_forever) return std::nullopt;
  if (timeout > Timestamp::max() - now) return std::nullopt;
  return now + timeout;
}

}  // namespace

SlotRef Executor::expect_signal(std::string_view signal, Duration timeout,
                                detail::DecodeFunction decode, std::source_location location) {
  if (discarding()) return make_slot(decode);
  for (auto unread = unread_.begin(); unread != unread_.end(); ++unread) {
    if (unread->signal != signal) continue;
    SlotRef slot = make_slot(decode);
    unread_bytes_ -= unread->payload.size();
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
    unread_bytes_ -= unread.payload.size();
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
    unread_bytes_ += signal.payload.text.size();
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
    all.push_back({Waiting::Kind::signal,
                   receiver.seq,
                   receiver.signal,
                   {},
                   receiver.since,
                   receiver.location});
  }
  for (const Condition& condition : conditions_) {
    all.push_back(
        {Waiting::Kind::condition, condition.seq, {}, {}, condition.since, condition.location});
  }
  for (const RunningUpdate& update : updates_running_)
    all.push_back({Waiting::Kind::update, {}, update.update, update.id, update.since, {}});
  return all;
}

}  // namespace eventual::workflow
