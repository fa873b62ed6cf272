// A store that tells a feed of the executions that it commits.
#pragma once

#include <memory>

#include "ports/store.hpp"

namespace eventual::gateway {
class ChangeFeed;
}

namespace eventual::host {

/// `store`, and after each commit `feed`, which must outlive it, is told of every execution,
/// history and event that became durable. Costs nothing while nobody watches.
std::unique_ptr<ports::Store> watch_store(std::unique_ptr<ports::Store> store,
                                          gateway::ChangeFeed& feed);

}  // namespace eventual::host
