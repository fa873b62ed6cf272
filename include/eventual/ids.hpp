// Identity: what names an execution.
#pragma once

#include <cstdint>
#include <string>

namespace eventual {

/// A running or closed execution. `id` is "<workflow>/<name>"; `run` counts from 1 and grows when
/// it is continued or retried.
struct ExecutionId {
  std::string id;
  std::uint32_t run = 0;  ///< 0: the latest

  friend bool operator==(const ExecutionId&, const ExecutionId&) = default;
};

}  // namespace eventual
