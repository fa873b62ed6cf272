// Turns: what happened is applied, and everything that became runnable runs.
#include "workflow/executor.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/unique_id.hpp"
#include "workflow/determinism.hpp"
#include "workflow/errors.hpp"

namespace eventual::workflow {

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
  turn_bytes_ = 0;
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

bool Executor::apply(const model::Event& event) {
  if (replaying_ && is_closing(event)) {
    recorded_closing_ = event;
    return false;
  }
  if (std::holds_alternative<model::ExecutionTerminated>(event) ||
      std::holds_alternative<model::ExecutionTimedOut>(event)) {
    ended_ = true;
  }
  if (closing_ || ended_) return false;
  if (!stuck_) return apply_now(event);
  if (discarding()) return false;
  if (std::holds_alternative<model::ExecutionUnparked>(event)) return unpark();
  if (std::holds_alternative<model::ExecutionParked>(event)) return false;
  held_.push_back(event);
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
            payload_bytes_max_ = value.payload_bytes_max;
            take_carried_signals(value.carried_signals);
            try {
              root_ = definition_.start(value.input.text);
            } catch (...) {
              root_ = make_slot();
              settle_error(root_.index(), std::current_exception());
            }
            return true;
          } else if constexpr (std::is_same_v<T, model::TaskSucceeded> ||
                               std::is_same_v<T, model::ChildSucceeded> ||
                               std::is_same_v<T, model::TransactionSucceeded> ||
                               std::is_same_v<T, model::EntitySucceeded>) {
            return answer(value.seq, value.result.text);
          } else if constexpr (std::is_same_v<T, model::TaskFailed> ||
                               std::is_same_v<T, model::ChildFailed> ||
                               std::is_same_v<T, model::TransactionFailed> ||
                               std::is_same_v<T, model::EntityFailed> ||
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
      require_fits(success.result.text.size(), "the result");
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

std::string Executor::make_id() { return base::unique_id(now_, random_); }

void Executor::log(LogLevel level, std::string_view message) {
  if (!replaying_ && !discarding() && log_) log_(level, message);
}

void Executor::going_on() const noexcept {
  if (watch_ != nullptr && replaying_ && !discarding()) watch_->on_going_on();
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

}  // namespace eventual::workflow
