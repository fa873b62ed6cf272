// The calls of a history, with their times: what a timeline draws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventual/json.hpp"
#include "eventual/time.hpp"

namespace eventual::cli {

struct CallAttempt {
  Timestamp began{};
  std::optional<Timestamp> ended;  ///< absent: it runs
  std::string error;               ///< its name; empty: none
};

/// One call, or a signal, update or hold that came from outside.
struct Call {
  std::optional<std::uint64_t> seq;  ///< absent: it came from outside
  std::string kind;  ///< task, timer, child, signal_send, condition, signal, cancel, update,
                     ///< paused, parked
  std::string name;
  Timestamp began{};
  std::optional<Timestamp> ended;     ///< absent: it is open
  std::string outcome;                ///< succeeded, failed, timed_out, …; empty: open
  std::string error;                  ///< its name
  std::vector<CallAttempt> attempts;  ///< of tasks
};

struct Calls {
  std::vector<Call> calls;  ///< in the order in which they began
  Timestamp began{};
  std::optional<Timestamp> ended;
  std::string outcome;  ///< of the execution: succeeded, …; empty: open
};

/// Of the events as /history gives them. Kinds that are not known are left out. A condition or an
/// expected signal that came true leaves no event: it ends where the code went on.
Calls calls_of(const Json& events);

}  // namespace eventual::cli
