#include "program/replay/walk.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "eventual/time.hpp"

namespace eventual::program {
namespace {

/// Whether it ends what the call of its number waits for.
bool answers(const model::Event& event) {
  return !model::is_call(event) && model::seq_of(event).has_value() &&
         !std::holds_alternative<model::TaskAttemptFailed>(event) &&
         !std::holds_alternative<model::TaskAttemptStarted>(event) &&
         !std::holds_alternative<model::TaskAttemptDeferred>(event) &&
         !std::holds_alternative<model::ExecutionAdopted>(event);
}

/// At most `width` bytes, cut between characters.
std::string cut(std::string text, std::size_t width) {
  if (width == 0 || text.size() <= width) return text;
  std::size_t end = width;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text + "…";
}

}  // namespace

std::uint64_t Walk::steps_of(const model::ExportedHistory& history) {
  std::uint64_t steps = 0;
  for (const model::Turn& turn : history.turns) steps += turn.events.size() + turn.calls.size();
  return steps;
}

void Walk::on_turn(const model::Turn& next) {
  at_ = next.at;
  turn(next);
}

void Walk::on_event(const model::Event& event) {
  step({++steps_, at_, &event, {}}, false);
  if (!answers(event)) return;
  const auto call = open_.find(*model::seq_of(event));
  if (call == open_.end()) return;
  // A child that somebody waits for goes on after it was started.
  const auto* child = std::get_if<model::ChildScheduled>(call->second.call);
  if (std::holds_alternative<model::ChildStarted>(event) && child != nullptr &&
      child->wait_for_result) {
    return;
  }
  open_.erase(call);
}

void Walk::on_call(const model::Event& call, std::source_location location) {
  step({++steps_, at_, &call, location}, true);
  if (model::awaits_answer(call)) open_.emplace(*model::seq_of(call), OpenCall{&call, location});
  if (const auto* cancelled = std::get_if<model::CallCancelled>(&call);
      cancelled != nullptr && !cancelled->waits) {
    open_.erase(cancelled->call);
  }
}

std::string place_of(const std::string& file_and_line) {
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string() + "/";
  if (!error && file_and_line.starts_with(here)) return file_and_line.substr(here.size());
  return file_and_line;
}

std::string place_of(std::source_location location) {
  return place_of(std::string(location.file_name()) + ":" + std::to_string(location.line()));
}

std::string text_of(const model::Event& event, std::size_t width) {
  std::string text(model::type_of(event));
  const auto add = [&text](std::string_view word) {
    text += ' ';
    text += word;
  };
  std::visit(
      [&](const auto& value) {
        if constexpr (requires { value.task; }) add(value.task);
        if constexpr (requires { value.workflow; }) add(value.workflow + "/" + value.name);
        if constexpr (requires { value.signal; }) add(value.signal);
        if constexpr (requires { value.update; }) add(value.update);
        if constexpr (requires { value.change; })
          add(value.change + " version " + std::to_string(value.version));
        if constexpr (requires { value.call; }) add("of call " + std::to_string(value.call));
        if constexpr (requires {
                        value.execution_id;
                        value.seq;
                      })
          add(value.execution_id);
        if constexpr (requires { value.attempt; }) {
          if (value.attempt > 1) add("attempt " + std::to_string(value.attempt));
        }
        if constexpr (requires { value.due; }) add("due " + to_iso8601(value.due));
        if constexpr (requires { value.next_at; }) add("again at " + to_iso8601(value.next_at));
        if constexpr (requires { value.input.text; }) add(cut(value.input.text, width));
        if constexpr (requires { value.payload.text; }) add(cut(value.payload.text, width));
        if constexpr (requires { value.result.text; }) add(cut(value.result.text, width));
        if constexpr (requires { value.error.name; })
          add(value.error.name + ": " + cut(value.error.message, width));
        if constexpr (requires { value.reason.size(); }) {
          if (!value.reason.empty()) add(cut(value.reason, width));
        }
        if constexpr (requires { value.source_id; })
          add("from " + value.source_id + " run " + std::to_string(value.source_run));
      },
      event);
  return text;
}

}  // namespace eventual::program
