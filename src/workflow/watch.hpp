// Looks on while code is replayed for people: what a debugger stops at and what a story is told
// from.
#pragma once

#include <source_location>

#include "model/history.hpp"

namespace eventual::workflow {

/// Told from inside the code that is replayed: the coroutine that does it is on the stack. None of
/// it may change what the code does.
class Watch {
 public:
  virtual ~Watch() = default;

  /// The code made a call, and the history has the same. A compensation is made by its saga, not by
  /// a coroutine.
  virtual void on_call(const model::Event& call, std::source_location location) = 0;
  /// A coroutine goes on with the outcome of what it awaited. Also one of the framework's own, such
  /// as ev::all().
  virtual void on_going_on() = 0;
  /// Code and history differ; either side may be absent.
  virtual void on_difference(const model::Event* recorded, const model::Event* attempted,
                             std::source_location location) = 0;
};

}  // namespace eventual::workflow
