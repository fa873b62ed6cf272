#include "model/split_turn.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "model/history.hpp"
#include "model/records.hpp"

namespace eventual::model {
namespace {

// The form of the bytes: this number, how many values were taken out, for each of them the event
// (events, then calls), the text within the event and the value's index; then the turn as encode()
// gives it, with empty texts in their places. It reaches disk: another form needs another number.

/// Calls `see(text, ordinal)` for each text of an event. A text's ordinal is its place among the
/// fields of its kind of event: fields are only ever appended, so it stays.
template <class See>
class TextVisitor {
 public:
  explicit TextVisitor(See& see) : see_(see) {}

  template <class T>
  void operator()(std::string_view, T& field) {
    visit(&field);
  }

 private:
  template <class T>
  void visit(T*) {}  // holds no large text
  void visit(std::string* text) { give(text); }
  void visit(JsonText* json) { give(json != nullptr ? &json->text : nullptr); }
  void visit(ErrorRecord* error) {
    give(error != nullptr ? &error->name : nullptr);
    give(error != nullptr ? &error->message : nullptr);
    give(error != nullptr ? &error->details_json : nullptr);
  }
  template <class T>
  void visit(std::optional<T>* field) {
    visit(field != nullptr && *field ? &**field : static_cast<T*>(nullptr));
  }
  /// An absent one has its ordinal too.
  void give(std::string* text) {
    if (text != nullptr) see_(*text, ordinal_);
    ++ordinal_;
  }

  See& see_;
  std::uint32_t ordinal_ = 0;
};

template <class See>
void visit_texts(Event& event, See&& see) {
  TextVisitor<std::remove_reference_t<See>> visitor(see);
  std::visit([&](auto& value) { value.fields(visitor); }, event);
}

struct Place {
  std::uint32_t event;
  std::uint32_t ordinal;
  std::uint32_t index;
};

Event* event_at(Turn& turn, std::uint32_t number) {
  if (number < turn.events.size()) return &turn.events[number];
  number -= static_cast<std::uint32_t>(turn.events.size());
  return number < turn.calls.size() ? &turn.calls[number] : nullptr;
}

/// Whether an event of the encoded turn is large enough to hold a large value: many small ones do
/// not make their turn worth decoding.
bool may_hold_large_value(std::string_view bytes) {
  base::ByteReader reader(bytes);
  (void)reader.big_endian<std::uint8_t>();  // the format
  (void)reader.varint64();                  // the time
  for (int list = 0; list < 2; ++list) {    // events, calls
    const std::uint32_t count = reader.varint32().value_or(0);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto tag = reader.big_endian<std::uint8_t>();
      const auto body = reader.sized();
      if (!tag || !body) return false;
      if (body->size() > base::k_inline_payload_bytes_max) return true;
    }
  }
  return false;
}

Error corrupt(std::string message) {
  return Error(std::string(error_names::k_corrupt), std::move(message));
}

}  // namespace

std::optional<SplitTurn> split_turn(std::string_view bytes) {
  if (bytes.size() <= base::k_inline_payload_bytes_max || is_split(bytes)) return std::nullopt;
  if (!may_hold_large_value(bytes)) return std::nullopt;
  auto turn = decode_turn(bytes, 0);
  if (!turn) return std::nullopt;
  SplitTurn split;
  std::vector<Place> places;
  const auto events = static_cast<std::uint32_t>(turn->events.size() + turn->calls.size());
  for (std::uint32_t number = 0; number < events; ++number) {
    visit_texts(*event_at(*turn, number), [&](std::string& text, std::uint32_t ordinal) {
      if (text.size() <= base::k_inline_payload_bytes_max) return;
      const auto known = std::find(split.values.begin(), split.values.end(), text);
      const auto index = static_cast<std::uint32_t>(known - split.values.begin());
      if (known == split.values.end()) split.values.push_back(std::move(text));
      text.clear();
      places.push_back({number, ordinal, index});
    });
  }
  if (places.empty()) return std::nullopt;
  split.bytes.push_back(static_cast<char>(k_split_turn_format));
  base::append_varint32(split.bytes, static_cast<std::uint32_t>(places.size()));
  for (const Place& place : places) {
    base::append_varint32(split.bytes, place.event);
    base::append_varint32(split.bytes, place.ordinal);
    base::append_varint32(split.bytes, place.index);
  }
  split.bytes += encode(*turn);
  return split;
}

bool is_split(std::string_view turn) noexcept {
  return !turn.empty() && static_cast<std::uint8_t>(turn.front()) == k_split_turn_format;
}

Result<std::string> join_turn(std::string_view split,
                              const std::function<Result<std::string>(std::uint32_t index)>& read) {
  base::ByteReader reader(split);
  const auto format = reader.big_endian<std::uint8_t>();
  const std::uint32_t count = reader.varint32().value_or(0);
  if (!format || *format != k_split_turn_format || count > reader.rest().size())
    return corrupt("a turn's record does not tell where its values belong");
  std::vector<Place> places(count);
  for (Place& place : places) {
    place.event = reader.varint32().value_or(0);
    place.ordinal = reader.varint32().value_or(0);
    place.index = reader.varint32().value_or(0);
  }
  if (reader.failed()) return corrupt("a turn's record does not tell where its values belong");
  auto turn = decode_turn(reader.rest(), 0);
  if (!turn) return turn.error();
  // By index, so that a value that belongs in several places is read once.
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.index < b.index; });
  std::string value;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Place& place = places[i];
    if (i == 0 || places[i - 1].index != place.index) {
      auto given = read(place.index);
      if (!given) return given.error();
      value = std::move(*given);
    }
    Event* const event = event_at(*turn, place.event);
    bool found = false;
    if (event != nullptr) {
      visit_texts(*event, [&](std::string& text, std::uint32_t ordinal) {
        if (ordinal != place.ordinal) return;
        text = value;
        found = true;
      });
    }
    if (!found) return corrupt("a value belongs to no place of its turn's record");
  }
  return encode(*turn);
}

namespace keys {

namespace {

/// Beside the views, which end in "view" or in "view" and a run.
std::string values_of_run(std::uint16_t shard, std::string_view id, std::uint32_t run) {
  std::string key = shard_prefix(shard);
  key += id;
  key += std::string_view("\0value", 6);
  base::append_big_endian(key, run);
  return key;
}

}  // namespace

std::string turn_value(std::uint16_t shard, std::string_view id, std::uint32_t run,
                       std::uint32_t turn, std::uint32_t index) {
  std::string key = values_of_run(shard, id, run);
  base::append_big_endian(key, turn);
  base::append_big_endian(key, index);
  return key;
}

std::string turn_values(std::uint16_t shard, std::string_view id, std::uint32_t run) {
  return values_of_run(shard, id, run);
}

std::string turn_values_end(std::uint16_t shard, std::string_view id, std::uint32_t run) {
  return turn_value(shard, id, run, std::numeric_limits<std::uint32_t>::max(),
                    std::numeric_limits<std::uint32_t>::max());
}

}  // namespace keys

}  // namespace eventual::model
