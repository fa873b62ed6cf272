// A message as its row holds it: its payload within, or in the turn of its sender that records it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "model/history.hpp"
#include "model/records.hpp"

namespace eventual::model {

/// The first byte of a row that names the turn of its payload, where another message has the format
/// of records: a program that does not know it takes it for a newer version's. Reaches disk.
inline constexpr std::uint8_t k_recorded_message_format = 2;

struct MessageRow {
  Message message;  ///< its payload is empty where `turn` is set
  /// The turn of run `from_run` of `from` that records the payload: `payload_in` finds it there.
  std::optional<std::uint32_t> turn;
};

/// A row without the payload, which that turn of the sender records. `message` is as it was
/// afterwards.
std::string encode_recorded(Message& message, std::uint32_t turn);

/// A row of either form. Fails as decode_message does.
Result<MessageRow> decode_message_row(std::string_view bytes);

/// What the turn records of the message's payload: a child's input or result, a signal's payload.
/// Null where it records none. Good for as long as the turn is.
const std::string* payload_in(const Turn& turn, const Message& message) noexcept;

}  // namespace eventual::model
