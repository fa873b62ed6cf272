#include "program/replay/stops.hpp"

#include <string>
#include <utility>

namespace eventual::program {

void Stops::stop(StopKind kind, std::uint64_t step, std::int64_t call, std::string text,
                 std::string file, std::uint32_t line) {
  text_ = std::move(text);
  file_ = std::move(file);
  eventual_replay_here = {static_cast<std::uint64_t>(kind),
                          step,
                          steps_of_history_,
                          turn_,
                          call,
                          text_.c_str(),
                          file_.c_str(),
                          line};
  eventual_replay_stop();
}

void Stops::stop(StopKind kind, const Step& step) {
  const auto seq = model::seq_of(*step.event);
  stop(kind, step.number, seq ? static_cast<std::int64_t>(*seq) : -1, text_of(*step.event, 200),
       step.location.file_name(), step.location.line());
}

void Stops::step(const Step& step, bool is_call) {
  if (!is_call) {
    event_ = step;
    return;
  }
  // The first that the code shows of itself after an event may be a call.
  if (event_.event != nullptr && eventual_replay_step == event_.number) {
    Step seen = event_;
    seen.location = step.location;
    stop(StopKind::event, seen);
  }
  const auto seq = model::seq_of(*step.event);
  const bool asked_for = seq && eventual_replay_call == static_cast<std::int64_t>(*seq);
  if (asked_for) call_met_ = eventual_replay_call;
  if (asked_for || eventual_replay_step == step.number) stop(StopKind::call, step);
}

void Stops::on_going_on() {
  if (event_.event != nullptr && eventual_replay_step == event_.number)
    stop(StopKind::event, event_);
}

void Stops::on_applied(const workflow::Executor&) {
  if (eventual_replay_step == event_.number) stop(StopKind::rest, event_);
}

void Stops::on_difference(const model::Event* recorded, const model::Event* attempted,
                          std::source_location location) {
  const auto side = [](const model::Event* event) {
    return event != nullptr ? text_of(*event, 200) : std::string("nothing");
  };
  const auto seq = attempted != nullptr  ? model::seq_of(*attempted)
                   : recorded != nullptr ? model::seq_of(*recorded)
                                         : std::nullopt;
  std::string text = recorded == nullptr && attempted == nullptr
                         ? "the code does not take the version that the history has"
                         : "history: " + side(recorded) + "; code: " + side(attempted);
  stop(StopKind::difference, steps() + 1, seq ? static_cast<std::int64_t>(*seq) : -1,
       std::move(text), location.file_name(), location.line());
}

void Stops::on_end(const workflow::Executor& executor) {
  std::string text = "the history ends here";
  if (eventual_replay_call >= 0 && eventual_replay_call != call_met_)
    text += ", without call " + std::to_string(eventual_replay_call);
  if (executor.closing()) {
    text += ": the code ended with " + text_of(*executor.closing(), 200);
  } else if (executor.stuck()) {
    text += ": " + executor.stuck()->name() + ": " + executor.stuck()->message();
  } else {
    text += ": the execution is open";
  }
  stop(StopKind::end, steps(), -1, std::move(text), "", 0);
}

}  // namespace eventual::program
