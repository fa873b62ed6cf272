#include "model/history.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include "model/codec.hpp"
#include "model/split_turn.hpp"

namespace eventual::model {

namespace {

constexpr std::uint8_t k_turn_format = 1;

/// Calls `visit(T{})` for the event type with that tag; false when there is none.
template <std::size_t Index = 0, class Visit>
bool with_tag(std::uint8_t tag, Visit&& visit) {
  if constexpr (Index < std::variant_size_v<Event>) {
    using T = std::variant_alternative_t<Index, Event>;
    if (tag == T::k_tag) {
      visit(T{});
      return true;
    }
    return with_tag<Index + 1>(tag, std::forward<Visit>(visit));
  } else {
    return false;
  }
}

template <std::size_t Index = 0, class Visit>
bool with_type(std::string_view type, Visit&& visit) {
  if constexpr (Index < std::variant_size_v<Event>) {
    using T = std::variant_alternative_t<Index, Event>;
    if (type == T::k_type) {
      visit(T{});
      return true;
    }
    return with_type<Index + 1>(type, std::forward<Visit>(visit));
  } else {
    return false;
  }
}

void append_event(std::string& out, const Event& event, std::string& scratch) {
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        out.push_back(static_cast<char>(T::k_tag));
        scratch.clear();
        encode_fields(value, scratch);
        base::append_sized(out, scratch);
      },
      event);
}

void append_events(std::string& out, const std::vector<Event>& events, std::string& scratch) {
  base::append_varint32(out, static_cast<std::uint32_t>(events.size()));
  for (const Event& event : events) append_event(out, event, scratch);
}

Error corrupt(std::string message) {
  return Error(std::string(error_names::k_corrupt), std::move(message));
}

Result<void> read_events(base::ByteReader& reader, std::vector<Event>& events) {
  const std::uint32_t count = reader.varint32().value_or(0);
  if (count > reader.rest().size())
    return corrupt("a turn's record names more events than it holds");
  events.reserve(std::min<std::size_t>(count, 1024));  // the bytes may lie
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto tag = reader.big_endian<std::uint8_t>();
    const auto body = reader.sized();
    if (!tag || !body) return corrupt("a turn's record ends in the middle of an event");
    if (*tag == 0) return corrupt("a turn's record holds an event of kind 0");
    Decoder decoder(*body);
    const bool known = with_tag(*tag, [&](auto event) {
      event.fields(decoder);
      events.emplace_back(std::move(event));
    });
    if (!known) {
      return Error(std::string(error_names::k_not_allowed),
                   "the history holds events of kind " + std::to_string(*tag) +
                       ", which a newer version of the program wrote: run that version");
    }
    if (decoder.failed()) return corrupt("an event of a turn's record cannot be read");
  }
  return {};
}

// By number: the numbers reach disk.
constexpr std::array<std::string_view, 2> option_names(OnCancel) { return {"abandon", "wait"}; }
constexpr std::array<std::string_view, 2> option_names(Delivery) {
  return {"at_least_once", "at_most_once"};
}
constexpr std::array<std::string_view, 3> option_names(ParentClose) {
  return {"abandon", "cancel", "terminate"};
}

class JsonWriter {
 public:
  explicit JsonWriter(Json& object) : object_(object) {}

