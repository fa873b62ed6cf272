// Where a debugger stops a replay. The scripts beside it read and write these symbols by name and
// layout: never rename or reorder, only append.
#pragma once

#include <cstdint>

extern "C" {

/// What a stop is about. All members have 8 bytes.
struct eventual_replay_place {  // NOLINT(readability-identifier-naming): a C name
  std::uint64_t kind;           ///< EVENTUAL_REPLAY_… as in the scripts: see StopKind
  std::uint64_t step;
  std::uint64_t steps;  ///< of the whole history
  std::uint64_t turn;
  std::int64_t call;  ///< -1: none
  const char* text;
  const char* file;
  std::uint64_t line;
};

extern eventual_replay_place eventual_replay_here;   // NOLINT
extern volatile std::uint64_t eventual_replay_step;  // NOLINT: the step to stop at; 0: none
extern volatile std::int64_t eventual_replay_call;   // NOLINT: the call to stop at; -1: none

/// Called where the replay is to stop, with the coroutine concerned on the stack. Does nothing.
void eventual_replay_stop();  // NOLINT
}

namespace eventual::program {

enum class StopKind : std::uint64_t {  // the scripts know the numbers
  call = 0,                            ///< the coroutine on the stack makes the call
  event = 1,                           ///< the event was applied and a coroutine goes on with it
  rest = 2,        ///< the event was applied, and no coroutine is on the stack any more
  difference = 3,  ///< code and history differ
  end = 4,         ///< the history is over
};

}  // namespace eventual::program
