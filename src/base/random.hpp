// Random numbers that a seed repeats exactly, on every machine and in every version. Not for
// secrets.
#pragma once

#include <cstdint>

#include "base/assert.hpp"

namespace eventual::base {

/// SplitMix64. Equal seeds give equal sequences; recorded executions depend on them: never change
/// it.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  constexpr std::uint64_t next_u64() noexcept {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t value = state_;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
  }

  /// Uniform in [0, n). `n` is at least 1.
  constexpr std::uint64_t below(std::uint64_t n) noexcept {
    EVENTUAL_ASSERT(n > 0, "below(0) has no value to give");
    const std::uint64_t rejected = (0 - n) % n;  // the numbers that would favour small remainders
    std::uint64_t value = next_u64();
    while (value < rejected) value = next_u64();
    return value % n;
  }

  /// Uniform in [0, 1), with 53 random bits.
  constexpr double unit() noexcept { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

  /// True once in `n` on average. `n` is at least 1.
  constexpr bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }

  /// A generator with its own sequence, so that one part's draws do not shift another's.
  constexpr Random fork() noexcept { return Random(next_u64()); }

  /// The whole state; Random(state()) goes on where this one is.
  constexpr std::uint64_t state() const noexcept { return state_; }

 private:
  std::uint64_t state_;
};

}  // namespace eventual::base
