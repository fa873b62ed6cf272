// Waiting for what happens outside of the engine.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "eventual/detail/runtime.hpp"
#include "eventual/error.hpp"

namespace eventual::ports {

/// What a runtime is, besides, whose code may wait for the outside: handlers', and plain threads'.
class OutsideCalls {
 public:
  /// Settles a future with a result as JSON text, once; any thread, also when nobody waits any
  /// more.
  using Complete = std::function<void(Result<std::string> json)>;

  virtual ~OutsideCalls() = default;
  /// Calls `begin`, on this thread, with what settles the future.
  virtual detail::SlotRef call_outside(detail::DecodeFunction decode,
                                       const std::function<void(Complete)>& begin) = 0;
  /// The next of a sequence of keys that is the same for every attempt of a task's call; nothing
  /// where the code is no attempt.
  virtual std::optional<std::string> next_outside_key() = 0;
};

}  // namespace eventual::ports
