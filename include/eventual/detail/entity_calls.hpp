// What entity and transaction calls ask for, without their types. Internal.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/detail/runtime.hpp"
#include "eventual/time.hpp"

namespace eventual::detail {

/// How a part of a key is written so that keys sort as their values do. Reaches disk: never
/// renumber.
enum class KeyKind : std::uint8_t { text = 1, integer = 2, unsigned_integer = 3, time = 4 };

/// One member that is part of a key.
struct KeyPart {
  std::string name;  ///< as it is on the wire
  KeyKind kind = KeyKind::text;
};

/// Items with equal partitions are one range, in the order of their sort parts.
struct KeyDefinition {
  std::vector<KeyPart> partition;
  std::vector<KeyPart> sort;
};

// Append one part of a key: its kind, then bytes that sort as the values do and end themselves.
void append_key_part(std::string& out, const std::string& value);
void append_key_part(std::string& out, std::int64_t value);
void append_key_part(std::string& out, std::uint64_t value);
void append_key_part(std::string& out, Timestamp value);

/// The bytes of an item's key, or of its place in an index.
struct KeyBytes {
  std::string partition;
  std::string sort;
  friend bool operator==(const KeyBytes&, const KeyBytes&) = default;
};

/// An operation on an entity.
struct EntityRequest {
  enum class Operation : std::uint8_t {  // reaches disk: never renumber
    get = 0,
    put = 1,
    remove = 2,
    query = 3,  ///< one partition
    scan = 4,   ///< everything; not in a transaction
  };
  Operation operation = Operation::get;
  std::string entity;
  std::string index = {};  ///< query, scan: empty for the entity's own key
  std::string key = {};  ///< get, remove: JSON array of the key's parts; query: of the partition's
  std::string value = {};                              ///< put: the item's JSON
  std::optional<std::uint64_t> expected_version = {};  ///< put, remove; 0: the item must not exist
  bool keep_version = false;                           ///< put
  std::string condition = {};  ///< query: JSON, {"between": [["a"], ["c"]]}; empty: none
  std::string select = {};     ///< query, scan: JSON array of member names; empty: all
  std::uint32_t limit = 100;
  std::string cursor = {};
  bool descending = false;
};

struct EntityCall {
  EntityRequest request;
  const void* item = nullptr;  ///< put: the item itself, for the time of the call
  DecodeFunction decode = nullptr;
  std::string (*normalise)(std::string_view json) = nullptr;  ///< of the value
  std::source_location location;
};

struct TransactionCall {
  std::string_view transaction;
  std::string input;
  std::string id;  ///< handlers: with an id it happens once
  DecodeFunction decode = nullptr;
  std::string (*normalise)(std::string_view json) = nullptr;
  std::source_location location;
};

}  // namespace eventual::detail
