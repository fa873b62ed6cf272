#include "model/message_row.hpp"

#include <utility>
#include <variant>

#include "base/bytes.hpp"

namespace eventual::model {

namespace {

// The form of the bytes: this number, the turn, then the message as encode() gives it, with an
// empty payload. It reaches disk: another form needs another number.

template <class Call>
const Call* call_of(const Turn& turn, std::uint32_t seq) noexcept {
  for (const Event& event : turn.calls) {
    const auto* call = std::get_if<Call>(&event);
    if (call != nullptr && call->seq == seq) return call;
  }
  return nullptr;
}

}  // namespace

std::string encode_recorded(Message& message, std::uint32_t turn) {
  std::string payload = std::exchange(message.payload, {});
  std::string bytes(1, static_cast<char>(k_recorded_message_format));
  base::append_varint32(bytes, turn);
  bytes += encode(message);
  message.payload = std::move(payload);
  return bytes;
}

Result<MessageRow> decode_message_row(std::string_view bytes) {
  MessageRow row;
  if (!bytes.empty() && static_cast<std::uint8_t>(bytes.front()) == k_recorded_message_format) {
    base::ByteReader reader(bytes.substr(1));
    row.turn = reader.varint32();
    if (!row.turn) {
      return Error(std::string(error_names::k_corrupt),
                   "a message's row does not tell where its payload is");
    }
    bytes = reader.rest();
  }
  auto message = decode_message(bytes);
  if (!message) return message.error();
  row.message = std::move(*message);
  return row;
}

const std::string* payload_in(const Turn& turn, const Message& message) noexcept {
  switch (message.kind) {
    case Message::Kind::start_child: {
      const auto* child = call_of<ChildScheduled>(turn, message.from_seq);
      return child != nullptr ? &child->input.text : nullptr;
    }
    case Message::Kind::signal: {
      const auto* signal = call_of<SignalSent>(turn, message.from_seq);
      return signal != nullptr ? &signal->payload.text : nullptr;
    }
    case Message::Kind::child_closed:
      for (const Event& event : turn.events) {
        const auto* closed = std::get_if<ExecutionSucceeded>(&event);
        if (closed != nullptr) return &closed->result.text;
      }
      return nullptr;
    default:
      return nullptr;
  }
}

}  // namespace eventual::model
