#include "engine/verify.hpp"

#include <string>
#include <utility>

#include "engine/errors.hpp"

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

/// How the code ended, told apart from how the execution did.
class EndingListener final : public ReplayListener {
 public:
  void on_call(const model::Event&, std::source_location) override {}
  void on_going_on() override {}
  void on_difference(const model::Event*, const model::Event*, std::source_location) override {}
  void on_turn(const model::Turn& turn) override {
    if (const model::Event* recorded = outcome_of(turn)) {
      recorded_ = recorded;
      at_ = turn.at;
    }
  }
  void on_event(const model::Event&) override {}
  void on_applied(const workflow::Executor&) override {}
  void on_end(const workflow::Executor& executor) override {
    if (recorded_ == nullptr || !executor.closing()) return;  // where they must, they agree
    const Json recorded = model::to_json_view(*recorded_, at_);
    const Json attempted = model::to_json_view(*executor.closing(), at_);
    if (recorded == attempted) return;
    difference = Error(std::string(error_names::k_determinism),
                       "the code ends otherwise than the recorded execution",
                       Json::object({{"recorded", recorded}, {"attempted", attempted}}).dump());
  }

  std::optional<Error> difference;

 private:
  const model::Event* recorded_ = nullptr;
  Timestamp at_{};
};

}  // namespace

std::optional<Error> replay(const detail::Declarations& declarations, std::string_view id,
                            std::uint32_t run, std::span<const model::Turn> turns,
                            ReplayListener* listener) {
  const std::string_view workflow_name = id.substr(0, id.find('/'));
  const detail::WorkflowDefinition* definition = declarations.find_workflow(workflow_name);
  if (definition == nullptr)
    return not_found("workflow " + std::string(workflow_name) + " is not declared");
  const auto* started = turns.empty() || turns.front().events.empty()
                            ? nullptr
                            : std::get_if<model::ExecutionStarted>(&turns.front().events.front());
  if (started == nullptr)
    return Error(std::string(error_names::k_corrupt), "the history does not begin with a start");

  workflow::Executor executor(declarations, *definition,
                              {std::string(id), run, started->derivation}, {});
  executor.watch(listener);
  for (const model::Turn& turn : turns) {
    if (listener != nullptr) listener->on_turn(turn);
    executor.begin_replay(turn.at, turn.calls);
    for (const model::Event& event : turn.events) {
      if (listener != nullptr) listener->on_event(event);
      executor.apply(event);
      if (listener != nullptr) listener->on_applied(executor);
    }
    executor.end_turn();
    if (executor.stuck() && executor.stuck()->name() == error_names::k_determinism) break;
  }
  if (listener != nullptr) listener->on_end(executor);
  executor.watch(nullptr);  // what its end destroys is nobody's business
  if (executor.stuck() && executor.stuck()->name() == error_names::k_determinism)
    return executor.stuck();
  return std::nullopt;
}

std::optional<Error> find_difference(const detail::Declarations& declarations, std::string_view id,
                                     const StoredExecution& stored) {
  EndingListener ending;
  std::optional<Error> difference =
      replay(declarations, id, stored.record.run, stored.turns, &ending);
  return difference ? difference : ending.difference;
}

}  // namespace eventual::engine
