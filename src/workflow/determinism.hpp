// Comparisons between a history and what the code does on replay.
#pragma once

#include <string>
#include <string_view>

#include "model/history.hpp"

namespace eventual::workflow {

bool is_closing(const model::Event& event);

/// Whether an execution that ended as `recorded` would end so again. The words of an error may
/// change.
bool same_ending(const model::Event& recorded, const model::Event& attempted,
                 std::string (*normalise)(std::string_view));

/// Whether the history's call is the one that the code makes: kind, number, name and input.
/// `normalise` may be null.
bool same_call(const model::Event& recorded, const model::Event& attempted,
               std::string (*normalise)(std::string_view));

}  // namespace eventual::workflow
