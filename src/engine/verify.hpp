// Whether today's code agrees with a history.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/engine.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/error.hpp"
#include "model/history.hpp"
#include "workflow/executor.hpp"

namespace eventual::engine {

/// Told how a replay goes on. What code does while an event is applied is told in between, as
/// workflow::Watch says.
class ReplayListener : public workflow::Watch {
 public:
  virtual void on_turn(const model::Turn& turn) = 0;
  /// The event is about to be applied.
  virtual void on_event(const model::Event& event) = 0;
  /// It was applied, and everything that became runnable has run.
  virtual void on_applied(const workflow::Executor& executor) = 0;
  /// The whole history was applied, or it differs from the code; not told when it could not begin.
  virtual void on_end(const workflow::Executor& executor) = 0;
};

/// Runs the code of run `run` of execution `id` over a history, without any effect, and tells
/// `listener`, which may be null. The turns are as check_history asks.
///
/// Nothing when the code makes the same calls and ends alike (the words of an error may differ), as
/// the engine requires when it takes an execution up; otherwise a DeterminismError with both sides,
/// NotFound when the workflow is not declared, or Corrupt. Any thread.
std::optional<Error> replay(const detail::Declarations& declarations, std::string_view id,
                            std::uint32_t run, std::span<const model::Turn> turns,
                            ReplayListener* listener = nullptr);

/// The same for a stored execution; the words of an error must be the same too.
std::optional<Error> find_difference(const detail::Declarations& declarations, std::string_view id,
                                     const StoredExecution& stored);

}  // namespace eventual::engine
