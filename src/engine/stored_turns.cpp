#include "engine/stored_turns.hpp"

#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "engine/errors.hpp"
#include "model/message_row.hpp"
#include "model/split_turn.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

/// The same without its large values, whose rows are put where the store does not hold them: a
/// record is written again when its run parks or closes, and may come from a program that kept the
/// values within it.
std::string split_of_record(ports::Store& store, ports::Batch& batch, std::uint16_t shard,
                            std::string_view id, std::uint32_t run, std::uint32_t turn,
                            const std::string& bytes) {
  auto split = model::split_turn(bytes);
  if (!split) return bytes;
  for (std::uint32_t index = 0; index < split->values.size(); ++index) {
    std::string key = keys::turn_value(shard, id, run, turn, index);
    const auto kept = store.get(Table::payloads, key);
    if (kept && *kept == split->values[index]) continue;
    batch.put(Table::payloads, std::move(key), std::move(split->values[index]));
  }
  return std::move(split->bytes);
}

/// What model::encode gave of a turn that was split.
Result<std::string> whole_turn(ports::Store& store, std::uint16_t shard, std::string_view id,
                               std::uint32_t run, std::uint32_t turn, std::string_view bytes) {
  return model::join_turn(bytes, [&](std::uint32_t index) -> Result<std::string> {
    auto row = store.get(Table::payloads, keys::turn_value(shard, id, run, turn, index));
    if (!row) return row.error();
    if (*row) return std::move(**row);
    return Error(std::string(error_names::k_corrupt),
                 "a value of turn " + std::to_string(turn) + " is missing: its row " +
                     std::to_string(index) + " of the payloads does not exist");
  });
}

/// The number of a record's last turn, which is kept within it.
std::uint32_t last_turn_of(const model::ExecutionRecord& record) {
  return record.turns == 0 ? 0 : record.turns - 1;
}

std::string turn_name(std::string_view id, std::uint32_t run, std::uint32_t turn) {
  return "turn " + std::to_string(turn) + " of run " + std::to_string(run) + " of " +
         std::string(id);
}

/// One turn of a run, wherever it is kept.
Result<model::Turn> find_turn(ports::Store& store, std::uint16_t shard, std::string_view id,
                              std::uint32_t run, std::uint32_t turn) {
  const auto row = store.get(Table::history, keys::history(shard, id, run, turn));
  if (!row) return row.error();
  if (*row) return read_turn(store, shard, id, run, turn, **row);
  for (const std::string& key : {keys::execution(shard, id), keys::execution(shard, id, run)}) {
    const auto stored = store.get(Table::executions, key);
    if (!stored) return stored.error();
    if (!*stored) continue;
    const auto record = read_record_row(store, shard, id, **stored);
    if (!record) return record.error();
    if (record->run != run) continue;
    if (turn == 0) return model::decode_turn(record->first_turn, turn);
    if (turn == last_turn_of(*record)) return model::decode_turn(record->last_turn, turn);
    break;
  }
  return Error(std::string(error_names::k_corrupt), turn_name(id, run, turn) + " is missing");
}

}  // namespace

void put_turn(ports::Batch& batch, std::uint16_t shard, std::string_view id, std::uint32_t run,
              std::uint32_t turn, std::string bytes) {
  if (auto split = model::split_turn(bytes)) {
    for (std::uint32_t index = 0; index < split->values.size(); ++index) {
      batch.put(Table::payloads, keys::turn_value(shard, id, run, turn, index),
                std::move(split->values[index]));
    }
    bytes = std::move(split->bytes);
  }
  batch.put(Table::history, keys::history(shard, id, run, turn), std::move(bytes));
}

std::string encode_record(ports::Store& store, ports::Batch& batch, std::uint16_t shard,
                          std::string_view id, const model::ExecutionRecord& record) {
  if (record.first_turn.size() <= base::k_inline_payload_bytes_max &&
      record.last_turn.size() <= base::k_inline_payload_bytes_max) {
    return model::encode(record);
  }
  model::ExecutionRecord row = record;
  row.first_turn = split_of_record(store, batch, shard, id, record.run, 0, record.first_turn);
  row.last_turn =
      split_of_record(store, batch, shard, id, record.run, last_turn_of(record), record.last_turn);
  return model::encode(row);
}

Result<model::Turn> read_turn(ports::Store& store, std::uint16_t shard, std::string_view id,
                              std::uint32_t run, std::uint32_t turn, std::string_view bytes) {
  if (!model::is_split(bytes)) return model::decode_turn(bytes, turn);
  const auto whole = whole_turn(store, shard, id, run, turn, bytes);
  if (!whole) return whole.error();
  return model::decode_turn(*whole, turn);
}

Result<model::ExecutionRecord> read_record_row(ports::Store& store, std::uint16_t shard,
                                               std::string_view id, std::string_view bytes) {
  auto record = model::decode_execution(bytes);
  if (!record) return record;
  const auto make_whole = [&](std::string& turn, std::uint32_t number) -> Result<void> {
    if (!model::is_split(turn)) return {};
    auto whole = whole_turn(store, shard, id, record->run, number, turn);
    if (whole) {
      turn = std::move(*whole);
    } else if (whole.error().name() == error_names::k_unavailable) {
      return whole.error();
    }
    return {};
  };
  if (auto made = make_whole(record->first_turn, 0); !made) return made.error();
  if (auto made = make_whole(record->last_turn, last_turn_of(*record)); !made) return made.error();
  return record;
}

Result<model::Message> read_message(ports::Store& store, std::uint16_t shards,
                                    std::string_view bytes) {
  auto row = model::decode_message_row(bytes);
  if (!row) return row.error();
  model::Message& message = row->message;
  if (!row->turn) return std::move(message);
  const auto turn = find_turn(store, shard_of_id(message.from, shards), message.from,
                              message.from_run, *row->turn);
  if (!turn) return turn.error();
  const std::string* const payload = model::payload_in(*turn, message);
  if (payload == nullptr) {
    return Error(std::string(error_names::k_corrupt),
                 turn_name(message.from, message.from_run, *row->turn) +
                     " does not record what the message to " + message.to + " says");
  }
  message.payload = *payload;
  return std::move(message);
}

void remove_turn_values(ports::Store& store, ports::Batch& batch, std::uint16_t shard,
                        std::string_view id, std::uint32_t first, std::uint32_t last) {
  std::string from = keys::turn_values(shard, id, first);
  std::string to = keys::turn_values_end(shard, id, last);
  bool any = false;
  const auto scanned =
      store.scan(Table::payloads, {from, to}, [&](std::string_view, std::string_view) {
        any = true;
        return false;
      });
  if (any || !scanned) batch.remove_range(Table::payloads, std::move(from), std::move(to));
}

}  // namespace eventual::engine
