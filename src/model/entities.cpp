#include "model/entities.hpp"

#include <algorithm>
#include <charconv>
#include <type_traits>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"

namespace eventual::detail {

namespace {

// Text ends with 0x00 0x01; a 0x00 within it is followed by 0xff: so text sorts before all that it
// begins.
constexpr char k_end = '\x01';
constexpr char k_escaped = '\xff';

void append_kind(std::string& out, KeyKind kind) { out.push_back(static_cast<char>(kind)); }

void append_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    out.push_back(c);
    if (c == '\0') out.push_back(k_escaped);
  }
}

}  // namespace

void append_key_part(std::string& out, const std::string& value) {
  append_kind(out, KeyKind::text);
  append_text(out, value);
  out.push_back('\0');
  out.push_back(k_end);
}
void append_key_part(std::string& out, std::int64_t value) {
  append_kind(out, KeyKind::integer);
  base::append_ordered(out, value);
}
void append_key_part(std::string& out, std::uint64_t value) {
  append_kind(out, KeyKind::unsigned_integer);
  base::append_big_endian(out, value);
}
void append_key_part(std::string& out, Timestamp value) {
  append_kind(out, KeyKind::time);
  base::append_ordered(out, value.time_since_epoch().count());
}

}  // namespace eventual::detail

