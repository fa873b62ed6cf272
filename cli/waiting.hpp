// Why an execution does not move, in words.
#pragma once

#include <string>
#include <vector>

#include "eventual/json.hpp"
#include "eventual/time.hpp"

namespace eventual::cli {

/// One entry of `waiting_for`: what it waits for, since when, and what wakes it. `execution_id` is
/// for the commands that it names.
std::string waits_for(const eventual::Json& entry, const std::string& execution_id,
                      eventual::Timestamp now);

/// The whole document of an execution in one sentence.
std::string why(const eventual::Json& execution, eventual::Timestamp now);

}  // namespace eventual::cli
