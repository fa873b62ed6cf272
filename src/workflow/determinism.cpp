// Whether the calls that the code makes on replay are those of the history.
#include "workflow/determinism.hpp"

#include <utility>

#include "eventual/json.hpp"
#include "workflow/errors.hpp"
#include "workflow/executor.hpp"

namespace eventual::workflow {

namespace {

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
  bool operator()(const model::EventEmitted& a, const model::EventEmitted& b) const {
    return a.seq == b.seq && a.event == b.event && a.key == b.key &&
           (!(a.own_id || b.own_id) || a.id == b.id) &&
           same_json(a.payload.text, b.payload.text, normalise);
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
  bool operator()(const model::TransactionCalled& a, const model::TransactionCalled& b) const {
    return a.seq == b.seq && a.transaction == b.transaction &&
           same_json(a.input.text, b.input.text, normalise);
  }
  bool operator()(const model::EntityCalled& a, const model::EntityCalled& b) const {
    const auto same = [](const std::optional<model::JsonText>& left,
                         const std::optional<model::JsonText>& right,
                         std::string (*normal)(std::string_view)) {
      if (!left || !right) return left.has_value() == right.has_value();
      return same_json(left->text, right->text, normal);
    };
    return a.seq == b.seq && a.operation == b.operation && a.entity == b.entity &&
           a.index == b.index && same(a.key, b.key, nullptr) && same(a.value, b.value, normalise) &&
           a.expected_version == b.expected_version && same(a.condition, b.condition, nullptr) &&
           same(a.select, b.select, nullptr) && a.limit == b.limit && a.cursor == b.cursor &&
           a.descending == b.descending && a.keep_version == b.keep_version;
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
        if constexpr (requires { value.transaction; }) text += " " + value.transaction;
        if constexpr (requires { value.operation; }) text += " " + value.operation;
        if constexpr (requires { value.entity; }) text += " " + value.entity;
        if constexpr (requires { value.signal; }) text += " " + value.signal;
        if constexpr (requires { value.event; }) text += " " + value.event;
        if constexpr (requires { value.change; }) text += " " + value.change;
        if constexpr (requires { value.update_id; }) text += " " + value.update_id;
        if constexpr (requires { value.call; }) text += " of call " + std::to_string(value.call);
      },
      call);
  if (const auto seq = model::seq_of(call)) text += " (call " + std::to_string(*seq) + ")";
  return text;
}

}  // namespace

bool is_closing(const model::Event& event) {
  return std::holds_alternative<model::ExecutionSucceeded>(event) ||
         std::holds_alternative<model::ExecutionFailed>(event) ||
         std::holds_alternative<model::ExecutionCancelled>(event) ||
         std::holds_alternative<model::ExecutionContinued>(event);
}

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

bool same_call(const model::Event& recorded, const model::Event& attempted,
               std::string (*normalise)(std::string_view)) {
  return std::visit(SameCall{normalise}, recorded, attempted);
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
  if (watch_ != nullptr) watch_->on_call(recorded, location);
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
  if (watch_ != nullptr) watch_->on_difference(recorded, attempted, location);
}

}  // namespace eventual::workflow
