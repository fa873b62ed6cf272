#include "crash/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "crash/service.hpp"
#include "engine/verify.hpp"
#include "eventual/json.hpp"
#include "model/history.hpp"
#include "model/records.hpp"
#include "store/open.hpp"

namespace crash {

namespace engine = eventual::engine;
namespace model = eventual::model;
namespace ports = eventual::ports;
namespace store = eventual::store;
namespace {

using eventual::Json;
using ports::Table;

std::string expected_status(const Wanted& wanted) { return wanted.fails ? "failed" : "succeeded"; }

void check_result(const Wanted& wanted, const HttpResponse& response, Complaints& complaints) {
  const Json json = response.json();
  if (response.status != 200 || json["status"] != Json(expected_status(wanted))) {
    complaints.push_back(fmt::format("{}: not {}, but {} {}", wanted.id(), expected_status(wanted),
                                     response.status, response.body));
  } else if (wanted.fails ? json["error"]["name"] != Json("Full")
                          : json["result"] != Json(wanted.result) &&
                                !(wanted.workflow == "once" && json["result"] == Json(0))) {
    complaints.push_back(
        fmt::format("{}: should give {}, but: {}", wanted.id(), wanted.result, response.body));
  }
}

void check_signals_over_http(HttpClient& client, const Wanted& wanted, Complaints& complaints) {
  const auto response = client.get("/_eventual/executions/" + wanted.id() + "/history?limit=10000");
  const Json json = response ? response->json() : Json();
  for (const SentSignal& signal : wanted.signals) {
    std::size_t times = 0;
    if (json["events"].is_array()) {
      for (const Json& event : json["events"].as_array()) {
        if (event["type"] == Json("signal_received") && event["message_id"] == Json(signal.id))
          ++times;
      }
    }
    if (times != 1)
      complaints.push_back(
          fmt::format("{}: the history shows signal {} {} times", wanted.id(), signal.id, times));
  }
}

/// What closes a call of each kind; a wait without a limit that passed has no answer.
void check_calls(const std::string& id, const std::vector<model::Turn>& turns,
                 Complaints& complaints) {
  std::map<std::uint32_t, std::string> unanswered;  // sequence number -> kind of call
  std::set<std::uint32_t> answered;
  std::set<std::uint32_t> calls;
  std::set<std::string> signals;
  const auto complain = [&](std::string text) {
    complaints.push_back(id + ": " + std::move(text));
  };
  for (const model::Turn& turn : turns) {
    for (const model::Event& event : turn.events) {
      if (const auto* received = std::get_if<model::SignalReceived>(&event)) {
        if (!received->message_id.empty() && !signals.insert(received->message_id).second)
          complain("signal " + received->message_id + " was recorded twice");
        continue;
      }
      const auto seq = model::seq_of(event);
      if (!seq || std::holds_alternative<model::TaskAttemptFailed>(event) ||
          std::holds_alternative<model::TaskAttemptStarted>(event)) {
        continue;
      }
      if (std::holds_alternative<model::ChildStarted>(event) && unanswered[*seq] == "child")
        continue;
      if (!calls.contains(*seq))
        complain(fmt::format("call {} was answered before it was made", *seq));
      if (!answered.insert(*seq).second) complain(fmt::format("call {} was answered twice", *seq));
      unanswered.erase(*seq);
    }
    for (const model::Event& event : turn.calls) {
      const std::uint32_t seq = model::seq_of(event).value_or(0);
      if (!calls.insert(seq).second) complain(fmt::format("call {} was recorded twice", seq));
      if (std::holds_alternative<model::ConditionStarted>(event) ||
          std::holds_alternative<model::SignalExpected>(event)) {
        continue;
      }
      const auto* scheduled = std::get_if<model::ChildScheduled>(&event);
      unanswered[seq] = scheduled != nullptr && scheduled->wait_for_result
                            ? "child"
                            : std::string(model::type_of(event));
    }
  }
  for (const auto& [seq, kind] : unanswered)
    complain(fmt::format("call {} ({}) has no result", seq, kind));
}

class StoreReader {
 public:
  StoreReader(const std::string& folder, StoreCheck& check) : check_(check) {
    auto opened = store::open_store("rocksdb", folder);
    if (!opened) {
      complain("the store cannot be opened: " + opened.error().message());
      return;
    }
    store_ = std::move(*opened);
    if (auto row = store_->get(Table::meta, "shards"); row && *row) {
      std::from_chars((*row)->data(), (*row)->data() + (*row)->size(), shards_);
    }
  }