namespace eventual::model {

namespace {

using detail::KeyKind;
using detail::KeyPart;

constexpr std::uint8_t k_format = 1;
// No shard has this number: what follows belongs to none.
constexpr std::string_view k_no_shard = "\xff\xff";

Error corrupt(std::string_view what) {
  return Error(std::string(error_names::k_corrupt), std::string(what) + " cannot be read");
}

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

Result<base::ByteReader> open_row(std::string_view bytes, std::string_view what) {
  base::ByteReader reader(bytes);
  const auto format = reader.big_endian<std::uint8_t>();
  if (!format || *format == 0) return corrupt(what);
  if (*format > k_format) {
    return Error(
        std::string(error_names::k_not_allowed),
        std::string(what) + " was written by a newer version of the program: run that version");
  }
  return reader;
}

std::string text_of(std::optional<std::string_view> bytes) {
  return std::string(bytes.value_or(std::string_view()));
}

/// A whole number, also as text, as paths have it.
template <class Number>
std::optional<Number> whole_number(const Json& value) {
  try {
    if (value.is_integer()) {
      if constexpr (std::is_signed_v<Number>) {
        return value.as_int64();
      } else {
        return value.as_uint64();
      }
    }
  } catch (const Error&) {
    return std::nullopt;
  }
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.as_string();
  Number number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<void> append_value(std::string& out, const KeyPart& part, const Json& value) {
  const auto wrong = [&](std::string_view wanted) {
    return invalid("the key's " + part.name + " must be " + std::string(wanted) + ", not " +
                   value.dump());
  };
  switch (part.kind) {
    case KeyKind::text:
      if (!value.is_string()) return wrong("text");
      detail::append_key_part(out, value.as_string());
      return {};
    case KeyKind::integer:
      if (const auto number = whole_number<std::int64_t>(value)) {
        detail::append_key_part(out, *number);
        return {};
      }
      return wrong("a whole number of 64 bits");
    case KeyKind::unsigned_integer:
      if (const auto number = whole_number<std::uint64_t>(value)) {
        detail::append_key_part(out, *number);
        return {};
      }
      return wrong("a whole number that is not negative, of 64 bits");
    case KeyKind::time: {
      if (!value.is_string()) return wrong("a time");
      const Result<Timestamp> time = parse_iso8601(value.as_string());
      if (!time) return wrong("a time in ISO 8601");
      detail::append_key_part(out, *time);
      return {};
    }
  }
  return corrupt("a key");
}

}  // namespace

std::string encode(const EntityRecord& record) {
  std::string out;
  out.reserve(record.value.size() + record.key.size() + 64);
  out.push_back(static_cast<char>(k_format));
  base::append_big_endian(out, record.stamp);
  base::append_varint64(out, record.version);
  base::append_sized(out, record.key);
  base::append_sized(out, record.value);
  base::append_varint32(out, static_cast<std::uint32_t>(record.places.size()));
  for (const IndexPlace& place : record.places) {
    base::append_sized(out, place.index);
    base::append_sized(out, place.key.partition);
    base::append_sized(out, place.key.sort);
  }
  return out;
}

Result<EntityRecord> decode_entity(std::string_view bytes) {
  constexpr std::string_view k_what = "an item's row";
  auto reader = open_row(bytes, k_what);
  if (!reader) return reader.error();
  EntityRecord record;
  record.stamp = reader->big_endian<std::uint64_t>().value_or(0);
  record.version = reader->varint64().value_or(0);
  record.key = text_of(reader->sized());
  record.value = text_of(reader->sized());
  const std::uint32_t places = reader->varint32().value_or(0);
  for (std::uint32_t i = 0; i < places && !reader->failed(); ++i) {
    IndexPlace& place = record.places.emplace_back();
    place.index = text_of(reader->sized());
    place.key.partition = text_of(reader->sized());
    place.key.sort = text_of(reader->sized());
  }
  if (reader->failed()) return corrupt(k_what);
  return record;
}

std::string encode(const TransactionRecord& record) {
  std::string out;
  out.push_back(static_cast<char>(k_format));
  base::append_ordered(out, record.at.time_since_epoch().count());
  base::append_big_endian(out, record.input_hash);
  base::append_sized(out, record.result);
  return out;
}

Result<TransactionRecord> decode_transaction(std::string_view bytes) {
  constexpr std::string_view k_what = "a transaction's row";
  auto reader = open_row(bytes, k_what);
  if (!reader) return reader.error();
  TransactionRecord record;
  record.at = Timestamp(Duration(reader->ordered().value_or(0)));
  record.input_hash = reader->big_endian<std::uint64_t>().value_or(0);
  record.result = text_of(reader->sized());
  if (reader->failed()) return corrupt(k_what);
  return record;
}

std::string encode(const OpenStoreCall& call) {
  std::string out;
  out.push_back(static_cast<char>(k_format));
  out.push_back(call.done ? '\1' : '\0');
  base::append_sized(out, call.result);
  return out;
}

Result<OpenStoreCall> decode_open_store_call(std::string_view bytes) {
  constexpr std::string_view k_what = "the row of a workflow's call";
  auto reader = open_row(bytes, k_what);
  if (!reader) return reader.error();
  OpenStoreCall call;
  call.done = reader->big_endian<std::uint8_t>().value_or(0) != 0;
  call.result = text_of(reader->sized());
  if (reader->failed()) return corrupt(k_what);
  return call;
}

Result<std::string> key_bytes(const std::vector<KeyPart>& parts, const Json& values,
                              bool may_be_partial) {
  if (!values.is_array()) return invalid("a key is a JSON array of its parts");
  const Json::Array& items = values.as_array();
  if (items.size() > parts.size() || (!may_be_partial && items.size() < parts.size())) {
    std::string names;
    for (const KeyPart& part : parts) names += (names.empty() ? "" : ", ") + part.name;
    return invalid("the key has " + std::to_string(parts.size()) + " parts (" + names + "), not " +
                   std::to_string(items.size()));
  }
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (const Result<void> added = append_value(out, parts[i], items[i]); !added)
      return added.error();
  }
  if (out.size() > base::k_entity_key_bytes_max) {
    return Error(std::string(error_names::k_limit_exceeded),
                 "a key has " + std::to_string(out.size()) + " bytes, more than " +
                     std::to_string(base::k_entity_key_bytes_max));
  }
  return out;
}

Result<std::string> key_bytes_beginning(const std::vector<KeyPart>& parts, const Json& values) {
  auto bytes = key_bytes(parts, values, true);
  if (!bytes) return bytes;
  const std::size_t count = values.as_array().size();
  if (count == 0 || parts[count - 1].kind != KeyKind::text)
    return invalid("begins_with takes text as its last part");
  bytes->resize(bytes->size() - 2);  // without the end of the text
  return bytes;
}

Result<Json> key_values(std::string_view bytes) {
  Json values = Json::array();
  base::ByteReader reader(bytes);
  while (!reader.rest().empty()) {
    switch (static_cast<KeyKind>(reader.big_endian<std::uint8_t>().value_or(0))) {
      case KeyKind::text: {
        std::string text;
        for (;;) {
          const auto c = reader.raw(1);
          if (!c) return corrupt("a key");
          if (c->front() != '\0') {
            text += *c;
            continue;
          }
          const auto next = reader.raw(1);
          if (!next) return corrupt("a key");
          if (next->front() == detail::k_end) break;
          text += '\0';
        }
        values.push_back(std::move(text));
        break;
      }
      case KeyKind::integer:
        values.push_back(reader.ordered().value_or(0));
        break;
      case KeyKind::unsigned_integer:
        values.push_back(reader.big_endian<std::uint64_t>().value_or(0));
        break;
      case KeyKind::time:
        values.push_back(to_iso8601(Timestamp(Duration(reader.ordered().value_or(0)))));
        break;
      default:
        return corrupt("a key");
    }
    if (reader.failed()) return corrupt("a key");
  }
  return values;
}

std::size_t parts_length(std::string_view bytes, std::size_t parts) {
  std::size_t at = 0;
  for (; parts > 0 && at < bytes.size(); --parts) {
    if (static_cast<KeyKind>(bytes[at]) != KeyKind::text) {
      at += 1 + sizeof(std::uint64_t);
      continue;
    }
    // Within text a zero is followed by 0xff, at its end by something else.
    for (++at; at + 1 < bytes.size() && (bytes[at] != '\0' || bytes[at + 1] != detail::k_end);
         ++at) {
    }
    at += 2;
  }
  return std::min(at, bytes.size());
}

namespace keys {

std::string entity(std::string_view entity) { return std::string(entity) + '\0'; }

std::string index(std::string_view entity, std::string_view index) {
  std::string key(entity);
  key.push_back('\0');
  key.append(index);
  key.push_back('\0');
  return key;
}

std::string range_guard(std::string_view entity, std::string_view index,
                        std::string_view partition) {
  std::string key(1, '\0');  // no entity's name begins so
  key.append(entity);
  key.push_back('\0');
  key.append(index);
  key.push_back('\0');
  base::append_big_endian(
      key, static_cast<std::uint16_t>(base::stable_hash(partition) % base::k_range_guards));
  return key;
}

std::string transaction_id(std::string_view transaction, std::string_view id) {
  std::string key(k_no_shard);
  key.append("i").append(transaction);
  key.push_back('\0');
  key.append(id);
  return key;
}

std::string transaction_times() { return std::string(k_no_shard) + "t"; }

std::string transaction_time(Timestamp at, std::string_view transaction, std::string_view id) {
  std::string key = transaction_times();
  base::append_ordered(key, at.time_since_epoch().count());
  key.append(transaction);
  key.push_back('\0');
  key.append(id);
  return key;
}

std::optional<TransactionTime> parse_transaction_time(std::string_view key) {
  const std::size_t head = k_no_shard.size() + 1;
  if (key.size() < head + 8) return std::nullopt;
  base::ByteReader reader(key.substr(head));
  const Timestamp at(Duration(reader.ordered().value_or(0)));
  const std::size_t end = reader.rest().find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return TransactionTime{at, reader.rest().substr(0, end), reader.rest().substr(end + 1)};
}

std::string open_store_call(std::string_view name) {
  return std::string(k_no_shard).append("c").append(name);
}

}  // namespace keys

}  // namespace eventual::model
