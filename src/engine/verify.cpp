#include "engine/verify.hpp"

#include <string>
#include <utility>

#include "engine/errors.hpp"
#include "workflow/executor.hpp"

namespace eventual::engine {

namespace {

/// The event that closed the execution as its code decided; null when it is open or was closed from
/// outside.
const model::Event* outcome_of(const model::Turn& turn) {
  for (const model::Event& event : turn.events) {
    if (std::holds_alternative<model::ExecutionSucceeded>(event) ||
        std::holds_alternative<model::ExecutionFailed>(event) ||
        std::holds_alternative<model::ExecutionCancelled>(event) ||
        std::holds_alternative<model::ExecutionContinued>(event)) {
      return &event;
    }
  }
  return nullptr;
}

Error differs(std::string message, Timestamp at, const model::Event* recorded,
              const model::Event* attempted) {
  Json details = Json::object({});
  details.set("recorded", recorded != nullptr ? model::to_json_view(*recorded, at) : Json());
  details.set("attempted", attempted != nullptr ? model::to_json_view(*attempted, at) : Json());
  return Error(std::string(error_names::k_determinism), std::move(message), details.dump());
}

}  // namespace

std::optional<Error> find_difference(const detail::Declarations& declarations, std::string_view id,
                                     const StoredExecution& stored) {
  const std::string_view workflow_name = id.substr(0, id.find('/'));
  const detail::WorkflowDefinition* definition = declarations.find_workflow(workflow_name);
  if (definition == nullptr)
    return not_found("workflow " + std::string(workflow_name) + " is not declared");
  const auto* started =
      stored.turns.empty() || stored.turns.front().events.empty()
          ? nullptr
          : std::get_if<model::ExecutionStarted>(&stored.turns.front().events.front());
  if (started == nullptr)
    return Error(std::string(error_names::k_corrupt), "the history does not begin with a start");

  workflow::Executor executor(declarations, *definition,
                              {std::string(id), stored.record.run, started->derivation}, {});
  for (const model::Turn& turn : stored.turns) {
    executor.begin_replay(turn.at, turn.calls);
    for (const model::Event& event : turn.events) executor.apply(event);
    executor.end_turn();
    if (executor.stuck() && executor.stuck()->name() == error_names::k_determinism)
      return executor.stuck();
    const model::Event* recorded = outcome_of(turn);
    if (recorded == nullptr && executor.closing()) {
      return differs("the code ends as " + std::string(model::type_of(*executor.closing())) +
                         " at a point where the recorded execution went on",
                     turn.at, nullptr, &*executor.closing());
    }
    if (recorded != nullptr) {
      if (!executor.closing()) {
        return differs("the code goes on where the recorded execution ended as " +
                           std::string(model::type_of(*recorded)),
                       turn.at, recorded, nullptr);
      }
      if (model::to_json_view(*recorded, turn.at) !=
          model::to_json_view(*executor.closing(), turn.at)) {
        return differs("the code ends otherwise than the recorded execution", turn.at, recorded,
                       &*executor.closing());
      }
    }
  }
  return std::nullopt;
}

}  // namespace eventual::engine
