// A hash that is the same on every machine and in every version: it decides which shard owns an
// execution.
#pragma once

#include <cstdint>
#include <string_view>

namespace eventual::base {

/// A permutation of 64-bit numbers that spreads neighbours apart (SplitMix64's finaliser).
constexpr std::uint64_t mix64(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

/// FNV-1a, then mixed, so that any bits of the result may be used. Its values reach disk: never
/// change it.
constexpr std::uint64_t stable_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x00000100000001b3ULL;
  }
  return mix64(hash);
}

}  // namespace eventual::base
