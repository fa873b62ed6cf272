// The errors that the engine answers with, and what keys are made of.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.hpp"
#include "eventual/error.hpp"

namespace eventual::engine {

inline std::uint16_t shard_of_id(std::string_view id, std::uint16_t shards) noexcept {
  return static_cast<std::uint16_t>(base::stable_hash(id) % shards);
}

/// In the reason of a paused execution's record, beside what was said when it was paused.
inline constexpr std::string_view k_paused_reason = "Paused";

inline Error not_found(std::string message) {
  return Error(std::string(error_names::k_not_found), std::move(message));
}
/// With the names that there are, or the first of them.
inline Error not_declared(std::string_view kind, std::string_view name,
                          const std::vector<std::string_view>& declared) {
  constexpr std::size_t k_told_max = 10;
  std::string text = fmt::format("{} {} is not declared", kind, name);
  for (std::size_t i = 0; i < std::min(declared.size(), k_told_max); ++i) {
    text += i == 0 ? "; there are " : ", ";
    text += declared[i];
  }
  if (declared.size() > k_told_max)
    text += fmt::format(" and {} more", declared.size() - k_told_max);
  return not_found(std::move(text));
}
inline Error closed_error(std::string_view id) {
  return Error(std::string(error_names::k_closed), "execution " + std::string(id) + " is closed");
}
inline Error limit_exceeded(std::string message) {
  return Error(std::string(error_names::k_limit_exceeded), std::move(message));
}
inline Error timed_out_error(std::string_view id) {
  return Timeout("execution " + std::string(id) + " took longer than allowed");
}
inline Error terminated_error(std::string_view id, std::string_view reason) {
  return Error("Terminated", "execution " + std::string(id) + " was terminated" +
                                 (reason.empty() ? std::string() : ": " + std::string(reason)));
}

}  // namespace eventual::engine
