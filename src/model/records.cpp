#include "model/records.hpp"

#include <array>
#include <limits>

#include "base/bytes.hpp"
#include "model/record_codec.hpp"

namespace eventual::model {

namespace {

constexpr std::array<std::string_view, 9> k_status_names = {"running",   "parked",     "paused",
                                                            "succeeded", "failed",     "cancelled",
                                                            "timed_out", "terminated", "continued"};

std::uint64_t ordered(Timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count()) ^ (std::uint64_t{1} << 63);
}
Timestamp from_ordered(std::uint64_t value) {
  return Timestamp(Duration(static_cast<std::int64_t>(value ^ (std::uint64_t{1} << 63))));
}

std::string shard_and_id(std::uint16_t shard, std::string_view id, std::size_t more) {
  std::string key;
  key.reserve(2 + id.size() + more);
  base::append_big_endian(key, shard);
  key.append(id);
  return key;
}

}  // namespace

std::string_view to_string(Status status) noexcept {
  return k_status_names[static_cast<std::size_t>(status)];
}

std::optional<Status> parse_status(std::string_view text) noexcept {
  for (std::size_t i = 0; i < k_status_names.size(); ++i) {
    if (k_status_names[i] == text) return static_cast<Status>(i);
  }
  return std::nullopt;
}

std::string encode(const ExecutionRecord& record) {
  constexpr std::size_t k_other_fields = 64;
  return encode_record(record, record.first_turn.size() + record.last_turn.size() + k_other_fields);
}
Result<ExecutionRecord> decode_execution(std::string_view bytes) {
  auto record = decode_record<ExecutionRecord>(bytes, "an execution's row");
  if (record && static_cast<std::size_t>(record->status) >= k_status_names.size()) {
    return Error(std::string(error_names::k_corrupt), "an execution's row has an unknown status");
  }
  return record;
}

std::string encode(const ScheduleRecord& record) { return encode_record(record); }
Result<ScheduleRecord> decode_schedule(std::string_view bytes) {
  return decode_record<ScheduleRecord>(bytes, "a schedule's row");
}

std::string encode(const Heartbeat& heartbeat) { return encode_record(heartbeat); }
Result<Heartbeat> decode_heartbeat(std::string_view bytes) {
  return decode_record<Heartbeat>(bytes, "a heartbeat's row");
}

std::string encode(const Message& message) { return encode_record(message); }
Result<Message> decode_message(std::string_view bytes) {
  auto message = decode_record<Message>(bytes, "a message's row");
  if (message && message->kind > Message::Kind::deferred &&
      message->kind != Message::Kind::cancel && message->kind != Message::Kind::cancel_delivered &&
      message->kind != Message::Kind::cancel_child &&
      message->kind != Message::Kind::terminate_child) {
    return Error(std::string(error_names::k_not_allowed),
                 "a message's row asks for something that only a newer version of the program "
                 "does: run that version");
  }
  return message;
}

