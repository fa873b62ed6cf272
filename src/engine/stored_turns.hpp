// Turns and records as the store keeps them: large values in rows of their own (the payloads
// table), each once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "model/history.hpp"
#include "model/records.hpp"
#include "ports/store.hpp"

namespace eventual::engine {

/// Puts the row of a turn, as model::encode gives it, and those of its large values.
void put_turn(ports::Batch& batch, std::uint16_t shard, std::string_view id, std::uint32_t run,
              std::uint32_t turn, std::string bytes);

/// A run's record as a row's value; puts the rows of its turns' large values unless the store holds
/// them already.
std::string encode_record(ports::Store& store, ports::Batch& batch, std::uint16_t shard,
                          std::string_view id, const model::ExecutionRecord& record);

/// The turn of a row or of a record. Fails as model::decode_turn does; Corrupt when a row of its
/// values is missing, Unavailable when the store does not answer.
Result<model::Turn> read_turn(ports::Store& store, std::uint16_t shard, std::string_view id,
                              std::uint32_t run, std::uint32_t turn, std::string_view bytes);

/// The record of a row, with whole turns. A turn whose values are missing stays as it is: decoding
/// it tells so. Fails as model::decode_execution and as the store do.
Result<model::ExecutionRecord> read_record_row(ports::Store& store, std::uint16_t shard,
                                               std::string_view id, std::string_view bytes);

/// The message of a row, whole. Fails as model::decode_message and as the store do; Corrupt when
/// the turn that records its payload is missing or records none.
Result<model::Message> read_message(ports::Store& store, std::uint16_t shards,
                                    std::string_view bytes);

/// Removes the rows of all values of runs `first` to `last`; nothing is written where there are
/// none.
void remove_turn_values(ports::Store& store, ports::Batch& batch, std::uint16_t shard,
                        std::string_view id, std::uint32_t first, std::uint32_t last);

}  // namespace eventual::engine
