#include "model/exported_history.hpp"

#include <limits>
#include <optional>
#include <utility>

#include "eventual/time.hpp"

namespace eventual::model {
namespace {

constexpr std::string_view k_format = "eventual-history";

Error invalid(std::string message) {
  return Error(std::string(error_names::k_invalid_input), std::move(message));
}

void append_events(std::string& out, const std::vector<Event>& events, Timestamp at) {
  out += '[';
  for (const Event& event : events) {
    if (out.back() != '[') out += ',';
    out += "\n   ";
    out += to_json_view(event, at).dump();
  }
  out += ']';
}

/// An event that stands at `place` of the file.
Result<Event> read_event(const Json& view, const std::string& place) {
  Result<Event> event = from_json_view(view);
  if (event) return event;
  return invalid(place + ": " + event.error().message());
}

Result<void> read_events(const Json& list, const std::string& place, bool calls,
                         std::vector<Event>& events) {
  if (list.is_null()) return {};
  if (!list.is_array()) return invalid(place + " is no array");
  std::size_t index = 0;
  for (const Json& view : list.as_array()) {
    const std::string here = place + "/" + std::to_string(index++);
    Result<Event> event = read_event(view, here);
    if (!event) return std::move(event).error();
    if (is_call(*event) != calls) {
      return invalid(here + ": " + std::string(type_of(*event)) +
                     (calls ? " is no call" : " is a call"));
    }
    events.push_back(std::move(*event));
  }
  return {};
}

Result<Timestamp> read_time(const Json& value, const std::string& place) {
  if (!value.is_string()) return invalid(place + " is no time");
  Result<Timestamp> at = parse_iso8601(value.as_string());
  if (!at) return invalid(place + ": " + at.error().message());
  return at;
}

Result<std::uint32_t> read_number(const Json& value, const std::string& place, std::uint32_t min) {
  if (!value.is_integer() || value.dump().front() == '-' || value.as_uint64() < min ||
      value.as_uint64() > std::numeric_limits<std::uint32_t>::max()) {
    return invalid(place + " is no whole number of at least " + std::to_string(min));
  }
  return static_cast<std::uint32_t>(value.as_uint64());
}

Result<Turn> read_turn(const Json& json, const std::string& place, std::uint32_t number) {
  if (!json.is_object()) return invalid(place + " is no object");
  Turn turn;
  turn.number = number;
  if (const Json* given = json.find("number")) {
    Result<std::uint32_t> read = read_number(*given, place + "/number", 0);
    if (!read) return std::move(read).error();
    turn.number = *read;
  }
  Result<Timestamp> at = read_time(json["at"], place + "/at");
  if (!at) return std::move(at).error();
  turn.at = *at;
  if (auto read = read_events(json["events"], place + "/events", false, turn.events); !read)
    return read.error();
  if (auto read = read_events(json["calls"], place + "/calls", true, turn.calls); !read)
    return read.error();
  return turn;
}

/// The turns of a plain list of events. Those of one instant between which no call stands are one
/// turn: its code cannot tell.
Result<std::vector<Turn>> group_events(const Json& list) {
  if (!list.is_array()) return invalid("/events is no array");
  std::vector<Turn> turns;
  std::size_t index = 0;
  for (const Json& view : list.as_array()) {
    const std::string place = "/events/" + std::to_string(index++);
    Result<Event> event = read_event(view, place);
    if (!event) return std::move(event).error();
    Result<Timestamp> at = read_time(view["at"], place + "/at");
    if (!at) return std::move(at).error();
    const bool call = is_call(*event);
    const bool begins =
        turns.empty() || turns.back().at != *at || (!call && !turns.back().calls.empty());
    if (begins) turns.push_back(Turn{static_cast<std::uint32_t>(turns.size()), *at, {}, {}});
    (call ? turns.back().calls : turns.back().events).push_back(std::move(*event));
  }
  return turns;
}

/// A message, or the answer to a call.
bool can_be_kept(const Event& event) noexcept {
  if (std::holds_alternative<SignalReceived>(event) ||
      std::holds_alternative<CancelRequested>(event)) {
    return true;
  }
  return seq_of(event).has_value() && !is_call(event) &&
         !std::holds_alternative<TaskAttemptStarted>(event) &&
         !std::holds_alternative<TaskAttemptFailed>(event) &&
         !std::holds_alternative<TaskAttemptDeferred>(event);
}

Result<void> check_carried(const ExecutionStarted& started) {
  if (!started.carried_signals) return {};
  const Result<Json> signals = Json::parse(started.carried_signals->text);
  bool good = signals && signals->is_array();
  if (good) {
    for (const Json& signal : signals->as_array()) good = good && signal["signal"].is_string();
  }
  if (!good) return invalid("the signals that the run began with are no list of signals");
  return {};
}

}  // namespace

std::string write_history(const ExportedHistory& history) {
  std::string out = "{\"format\":\"" + std::string(k_format) +
                    "\",\"version\":" + std::to_string(history.kept.empty() ? 1 : 2) +
                    ",\n \"execution_id\":" + Json(history.execution_id).dump() +
                    ",\"run\":" + std::to_string(history.run) +
                    ",\"status\":" + Json(history.status).dump() + ",\"cursor\":" +
                    (history.cursor.empty() ? std::string("null") : Json(history.cursor).dump()) +
                    ",\n \"turns\":[";
  for (const Turn& turn : history.turns) {
    if (out.back() != '[') out += ',';
    out += "\n  {\"number\":" + std::to_string(turn.number) + ",\"at\":\"" + to_iso8601(turn.at) +
           "\",\"events\":";
    append_events(out, turn.events, turn.at);
    out += ",\"calls\":";
    append_events(out, turn.calls, turn.at);
    out += '}';
  }
  out += ']';
  if (!history.kept.empty()) {
    out += ",\n \"kept\":";
    append_events(out, history.kept, history.turns.empty() ? Timestamp{} : history.turns.back().at);
  }
  return out + "}\n";
}

Result<ExportedHistory> read_history(std::string_view text) {
  const Result<Json> parsed = Json::parse(text);
  if (!parsed) return invalid("the history is not JSON: " + parsed.error().message());
  const Json& json = *parsed;
  if (!json.is_object()) return invalid("the history is no JSON object");
  ExportedHistory history;
  if (const Json& cursor = json["cursor"]; cursor.is_string()) history.cursor = cursor.as_string();
  if (json.find("format") == nullptr && json.find("events") != nullptr) {
    Result<std::vector<Turn>> turns = group_events(json["events"]);
    if (!turns) return std::move(turns).error();
    history.turns = std::move(*turns);
    return history;
  }
  if (!json["format"].is_string() || json["format"].as_string() != k_format) {
    return invalid("the file is no history: it has no \"format\": \"" + std::string(k_format) +
                   "\"");
  }
  const Result<std::uint32_t> version = read_number(json["version"], "/version", 1);
  if (!version) return version.error();
  if (*version > k_history_file_version) {
    return Error(std::string(error_names::k_not_allowed),
                 "the history has format " + std::to_string(*version) +
                     ", this program reads formats up to " +
                     std::to_string(k_history_file_version) +
                     ": use a newer version of the program");
  }
  if (!json["execution_id"].is_string()) return invalid("/execution_id is no text");
  history.execution_id = json["execution_id"].as_string();
  const Result<std::uint32_t> run = read_number(json["run"], "/run", 1);
  if (!run) return run.error();
  history.run = *run;
  if (json["status"].is_string()) history.status = json["status"].as_string();
  const Json& turns = json["turns"];
  if (!turns.is_array()) return invalid("/turns is no array");
  std::uint32_t number = 0;
  for (const Json& turn : turns.as_array()) {
    Result<Turn> read = read_turn(turn, "/turns/" + std::to_string(number), number);
    if (!read) return std::move(read).error();
    history.turns.push_back(std::move(*read));
    ++number;
  }
  if (auto kept = read_events(json["kept"], "/kept", false, history.kept); !kept)
    return kept.error();
  return history;
}

Result<void> check_history(const ExportedHistory& history) {
  if (!history.cursor.empty())
    return invalid("the history is only a page: the rest of it is missing");
  const std::size_t slash = history.execution_id.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == history.execution_id.size()) {
    return invalid("'" + history.execution_id + "' is no execution id; write it as workflow/name");
  }
  if (history.turns.empty() || history.turns.front().events.empty())
    return invalid("the history is empty");
  std::uint32_t number = 0;
  for (const Turn& turn : history.turns) {
    if (turn.number != number) {
      return invalid("turn " + std::to_string(number) + " of the history is missing");
    }
    if (turn.at < Timestamp{})
      return invalid("turn " + std::to_string(number) + " of the history is before the year 1970");
    for (std::size_t i = 0; i < turn.events.size(); ++i) {
      const auto* started = std::get_if<ExecutionStarted>(&turn.events[i]);
      const bool first = number == 0 && i == 0;
      if (first != (started != nullptr))
        return invalid("a history begins with execution_started, and only there");
      if (first) {
        if (auto carried = check_carried(*started); !carried) return carried;
      }
    }
    ++number;
  }
  for (const Event& event : history.kept) {
    if (!can_be_kept(event))
      return invalid("what it kept holds " + std::string(type_of(event)) + ", which is never kept");
  }
  return {};
}

}  // namespace eventual::model
