// Waiting for executions.
#pragma once

#include "cli/context.hpp"

namespace eventual::cli {

/// Waits until the execution closes, however long that takes, and prints its result or error; with
/// --json the document of …/result. Gives the exit code: 1 when it did not succeed.
int wait_for_end(Context& context, const ports::ExecutionRef& execution);

}  // namespace eventual::cli
