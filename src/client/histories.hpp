// Histories of a running service, whole.
#pragma once

#include "client/operations_client.hpp"
#include "eventual/error.hpp"
#include "model/exported_history.hpp"
#include "ports/operations.hpp"

namespace eventual::client {

/// All of a history, page by page, and checked, so that it can be replayed. NotFound, NotAllowed (a
/// newer format), and as OperationsClient. Blocks.
Result<model::ExportedHistory> download_history(OperationsClient& client,
                                                const ports::ExecutionRef& execution);

}  // namespace eventual::client