  void read(const std::vector<Wanted>& executions) {
    if (store_ == nullptr) return;
    list();
    for (const auto& [id, status] : check_.statuses) read_execution(id, status);
    std::size_t rows = 0;
    scan(Table::executions, [&](std::string_view) { ++rows; });
    if (rows != check_.statuses.size())
      complain(
          fmt::format("{} executions are stored, {} are listed", rows, check_.statuses.size()));
    for (const Wanted& wanted : executions) {
      if (wanted.acknowledged && !check_.statuses.contains(wanted.id()))
        complain(wanted.id() + " was acknowledged and is lost");
      for (const SentSignal& signal : wanted.signals) {
        if (signal.acknowledged && !signals_.contains(wanted.id() + " " + signal.id))
          complain(
              fmt::format("signal {} of {} was acknowledged and is lost", signal.id, wanted.id()));
      }
    }
    nothing_left(Table::active, "is marked as having attempts in flight");
    nothing_left(Table::timers, "has a timer");
    nothing_left(Table::messages, "has a message on its way");
  }

 private:
  void complain(std::string text) { check_.complaints.push_back(std::move(text)); }

  void scan(Table table, const std::function<void(std::string_view)>& visit) {
    const auto scanned = store_->scan(table, {}, [&](std::string_view key, std::string_view) {
      visit(key);
      return true;
    });
    if (!scanned) complain("a table cannot be read: " + scanned.error().message());
  }

  void list() {
    ports::ListRequest request;
    request.limit = 1000;
    do {
      auto page = engine::list_executions(*store_, shards_, request);
      if (!page) return complain("the listing cannot be read: " + page.error().message());
      for (const ports::ExecutionView& view : page->executions) {
        if (!check_.statuses.emplace(view.execution.id(), view.status).second)
          complain(view.execution.id() + " is listed twice");
      }
      request.cursor = page->cursor;
    } while (!request.cursor.empty());
  }

  void read_execution(const std::string& id, const std::string& status) {
    auto stored = engine::read_execution(*store_, shards_, id, 0);
    if (!stored) return complain(id + " cannot be read: " + stored.error().message());
    ++check_.executions;
    for (const model::Turn& turn : stored->turns) {
      check_.history_events += turn.events.size() + turn.calls.size();
      for (const model::Event& event : turn.events) {
        if (const auto* received = std::get_if<model::SignalReceived>(&event))
          signals_.insert(id + " " + received->message_id);
      }
    }
    if (status == "parked") return;
    if (!model::is_closed(stored->record.status)) return complain(id + " is still " + status);
    check_calls(id, stored->turns, check_.complaints);
    if (const auto difference = engine::find_difference(service.declarations(), id, *stored)) {
      complain(fmt::format("{}: the code and its history differ: {} {}", id, difference->message(),
                           difference->details_json()));
    }
  }

  /// Parked executions keep what they need to go on.
  void nothing_left(Table table, std::string_view what) {
    scan(table, [&](std::string_view key) {
      for (const auto& [id, status] : check_.statuses) {
        if (status == "parked" && key.find(id) != std::string_view::npos) return;
      }
      std::string shown;
      for (const char c : key) shown += c >= ' ' && c <= '~' ? c : '.';
      complain(fmt::format("everything is closed, but {} {}", shown, what));
    });
  }

  StoreCheck& check_;
  std::unique_ptr<ports::Store> store_;
  std::uint16_t shards_ = 64;
  std::set<std::string> signals_;  // "<execution> <message id>"
};

}  // namespace

std::vector<std::string> open_executions(HttpClient& client, const std::string& status) {
  std::vector<std::string> ids;
  std::string cursor;
  do {
    const auto response = client.get("/_eventual/executions?limit=1000&status=" + status +
                                     (cursor.empty() ? "" : "&cursor=" + cursor));
    if (!response || response->status != 200) return {"the listing does not answer"};
    const auto parsed = Json::parse(response->body);
    if (!parsed)
      return {fmt::format("the listing of {} bytes is no JSON: {}", response->body.size(),
                          parsed.error().message())};
    const Json& json = *parsed;
    for (const Json& one : json["executions"].as_array())
      ids.push_back(one["execution_id"].as_string());
    cursor = json["cursor"].is_string() ? json["cursor"].as_string() : std::string();
  } while (!cursor.empty());
  return ids;
}

Complaints check_over_http(HttpClient& client, const std::vector<Wanted>& executions) {
  Complaints complaints;
  for (const Wanted& wanted : executions) {
    const auto response = client.get("/_eventual/executions/" + wanted.id() + "/result");
    if (!response) {
      complaints.push_back(wanted.id() + ": no answer");
      continue;
    }
    check_result(wanted, *response, complaints);
    if (!wanted.signals.empty()) check_signals_over_http(client, wanted, complaints);
  }
  return complaints;
}

StoreCheck check_store(const std::string& folder, const std::vector<Wanted>& executions) {
  StoreCheck check;
  StoreReader(folder, check).read(executions);
  return check;
}

std::string to_text(const Complaints& complaints) {
  constexpr std::size_t k_shown = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(complaints.size(), k_shown); ++i)
    text += complaints[i] + "\n";
  if (complaints.size() > k_shown)
    text += fmt::format("and {} more\n", complaints.size() - k_shown);
  return text;
}

}  // namespace crash