  void operator()(std::string_view name, std::uint32_t value) { object_.set(name, value); }
  void operator()(std::string_view name, std::uint64_t value) { object_.set(name, value); }
  void operator()(std::string_view name, bool value) { object_.set(name, value); }
  void operator()(std::string_view name, Timestamp value) { object_.set(name, to_iso8601(value)); }
  void operator()(std::string_view name, Duration value) { object_.set(name, value.count()); }
  void operator()(std::string_view name, const std::string& value) {
    if (!value.empty()) object_.set(name, value);
  }
  void operator()(std::string_view name, const JsonText& value) {
    auto parsed = Json::parse(value.text);
    object_.set(name, parsed ? std::move(*parsed) : Json(value.text));
  }
  void operator()(std::string_view name, const ErrorRecord& value) {
    Json error = Json::object({{"name", value.name}, {"message", value.message}});
    if (!value.details_json.empty()) {
      auto details = Json::parse(value.details_json);
      if (details) error.set("details", std::move(*details));
    }
    object_.set(name, std::move(error));
  }
  void operator()(std::string_view name, const RetryPolicy& value) {
    Json names = Json::array();
    for (const std::string& error_name : value.non_retryable) names.push_back(error_name);
    object_.set(name, Json::object({{"max_attempts", value.max_attempts},
                                    {"initial_interval_ms", value.initial_interval.count()},
                                    {"multiplier", value.multiplier},
                                    {"max_interval_ms", value.max_interval.count()},
                                    {"jitter", value.jitter},
                                    {"non_retryable", std::move(names)}}));
  }
  template <class T>
    requires std::is_enum_v<T>
  void operator()(std::string_view name, T value) {
    object_.set(name, std::string(option_names(value)[static_cast<std::size_t>(value)]));
  }
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (value) object_.set(name, *value);  // empty is not absent
    } else if (value) {
      (*this)(name, *value);
    }
  }

 private:
  Json& object_;
};

class JsonReader {
 public:
  explicit JsonReader(const Json& object) : object_(object) {}

  void operator()(std::string_view name, std::uint32_t& value) {
    if (const Json* found = object_.find(name)) value = to_uint32(*found);
  }
  void operator()(std::string_view name, std::uint64_t& value) {
    if (const Json* found = object_.find(name)) value = found->as_uint64();
  }
  void operator()(std::string_view name, bool& value) {
    if (const Json* found = object_.find(name)) value = found->as_bool();
  }
  void operator()(std::string_view name, Timestamp& value) {
    if (const Json* found = object_.find(name)) value = parse_iso8601(found->as_string()).value();
  }
  void operator()(std::string_view name, Duration& value) {
    if (const Json* found = object_.find(name)) value = Duration(found->as_int64());
  }
  void operator()(std::string_view name, std::string& value) {
    if (const Json* found = object_.find(name)) value = found->as_string();
  }
  void operator()(std::string_view name, JsonText& value) {
    if (const Json* found = object_.find(name)) value.text = found->dump();
  }
  void operator()(std::string_view name, ErrorRecord& value) {
    const Json* found = object_.find(name);
    if (found == nullptr) return;
    value.name = (*found)["name"].as_string();
    value.message = (*found)["message"].as_string();
    if (const Json* details = found->find("details")) value.details_json = details->dump();
  }
  void operator()(std::string_view name, RetryPolicy& value) {
    const Json* found = object_.find(name);
    if (found == nullptr) return;
    value.max_attempts = to_uint32((*found)["max_attempts"]);
    value.initial_interval = Duration((*found)["initial_interval_ms"].as_int64());
    value.multiplier = (*found)["multiplier"].as_double();
    value.max_interval = Duration((*found)["max_interval_ms"].as_int64());
    value.jitter = (*found)["jitter"].as_double();
    for (const Json& error_name : (*found)["non_retryable"].as_array()) {
      value.non_retryable.push_back(error_name.as_string());
    }
  }
  template <class T>
    requires std::is_enum_v<T>
  void operator()(std::string_view name, T& value) {
    const Json* found = object_.find(name);
    if (found == nullptr) return;
    constexpr auto k_names = option_names(T{});
    const auto known = std::find(k_names.begin(), k_names.end(), found->as_string());
    if (known == k_names.end()) {
      throw Error(std::string(error_names::k_invalid_input),
                  std::string(name) + " is not " + found->dump());
    }
    value = static_cast<T>(known - k_names.begin());
  }
  template <class T>
  void operator()(std::string_view name, std::optional<T>& value) {
    if (object_.find(name) != nullptr) (*this)(name, value.emplace());
  }

