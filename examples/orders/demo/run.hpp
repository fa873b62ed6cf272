// Places the orders, kills and restarts the service meanwhile, and collects what became of
// everything.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger.hpp"
#include "plan.hpp"

namespace demo {

/// What became of one planned order.
struct Placed {
  bool acknowledged = false;
  bool cancelled_in_time =
      false;  ///< the service acknowledged the cancellation while the window must have been open
  std::string refusal;  ///< an answer that no retry can mend
  std::string status;   ///< of its execution
  std::string error;    ///< the name of its error, or empty
  std::string receipt_order_id;
  std::string receipt_tracking_id;
};

struct Report {
  std::vector<Placed> orders;  ///< as in the plan
  std::size_t executions = 0;  ///< that the service lists
  std::size_t kills = 0;
  std::vector<std::chrono::milliseconds>
      restarts;  ///< from the start of the process until it was ready
  std::chrono::milliseconds elapsed{};
  std::vector<ledger::Entry> ledger;
  std::vector<std::string> troubles;  ///< of the service itself
};

/// Main thread only. Throws std::runtime_error when the run cannot go on, or was interrupted by
/// SIGINT or SIGTERM. `folder` is empty and private to this run.
Report run(const Settings& settings, const Plan& plan, const std::string& folder);

/// Set by SIGINT and SIGTERM.
void handle_interrupts();
bool interrupted();

}  // namespace demo
