#include "program/replay/story.hpp"

#include <fmt/format.h>

#include "eventual/time.hpp"

namespace eventual::program {
namespace {

/// "2 min 5 s", the two largest units.
std::string length_of(Duration duration) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  constexpr Unit k_units[] = {
      {"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}};
  std::int64_t left = duration.count();
  std::string text;
  int told = 0;
  for (const Unit& unit : k_units) {
    if (left < unit.milliseconds || told == 2) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", left / unit.milliseconds, unit.name);
    left %= unit.milliseconds;
    ++told;
  }
  return text.empty() ? "0 ms" : text;
}

/// What a call waits for, by its name.
std::string what_of(const model::Event& call) {
  if (const auto* task = std::get_if<model::TaskScheduled>(&call)) return "task " + task->task;
  if (const auto* timer = std::get_if<model::TimerStarted>(&call))
    return "the time " + to_iso8601(timer->due);
  if (const auto* child = std::get_if<model::ChildScheduled>(&call))
    return "child " + child->workflow + "/" + child->name;
  if (const auto* sent = std::get_if<model::SignalSent>(&call))
    return "signal " + sent->signal + " to reach " + sent->execution_id;
  return "the answer to " + std::string(model::type_of(call));
}

}  // namespace

void Story::line(const std::string& text) {
  if (!reached_) sink_(text);
}

void Story::turn(const model::Turn& turn) {
  tell_waiting();
  std::string text = fmt::format("turn {}  {}", turn.number, to_iso8601(turn.at));
  if (at_) text += fmt::format("  {} later", length_of(turn.at - *at_));
  at_ = turn.at;
  line(text);
}

void Story::step(const Step& step, bool is_call) {
  std::string text = fmt::format("  {:<5} ", fmt::format("#{}", step.number));
  const std::optional<std::uint32_t> seq = model::seq_of(*step.event);
  if (is_call) {
    text += fmt::format("  call {}: {}  at {}", seq.value_or(0),
                        text_of(*step.event, options_.payload_bytes), place_of(step.location));
  } else {
    text += text_of(*step.event, options_.payload_bytes);
    if (seq) text += fmt::format("  (call {})", *seq);
  }
  line(text);
  const bool here = step.number == options_.until_step || (is_call && seq == options_.until_call);
  if (here && (options_.until_step || options_.until_call)) {
    line("stopped here");
    reached_ = true;
  }
}

void Story::tell_waiting() {
  if (executor_ == nullptr || executor_->done()) return;
  for (const auto& [seq, open] : open_calls()) {
    if (std::holds_alternative<model::ConditionStarted>(*open.call) ||
        std::holds_alternative<model::SignalExpected>(*open.call)) {
      continue;  // the executor knows whether they still wait
    }
    line(fmt::format("          waits for {} (call {})  at {}", what_of(*open.call), seq,
                     place_of(open.location)));
  }
  for (const workflow::Waiting& waiting : executor_->waiting()) {
    if (waiting.kind == workflow::Waiting::Kind::update) {
      line(fmt::format("          answers update {} ({})", waiting.name, waiting.update_id));
      continue;
    }
    const bool signal = waiting.kind == workflow::Waiting::Kind::signal;
    line(fmt::format("          waits for {}{}{}  at {}", signal ? "signal " : "a condition",
                     waiting.name, waiting.seq ? fmt::format(" (call {})", *waiting.seq) : "",
                     place_of(waiting.location)));
  }
}

void Story::on_difference(const model::Event* recorded, const model::Event* attempted,
                          std::source_location location) {
  const auto side = [this](const model::Event* event) {
    if (event == nullptr) return std::string("nothing");
    const std::optional<std::uint32_t> seq = model::seq_of(*event);
    return (seq ? fmt::format("call {}: ", *seq) : std::string()) +
           text_of(*event, options_.payload_bytes);
  };
  line("  code and history differ");
  if (recorded == nullptr && attempted == nullptr) {
    line(fmt::format("    code     at {}", place_of(location)));
    return;  // the message says it all
  }
  line(fmt::format("    history  {}", side(recorded)));
  line(fmt::format("    code     {}  at {}", side(attempted), place_of(location)));
}

void Story::on_end(const workflow::Executor& executor) {
  executor_ = &executor;
  tell_waiting();
}

}  // namespace eventual::program
