// Large values of a turn apart from its record, so that each is stored once and no rewriting of the
// record copies it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"

namespace eventual::model {

/// The first byte of a split turn, where another encoded turn has its format. Reaches disk.
inline constexpr std::uint8_t k_split_turn_format = 2;

/// An encoded turn without its large values. It is read again by putting them back in.
struct SplitTurn {
  std::string bytes;
  std::vector<std::string> values;  ///< by the index under which `bytes` names them; all differ
};

/// Takes out every value of more than base::k_inline_payload_bytes_max bytes (inputs, results,
/// payloads of signals and events, messages and details of errors); equal ones become one. Nothing
/// when there are none, or when `turn` is no whole encoded turn.
std::optional<SplitTurn> split_turn(std::string_view turn);

/// Whether values must be put back in before it can be decoded.
bool is_split(std::string_view turn) noexcept;

/// What encode() gave of the turn before it was split. Fails as `read` does and as decode_turn does
/// for damaged bytes; `read` is asked for each index once.
Result<std::string> join_turn(std::string_view split,
                              const std::function<Result<std::string>(std::uint32_t index)>& read);

namespace keys {

/// payloads: a value that was taken out of a turn of a run. `turn_values` and `turn_values_end`
/// enclose those of a run.
std::string turn_value(std::uint16_t shard, std::string_view id, std::uint32_t run,
                       std::uint32_t turn, std::uint32_t index);
std::string turn_values(std::uint16_t shard, std::string_view id, std::uint32_t run);
std::string turn_values_end(std::uint16_t shard, std::string_view id, std::uint32_t run);

}  // namespace keys

}  // namespace eventual::model
