// Assertions that stay on in every build: a programmer error stops the process before it can do
// harm.
#pragma once

namespace eventual::base {

/// Prints "file:line: assertion failed: condition: why" to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* why, const char* file,
                                   int line) noexcept;

}  // namespace eventual::base

#define EVENTUAL_ASSERT(condition, why) \
  ((condition) ? static_cast<void>(0)   \
               : ::eventual::base::assertion_failed(#condition, why, __FILE__, __LINE__))
