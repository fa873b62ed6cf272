#include "engine/imported_story.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/payload_limit.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {
namespace {

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

/// The status that the event leads to; nothing when it changes none.
std::optional<model::Status> status_after(const model::Event& event) noexcept {
  using model::Status;
  return std::visit(
      [](const auto& value) -> std::optional<Status> {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, model::ExecutionSucceeded>) {
          return Status::succeeded;
        } else if constexpr (std::is_same_v<T, model::ExecutionFailed>) {
          return Status::failed;
        } else if constexpr (std::is_same_v<T, model::ExecutionCancelled>) {
          return Status::cancelled;
        } else if constexpr (std::is_same_v<T, model::ExecutionTimedOut>) {
          return Status::timed_out;
        } else if constexpr (std::is_same_v<T, model::ExecutionTerminated>) {
          return Status::terminated;
        } else if constexpr (std::is_same_v<T, model::ExecutionContinued>) {
          return Status::continued;
        } else if constexpr (std::is_same_v<T, model::ExecutionParked>) {
          return Status::parked;
        } else if constexpr (std::is_same_v<T, model::ExecutionPaused>) {
          return Status::paused;
        } else if constexpr (std::is_same_v<T, model::ExecutionUnparked> ||
                             std::is_same_v<T, model::ExecutionResumed> ||
                             std::is_same_v<T, model::ExecutionForked>) {
          return Status::running;
        } else {
          return std::nullopt;
        }
      },
      event);
}

model::ErrorRecord reason_of(const model::Event& event) {
  if (const auto* parked = std::get_if<model::ExecutionParked>(&event)) return parked->error;
  if (const auto* paused = std::get_if<model::ExecutionPaused>(&event))
    return model::ErrorRecord(Error(std::string(k_paused_reason), paused->reason));
  return {};
}

}  // namespace

bool writes_store(const model::Event& call) noexcept {
  const auto* entity = std::get_if<model::EntityCalled>(&call);
  return entity == nullptr || entity->operation == "put" || entity->operation == "remove";
}

Result<ImportedStory> read_story(const model::ExportedHistory& history) {
  constexpr auto k_last_run = std::numeric_limits<std::uint32_t>::max();
  if (history.run == k_last_run) return invalid("a run of that number could have none after it");
  const auto& started = std::get<model::ExecutionStarted>(history.turns.front().events.front());
  if (const auto most = started.payload_bytes_max) {
    if (const Result<void> limit = base::check_payload_limit(*most); !limit) return limit.error();
  }
  ImportedStory story;
  story.started_at = history.turns.front().at;
  Timestamp last = story.started_at;
  for (const model::Turn& turn : history.turns) {
    const std::string place = "turn " + std::to_string(turn.number) + " of the history";
    if (story.closed_at) return invalid(place + " is behind its end");
    if (turn.at < last) return invalid(place + " is earlier than the one before it");
    last = turn.at;
    for (const model::Event& event : turn.events) {
      const auto status = status_after(event);
      if (!status) continue;
      if (story.closed_at) return invalid(place + " ends it twice");
      story.status = *status;
      story.reason = reason_of(event);
      if (std::holds_alternative<model::ExecutionForked>(event)) story.started_at = turn.at;
      if (model::is_closed(*status)) story.closed_at = turn.at;
    }
  }
  if (!history.kept.empty() && story.status != model::Status::paused &&
      story.status != model::Status::parked) {
    return invalid(
        "the history holds what a paused or parked execution kept, and is of one that is " +
        std::string(model::to_string(story.status)));
  }
  const auto told = model::parse_status(history.status);
  if (told && model::is_closed(*told) && !story.closed_at) {
    return invalid("the history is of an execution that is " + history.status +
                   ", and does not hold its end");
  }
  return story;
}

}  // namespace eventual::engine
