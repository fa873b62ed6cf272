#include "program/replay/stop.hpp"

extern "C" {

// Volatile, and with a default that the linker must keep: only a debugger writes them.
[[gnu::used]] eventual_replay_place eventual_replay_here{};     // NOLINT
[[gnu::used]] volatile std::uint64_t eventual_replay_step = 0;  // NOLINT
[[gnu::used]] volatile std::int64_t eventual_replay_call = -1;  // NOLINT

[[gnu::noinline, gnu::used]] void eventual_replay_stop() {  // NOLINT
  asm volatile("" ::: "memory");                            // so that no call of it is left out
}
}