 private:
  static std::uint32_t to_uint32(const Json& json) {
    const std::uint64_t value = json.as_uint64();
    if (value > std::numeric_limits<std::uint32_t>::max()) {
      throw Error(std::string(error_names::k_invalid_input),
                  "the number " + std::to_string(value) + " is too large");
    }
    return static_cast<std::uint32_t>(value);
  }
  const Json& object_;
};

}  // namespace

std::string_view type_of(const Event& event) noexcept {
  return std::visit([](const auto& value) { return std::decay_t<decltype(value)>::k_type; }, event);
}

bool is_call(const Event& event) noexcept {
  return std::visit(
      [](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        return T::k_tag >= 64 || requires { T::k_is_call; };
      },
      event);
}

bool awaits_answer(const Event& event) noexcept {
  return is_call(event) && !std::holds_alternative<VersionMarked>(event) &&
         !std::holds_alternative<CallCancelled>(event) &&
         !std::holds_alternative<EventEmitted>(event) &&
         !std::holds_alternative<UpdateSucceeded>(event) &&
         !std::holds_alternative<UpdateFailed>(event);
}

std::optional<std::uint32_t> seq_of(const Event& event) noexcept {
  return std::visit(
      [](const auto& value) -> std::optional<std::uint32_t> {
        if constexpr (requires { value.seq; }) {
          return value.seq;
        } else {
          return std::nullopt;
        }
      },
      event);
}

Json to_json_view(const Event& event, Timestamp at) {
  Json view = Json::object({{"type", std::string(type_of(event))}});
  std::visit(
      [&](const auto& value) {
        JsonWriter writer(view);
        using T = std::decay_t<decltype(value)>;
        if constexpr (requires { value.seq; }) view.set("seq", value.seq);
        view.set("at", to_iso8601(at));
        const_cast<T&>(value).fields(writer);  // NOLINT: the writer only reads
      },
      event);
  return view;
}

Result<Event> from_json_view(const Json& view) {
  const auto invalid = [](std::string message) {
    return Error(std::string(error_names::k_invalid_input), std::move(message));
  };
  if (!view["type"].is_string()) return invalid("a history event has no type");
  std::optional<Event> event;
  try {
    const bool known = with_type(view["type"].as_string(), [&](auto value) {
      JsonReader reader(view);
      value.fields(reader);
      event = std::move(value);
    });
    if (!known) {
      return invalid("unknown history event type '" + view["type"].as_string() +
                     "' (a newer version of the program may have written it)");
    }
  } catch (const Error& error) {
    return invalid("history event " + view["type"].as_string() + ": " + error.message());
  }
  return std::move(*event);
}

std::string encode(const Turn& turn) {
  std::string out;
  std::string scratch;
  out.push_back(static_cast<char>(k_turn_format));
  base::append_varint64(out, base::zigzag(turn.at.time_since_epoch().count()));
  append_events(out, turn.events, scratch);
  append_events(out, turn.calls, scratch);
  return out;
}

Result<Turn> decode_turn(std::string_view bytes, std::uint32_t number) {
  base::ByteReader reader(bytes);
  const auto format = reader.big_endian<std::uint8_t>();
  if (!format) return corrupt("a turn's record is empty");
  if (*format == 0) return corrupt("a turn's record begins with a zero");
  if (*format == k_split_turn_format)
    return corrupt("a turn's record lacks values that have rows of their own");
  if (*format > k_turn_format) {
    return Error(std::string(error_names::k_not_allowed),
                 "the history has format " + std::to_string(*format) +
                     ", this program reads up to " + std::to_string(k_split_turn_format) +
                     ": run the newer version");
  }
  Turn turn;
  turn.number = number;
  turn.at = Timestamp(Duration(base::unzigzag(reader.varint64().value_or(0))));
  if (auto read = read_events(reader, turn.events); !read) return read.error();
  if (auto read = read_events(reader, turn.calls); !read) return read.error();
  if (!reader.finished()) return corrupt("a turn's record has bytes after its end");
  return turn;
}

}  // namespace eventual::model