namespace keys {

std::string execution(std::uint16_t shard, std::string_view id) {
  return shard_and_id(shard, id, 0);
}

std::string execution(std::uint16_t shard, std::string_view id, std::uint32_t run) {
  std::string key = shard_and_id(shard, id, 5);
  key.push_back('\0');
  base::append_big_endian(key, run);
  return key;
}

std::string view(std::uint16_t shard, std::string_view id) {
  return shard_and_id(shard, id, 5) + std::string("\0view", 5);
}

std::string view(std::uint16_t shard, std::string_view id, std::uint32_t run) {
  std::string key = view(shard, id);
  base::append_big_endian(key, run);
  return key;
}

std::string history(std::uint16_t shard, std::string_view id, std::uint32_t run,
                    std::uint32_t turn) {
  std::string key = shard_and_id(shard, id, 9);
  key.push_back('\0');
  base::append_big_endian(key, run);
  base::append_big_endian(key, turn);
  return key;
}

std::string history_end(std::uint16_t shard, std::string_view id, std::uint32_t run) {
  std::string key = shard_and_id(shard, id, 9);
  key.push_back('\0');
  base::append_big_endian(key, run);
  base::append_big_endian(key, std::numeric_limits<std::uint32_t>::max());
  return key;
}

std::uint32_t history_turn(std::string_view key) {
  base::ByteReader reader(key.substr(key.size() - 4));
  return reader.big_endian<std::uint32_t>().value_or(0);
}

std::string listing(Timestamp started_at, std::string_view id, std::uint32_t run) {
  std::string key;
  key.reserve(12 + id.size());
  base::append_big_endian(key, ~ordered(started_at));
  key.append(id);
  key.push_back('\0');
  base::append_big_endian(key, run);
  return key;
}

std::optional<ListingKey> parse_listing(std::string_view key) {
  if (key.size() < 14) return std::nullopt;
  base::ByteReader reader(key);
  const std::uint64_t time = ~reader.big_endian<std::uint64_t>().value_or(0);
  const std::string_view id = key.substr(8, key.size() - 13);
  base::ByteReader run(key.substr(key.size() - 4));
  return ListingKey{from_ordered(time), id, run.big_endian<std::uint32_t>().value_or(0)};
}

std::string timer(std::uint16_t shard, Timestamp due, std::string_view id, std::uint32_t run,
                  std::uint32_t seq, TimerKind kind) {
  std::string key;
  key.reserve(20 + id.size());
  base::append_big_endian(key, shard);
  base::append_big_endian(key, ordered(due));
  key.append(id);
  key.push_back('\0');
  base::append_big_endian(key, run);
  base::append_big_endian(key, seq);
  key.push_back(static_cast<char>(kind));
  return key;
}

std::optional<TimerKey> parse_timer(std::string_view key) {
  if (key.size() < 21) return std::nullopt;
  base::ByteReader head(key);
  const std::uint16_t shard = head.big_endian<std::uint16_t>().value_or(0);
  const std::uint64_t due = head.big_endian<std::uint64_t>().value_or(0);
  const std::string_view id = key.substr(10, key.size() - 20);
  base::ByteReader tail(key.substr(key.size() - 9));
  const std::uint32_t run = tail.big_endian<std::uint32_t>().value_or(0);
  const std::uint32_t seq = tail.big_endian<std::uint32_t>().value_or(0);
  return TimerKey{shard, from_ordered(due), id, run, seq, static_cast<TimerKind>(key.back())};
}

std::string timers_from(std::uint16_t shard, Timestamp due) {
  std::string key;
  base::append_big_endian(key, shard);
  base::append_big_endian(key, ordered(due));
  return key;
}
std::string timers_end(std::uint16_t shard) { return shard_end(shard); }

std::string active(std::uint16_t shard, std::string_view id) { return shard_and_id(shard, id, 0); }

std::string heartbeats(std::uint16_t shard, std::string_view id, std::uint32_t run) {
  std::string key = shard_and_id(shard, id, 9);
  key.push_back('\0');
  base::append_big_endian(key, run);
  return key;
}
std::string heartbeats_end(std::uint16_t shard, std::string_view id, std::uint32_t run) {
  return heartbeats(shard, id, run + 1);
}
std::string heartbeat(std::uint16_t shard, std::string_view id, std::uint32_t run,
                      std::uint32_t seq) {
  std::string key = heartbeats(shard, id, run);
  base::append_big_endian(key, seq);
  return key;
}
std::optional<std::string_view> parse_active(std::string_view key) {
  if (key.size() <= 2 || key.find('\0', 2) != std::string_view::npos) return std::nullopt;
  return key.substr(2);
}
std::uint32_t heartbeat_seq(std::string_view key) {
  if (key.size() < 4) return 0;
  base::ByteReader reader(key.substr(key.size() - 4));
  return reader.big_endian<std::uint32_t>().value_or(0);
}

std::string shard_prefix(std::uint16_t shard) {
  std::string key;
  base::append_big_endian(key, shard);
  return key;
}
std::string shard_end(std::uint16_t shard) {
  std::string key;
  base::append_big_endian(key, static_cast<std::uint16_t>(shard + 1));
  return key;
}

std::string message(std::uint16_t to_shard, std::uint16_t from_shard, std::uint64_t number) {
  std::string key;
  base::append_big_endian(key, to_shard);
  base::append_big_endian(key, from_shard);
  base::append_big_endian(key, number);
  return key;
}

std::string dedupe(std::uint16_t shard, std::string_view id, std::string_view message_id) {
  std::string key = shard_and_id(shard, id, message_id.size() + 1);
  key.push_back('\0');
  key.append(message_id);
  return key;
}

std::string dedupe_end(std::uint16_t shard, std::string_view id) {
  std::string key = shard_and_id(shard, id, 1);
  key.push_back('\1');
  return key;
}

std::string dedupe_update(std::uint16_t shard, std::string_view id, std::string_view update_id) {
  std::string key = shard_and_id(shard, id, update_id.size() + 2);
  key.append("\0\0", 2);
  key.append(update_id);
  return key;
}

}  // namespace keys

}  // namespace eventual::model
