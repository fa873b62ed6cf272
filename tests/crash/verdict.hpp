// What must hold of a service and of its data folder, whatever happened to its process.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "crash/http_client.hpp"
#include "crash/load.hpp"
#include "engine/engine.hpp"

namespace crash {

/// Each is one sentence about what is wrong; no test passes with one.
using Complaints = std::vector<std::string>;

/// The ids of all executions with one of the open statuses.
std::vector<std::string> open_executions(HttpClient& client, const std::string& status);

/// Asks the service how each execution ended, and for the history of those that were sent signals.
Complaints check_over_http(HttpClient& client, const std::vector<Wanted>& executions);

/// Reads the whole data folder of a service that has stopped: every execution replays without a
/// difference, each call has one result, and nothing is left to do for those that are closed.
struct StoreCheck {
  std::size_t executions = 0;
  std::size_t history_events = 0;
  std::map<std::string, std::string> statuses;  ///< by execution id
  Complaints complaints;
};
StoreCheck check_store(const std::string& folder, const std::vector<Wanted>& executions);

/// The complaints as lines, at most twenty.
std::string to_text(const Complaints& complaints);

}  // namespace crash
