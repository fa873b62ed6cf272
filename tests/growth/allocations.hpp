// Counts what the program allocates. Sanitizers bring their own operator new: there it counts
// nothing.
#pragma once

#include <cstdint>

namespace eventual::test {

/// False where they cannot be counted.
bool counts_allocations() noexcept;
/// Calls of operator new so far, by all threads.
std::uint64_t allocations() noexcept;

}  // namespace eventual::test
