// The rows of entities and their ordered keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/detail/entity_calls.hpp"
#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "eventual/time.hpp"

namespace eventual::model {

/// Where an item stands in one of its indexes.
struct IndexPlace {
  std::string index;
  detail::KeyBytes key;
  friend bool operator==(const IndexPlace&, const IndexPlace&) = default;
};

/// One item. Its places are kept with it: they are found again when the declaration has changed.
struct EntityRecord {
  std::uint64_t stamp = 0;  ///< of the commit that wrote it: two rows with one stamp are one row
  std::uint64_t version = 0;
  std::string key;    ///< JSON array of the key's parts
  std::string value;  ///< JSON
  std::vector<IndexPlace> places;
};

std::string encode(const EntityRecord& record);
/// Corrupt when the bytes are no item; NotAllowed when a newer program wrote them.
Result<EntityRecord> decode_entity(std::string_view bytes);

/// What is kept of a transaction that was called with an id.
struct TransactionRecord {
  Timestamp at{};
  std::uint64_t input_hash = 0;
  std::string result;  ///< JSON
};

std::string encode(const TransactionRecord& record);
Result<TransactionRecord> decode_transaction(std::string_view bytes);

/// A call of a workflow that changes entities: it may happen while its row says so, and the row
/// then holds its result. The row goes when the history has it.
struct OpenStoreCall {
  bool done = false;
  std::string result;  ///< JSON
};

std::string encode(const OpenStoreCall& call);
Result<OpenStoreCall> decode_open_store_call(std::string_view bytes);

/// The bytes of a key from JSON, by the kinds of its parts; all of them, or with `may_be_partial`
/// the first few. InvalidInput says which part does not fit.
Result<std::string> key_bytes(const std::vector<detail::KeyPart>& parts, const Json& values,
                              bool may_be_partial = false);
/// As key_bytes of a prefix whose last part is text that only begins so.
Result<std::string> key_bytes_beginning(const std::vector<detail::KeyPart>& parts,
                                        const Json& values);
/// The parts of key bytes as a JSON array. Corrupt.
Result<Json> key_values(std::string_view bytes);

/// How many of the bytes of a key its first `parts` parts take; all where it has fewer.
std::size_t parts_length(std::string_view bytes, std::size_t parts);

namespace keys {

/// entities: all of an entity; of one partition with its bytes; one item with the sort bytes too.
std::string entity(std::string_view entity);
/// indexes: all of an index. Behind it stand partition, sort and the item's key.
std::string index(std::string_view entity, std::string_view index);
/// indexes: changes when anything does in the partitions that share it. No index: the entity's own.
std::string range_guard(std::string_view entity, std::string_view index,
                        std::string_view partition);
/// dedupe: a transaction that was called with an id, and the same by time, for forgetting it.
std::string transaction_id(std::string_view transaction, std::string_view id);
std::string transaction_time(Timestamp at, std::string_view transaction, std::string_view id);
/// All of the second kind.
std::string transaction_times();
struct TransactionTime {
  Timestamp at;
  std::string_view transaction;
  std::string_view id;
};
std::optional<TransactionTime> parse_transaction_time(std::string_view key);
/// dedupe: OpenStoreCall; `name` is the call's own, over restarts and retries.
std::string open_store_call(std::string_view name);

}  // namespace keys

}  // namespace eventual::model
