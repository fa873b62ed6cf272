// What a history says of its execution as a whole, when another service wrote it.
#pragma once

#include <optional>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "model/exported_history.hpp"
#include "model/records.hpp"

namespace eventual::engine {

/// The name of the error when something that an imported execution waits for is not in this store.
inline constexpr std::string_view k_missing_execution = "MissingExecution";

struct ImportedStory {
  model::Status status = model::Status::running;
  Timestamp started_at{};
  std::optional<Timestamp> closed_at;
  model::ErrorRecord reason;  ///< why it is parked or paused
};

/// The history is as check_history asks. InvalidInput where its events cannot be those of one
/// execution: they go on after its end, its time runs backwards, or it is told to be closed and
/// its end is missing.
Result<ImportedStory> read_story(const model::ExportedHistory& history);

/// Whether a call of an entity or transaction may change something.
bool writes_store(const model::Event& call) noexcept;

}  // namespace eventual::engine
