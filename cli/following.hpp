// Waiting for executions.
#pragma once

#include <functional>

#include "cli/context.hpp"

namespace eventual::cli {

/// Waits until the execution closes, however long that takes, and prints its result or error; with
/// --json the document of …/result. Gives the exit code: 1 when it did not succeed.
int wait_for_end(Context& context, const ports::ExecutionRef& execution);

/// Calls `look` whenever its history has grown, until the execution has closed, and once after
/// that; about once a second where the service has no stream. Gives the exit code: 1 when it did
/// not succeed.
int follow_to_end(Context& context, const ports::ExecutionRef& execution,
                  const std::function<void()>& look);

}  // namespace eventual::cli
