// What the keys of stored rows say (records.hpp makes them).
#pragma once

#include <cstddef>
#include <string_view>

namespace eventual::model::keys {

/// The execution that a key of `executions` or `history` is of: what stands between the two bytes
/// of the shard and the first NUL, which no id holds.
inline std::string_view id_in(std::string_view key) noexcept {
  constexpr std::size_t k_shard_bytes = 2;
  if (key.size() < k_shard_bytes) return {};
  key.remove_prefix(k_shard_bytes);
  return key.substr(0, key.find('\0'));
}

/// The part of a key of `history` that all turns of a run share.
inline std::string_view run_in(std::string_view history_key) noexcept {
  constexpr std::size_t k_turn_bytes = 4;
  if (history_key.size() < k_turn_bytes) return {};
  history_key.remove_suffix(k_turn_bytes);
  return history_key;
}

/// The key of the latest run in `executions`, of what run_in gave.
inline std::string_view execution_in(std::string_view run) noexcept {
  constexpr std::size_t k_run_bytes = 5;  // with the NUL before it
  if (run.size() < k_run_bytes) return {};
  run.remove_suffix(k_run_bytes);
  return run;
}

}  // namespace eventual::model::keys
