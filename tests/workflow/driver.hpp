// Drives one Executor: history events in, calls out as short texts. What ran live is replayed at
// the end, whole and from each point in its middle, and must come out the same.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/eventual.hpp"
#include "model/history.hpp"
#include "workflow/executor.hpp"

namespace eventual::test {

namespace ev = eventual;

using Calls = std::vector<std::string>;
using Turns = std::vector<model::Turn>;

inline constexpr Timestamp k_start{Duration(1'767'225'600'000)};  // 2026-01-01T00:00:00Z

/// A("in")#0 · timer(+1000)#1 · child W("in")#2 · start W("in")#2 · send S("x")->w/target#3 ·
/// condition(+10)#4 · expect S(+10)#5. Times are milliseconds after `at`.
inline std::string describe_call(const model::Event& call, Timestamp at) {
  const auto after = [at](Timestamp due) {
    return "(+" + std::to_string((due - at).count()) + ")";
  };
  std::string text = "no call";
  if (const auto* task = std::get_if<model::TaskScheduled>(&call))
    text = task->task + "(" + task->input.text + ")";
  if (const auto* timer = std::get_if<model::TimerStarted>(&call))
    text = "timer" + after(timer->due);
  if (const auto* child = std::get_if<model::ChildScheduled>(&call)) {
    text = (child->wait_for_result ? "child " : "start ") + child->workflow + "(" +
           child->input.text + ")";
  }
  if (const auto* sent = std::get_if<model::SignalSent>(&call)) {
    text = "send " + sent->signal + "(" + sent->payload.text + ")->" + sent->execution_id;
  }
  if (const auto* condition = std::get_if<model::ConditionStarted>(&call))
    text = "condition" + after(condition->due);
  if (const auto* expected = std::get_if<model::SignalExpected>(&call)) {
    text = "expect " + expected->signal + after(expected->due);
  }
  if (const auto* mark = std::get_if<model::VersionMarked>(&call))
    text = "version " + mark->change + "=" + std::to_string(mark->version);
  if (const auto* update = std::get_if<model::UpdateSucceeded>(&call))
    text = "update " + update->update_id + " gives " + update->result.text;
  if (const auto* update = std::get_if<model::UpdateFailed>(&call))
    text = "update " + update->update_id + " fails " + update->error.name;
  if (const auto* cancel = std::get_if<model::CancelSent>(&call))
    text = "cancel " + cancel->execution_id;
  if (const auto* cancelled = std::get_if<model::CallCancelled>(&call)) {
    text = "cancel " + std::to_string(cancelled->call) + (cancelled->waits ? " and wait" : "");
  }
  if (const auto* emitted = std::get_if<model::EventEmitted>(&call)) {
    text = "emit " + emitted->event + "(" + emitted->payload.text + ")" +
           (emitted->key.empty() ? "" : " of " + emitted->key) + " as " + emitted->id;
  }
  return text + "#" + std::to_string(model::seq_of(call).value());
}

inline Calls describe_calls(const std::vector<model::Event>& calls, Timestamp at) {
  Calls texts;
  for (const model::Event& call : calls) texts.push_back(describe_call(call, at));
  return texts;
}

/// "open", "succeeded <json>", "failed <Name>: <message>", "cancelled <Name>: <message>", "stuck
/// <Name>: <message>".
inline std::string outcome_of(const workflow::Executor& executor) {
  const auto text = [](std::string_view kind, std::string_view name, std::string_view message) {
    return std::string(kind) + " " + std::string(name) + ": " + std::string(message);
  };
  if (executor.stuck()) return text("stuck", executor.stuck()->name(), executor.stuck()->message());
  if (!executor.closing()) return "open";
  const model::Event& closing = *executor.closing();
  if (const auto* success = std::get_if<model::ExecutionSucceeded>(&closing))
    return "succeeded " + success->result.text;
  if (const auto* failure = std::get_if<model::ExecutionFailed>(&closing)) {
    return text("failed", failure->error.name, failure->error.message);
  }
  if (const auto* next = std::get_if<model::ExecutionContinued>(&closing))
    return "continued " + next->input.text;
  const auto& cancelled = std::get<model::ExecutionCancelled>(closing);
  return text("cancelled", cancelled.error.name, cancelled.error.message);
}

/// What an executor can be asked about itself, in one text.
inline std::string state_of(const workflow::Executor& executor) {
  std::string text = outcome_of(executor) + "; next call " + std::to_string(executor.next_seq()) +
                     "; pending " + std::to_string(executor.calls_pending()) + "; unread " +
                     std::to_string(executor.unread_signals()) + "; waiting for";
  for (const workflow::Waiting& waiting : executor.waiting()) {
    using Kind = workflow::Waiting::Kind;
    text += waiting.kind == Kind::signal   ? " signal " + waiting.name
            : waiting.kind == Kind::update ? " update " + waiting.name + " " + waiting.update_id
                                           : " condition";
    text += " since " + std::to_string((waiting.since - k_start).count());
  }
  return text;
}

/// Feeds one recorded turn.
inline void replay_turn(workflow::Executor& executor, const model::Turn& turn) {
  executor.begin_replay(turn.at, turn.calls);
  for (const model::Event& event : turn.events) executor.apply(event);
  executor.end_turn();
}

/// The declarations that the tests' workflows use, beside the workflow under test, which is called
/// "w".
///
/// Tasks A, B, C, P, K, L, H take and give text; Undo takes text; Hold is not interrupted by
/// cancelling. Child workflow W takes and gives text. Signals S, O, Go. Update U takes and gives
/// text.
struct TestService {
  TestService() {
    for (const char* name : {"A", "B", "C", "P", "K", "L", "H"}) {
      service.task(name, [](std::string text) { return text; });
    }
    service.task("Undo", [](std::string) {});
    service.task("Hold", {.on_cancel = OnCancel::wait}, [](std::string text) { return text; });
    service.signal<std::string>("S");
    service.signal<std::string>("O");
    service.signal("Go");
    service.update<std::string, std::string>("U");
    service.event<std::string>("E");
  }
  Service service{"test"};
};

inline constexpr Task<std::string, std::string> A{"A"}, B{"B"}, C{"C"}, P{"P"}, K{"K"}, L{"L"},
    H{"H"}, Hold{"Hold"};
inline constexpr Task<std::string, void> Undo{"Undo"};
inline constexpr Workflow<std::string, std::string> W{"W"};
inline constexpr Signal<std::string> S{"S"}, O{"O"};
inline constexpr Signal<> Go{"Go"};
inline constexpr Update<std::string, std::string> U{"U"};
inline constexpr Event<std::string> E{"E"};

class Driver {
 public:
  /// Starts `workflow` with `input` at k_start.
  template <class Function, class Input = std::nullptr_t>
  explicit Driver(Function function, const Input& input = {}) {
    test_.service.workflow("w", {}, function);
    definition_ = test_.service.declarations().find_workflow("w");
    executor_ = make_executor(true);
    model::ExecutionStarted started;
    if constexpr (std::is_same_v<Input, model::ExecutionStarted>) {
      started = input;
    } else {
      started.input.text = text_of(input);
    }
    started.derivation = "seed-1";
    feed({started});
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() {
    if (check_replay_) expect_same_on_replay();
  }

  // --- what happens next; each is a turn of its own ---
  template <class Value = std::nullptr_t>
  Driver& ok(std::uint32_t seq, const Value& value = {}) {
    return feed({task_ok(seq, value)});
  }
  Driver& fail(std::uint32_t seq, std::string name) {
    return feed({task_failed(seq, std::move(name))});
  }
  Driver& timer(std::uint32_t seq) { return feed({model::TimerFired{seq}}); }
  Driver& timed_out(std::uint32_t seq) { return feed({model::CallTimedOut{seq}}); }
  template <class Payload = std::nullptr_t>
  Driver& signal(std::string name, const Payload& payload = {}) {
    return feed({received(std::move(name), payload)});
  }
  Driver& child_started(std::uint32_t seq, std::string id) {
    return feed({model::ChildStarted{seq, std::move(id)}});
  }
  template <class Value>
  Driver& child_ok(std::uint32_t seq, const Value& value) {
    return feed({model::ChildSucceeded{seq, {text_of(value)}}});
  }
  Driver& child_fail(std::uint32_t seq, std::string name) {
    return feed({model::ChildFailed{seq, error(std::move(name))}});
  }
  Driver& delivered(std::uint32_t seq) { return feed({model::SignalDelivered{seq}}); }
  Driver& refused(std::uint32_t seq, std::string name) {
    return feed({model::SignalRefused{seq, error(std::move(name))}});
  }
  template <class Value>
  Driver& update(std::string id, const Value& input) {
    return feed({model::UpdateReceived{"U", std::move(id), {text_of(input)}}});
  }
  Driver& cancel_delivered(std::uint32_t seq) { return feed({model::CancelDelivered{seq}}); }
  Driver& cancel() { return feed({model::CancelRequested{}}); }
  Driver& unpark() { return feed({model::ExecutionUnparked{}}); }
  Driver& after(Duration duration) {
    at_ += duration;
    return *this;
  }

  /// One turn with all of `events`.
  Driver& feed(const std::vector<model::Event>& events) {
    model::Turn turn;
    turn.number = static_cast<std::uint32_t>(turns_.size());
    turn.at = at_;
    executor_->begin_turn(at_);
    last_used_ = false;
    for (const model::Event& event : events) {
      last_used_ = executor_->apply(event) || last_used_;
      turn.events.push_back(event);
    }
    executor_->end_turn();
    turn.calls = executor_->take_calls();
    last_answered_ = executor_->take_answered();
    for (std::string& text : describe_calls(turn.calls, at_)) new_calls_.push_back(std::move(text));
    if (executor_->closing() && !closing_recorded_) {
      closing_recorded_ = true;
      turn.events.push_back(*executor_->closing());
    }
    turns_.push_back(std::move(turn));
    return *this;
  }

  template <class Value>
  static model::TaskSucceeded task_ok(std::uint32_t seq, const Value& value) {
    return {seq, 1, {text_of(value)}};
  }
  static model::TaskFailed task_failed(std::uint32_t seq, std::string name) {
    return {seq, 1, error(std::move(name))};
  }
  template <class Payload = std::nullptr_t>
  static model::SignalReceived received(std::string name, const Payload& payload = {}) {
    return {std::move(name), {text_of(payload)}, {}};
  }

  // --- what came of it ---
  /// The calls made since this was last asked.
  Calls calls() { return std::exchange(new_calls_, {}); }
  std::string outcome() const { return outcome_of(*executor_); }
  /// Whether the last turn's events had anything to do.
  bool used() const { return last_used_; }
  const std::vector<std::uint32_t>& answered() const { return last_answered_; }
  const workflow::Executor& executor() const { return *executor_; }
  workflow::Executor& executor() { return *executor_; }
  const std::vector<std::string>& log() const { return log_; }
  const Turns& turns() const { return turns_; }
  const model::Event& call(std::size_t turn, std::size_t index) const {
    return turns_.at(turn).calls.at(index);
  }

  /// A fresh executor of the same workflow; its log goes to log() where `live`.
  std::unique_ptr<workflow::Executor> make_executor(bool live = false) {
    return std::make_unique<workflow::Executor>(test_.service.declarations(), *definition_,
                                                workflow::Identity{"w/one", 1, "seed-1"},
                                                [this, live](LogLevel, std::string_view message) {
                                                  (live ? log_ : replay_log_).emplace_back(message);
                                                });
  }

  /// Replays `turns` instead of what was recorded, and gives the outcome.
  std::string replayed(const Turns& turns) {
    const auto executor = make_executor();
    for (const model::Turn& turn : turns) replay_turn(*executor, turn);
    return outcome_of(*executor);
  }

  /// For tests with side effects that a replay would repeat.
  void skip_replay() { check_replay_ = false; }

  /// Puts the live execution away: it goes on from its history.
  Driver& evict() {
    executor_ = make_executor(true);
    for (const model::Turn& turn : turns_) replay_turn(*executor_, turn);
    return *this;
  }

  void expect_same_on_replay() {
    const auto cold = make_executor();
    for (const model::Turn& turn : turns_) {
      // By way of the disk and of the JSON view.
      const Result<model::Turn> stored = model::decode_turn(model::encode(turn), turn.number);
      ASSERT_TRUE(stored) << stored.error().what();
      replay_turn(*cold, *stored);
      ASSERT_TRUE(cold->take_calls().empty()) << "a replayed turn makes no new calls";
    }
    EXPECT_EQ(state_of(*cold), state_of(*executor_)) << "hot and cold differ";
    EXPECT_TRUE(replay_log_.empty())
        << "a replay logs nothing, but it did: " << replay_log_.front();

    // Recovered at each point, it goes on as it did.
    const std::size_t cuts = turns_.size() <= 12 ? turns_.size() : 0;
    for (std::size_t cut = 1; cut < cuts; ++cut) {
      const auto recovered = make_executor();
      for (std::size_t i = 0; i < cut; ++i) replay_turn(*recovered, turns_[i]);
      for (std::size_t i = cut; i < turns_.size(); ++i) {
        recovered->begin_turn(turns_[i].at);
        for (const model::Event& event : turns_[i].events) recovered->apply(event);
        recovered->end_turn();
        ASSERT_EQ(describe_calls(recovered->take_calls(), turns_[i].at),
                  describe_calls(turns_[i].calls, turns_[i].at))
            << "recovered after turn " << cut << ", turn " << i << " makes other calls";
      }
      ASSERT_EQ(state_of(*recovered), state_of(*executor_)) << "recovered after turn " << cut;
    }
  }

 private:
  template <class Value>
  static std::string text_of(const Value& value) {
    if constexpr (std::is_same_v<Value, std::nullptr_t>) {
      return "null";
    } else if constexpr (std::is_convertible_v<const Value&, std::string>) {
      return to_json(std::string(value));
    } else {
      return to_json(value);
    }
  }
  static model::ErrorRecord error(std::string name) {
    return model::ErrorRecord(Error(std::move(name), "message"));
  }

  TestService test_;
  const detail::WorkflowDefinition* definition_ = nullptr;
  std::unique_ptr<workflow::Executor> executor_;
  Timestamp at_ = k_start;
  Turns turns_;
  Calls new_calls_;
  std::vector<std::uint32_t> last_answered_;
  bool last_used_ = false;
  bool closing_recorded_ = false;
  bool check_replay_ = true;
  std::vector<std::string> log_;
  std::vector<std::string> replay_log_;
};

}  // namespace eventual::test
