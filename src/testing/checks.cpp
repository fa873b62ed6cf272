#include "testing/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/verify.hpp"
#include "model/records.hpp"

namespace eventual::testing {

namespace {

constexpr std::uint16_t k_shards = engine::Options().shards;

struct NamedFault {
  const char* name;
  double Faults::* value;
};
constexpr NamedFault k_faults[] = {
    {"crash", &Faults::crash},
    {"write_failure", &Faults::write_failure},
    {"task_failure", &Faults::task_failure},
    {"lost_attempt", &Faults::lost_attempt},
    {"duplicate_result", &Faults::duplicate_result},
    {"duplicate_request", &Faults::duplicate_request},
    {"delay", &Faults::delay},
    {"eviction", &Faults::eviction},
};

[[noreturn]] void violated(const std::string& id, std::string what) {
  throw Error("Violated", id + ": " + what);
}

/// Ends a call with a result.
bool is_result(const model::Event& event) {
  return std::holds_alternative<model::TaskSucceeded>(event) ||
         std::holds_alternative<model::TaskFailed>(event) ||
         std::holds_alternative<model::TimerFired>(event) ||
         std::holds_alternative<model::CallTimedOut>(event) ||
         std::holds_alternative<model::ChildStarted>(event) ||
         std::holds_alternative<model::ChildSucceeded>(event) ||
         std::holds_alternative<model::ChildFailed>(event) ||
         std::holds_alternative<model::SignalDelivered>(event) ||
         std::holds_alternative<model::SignalRefused>(event) ||
         std::holds_alternative<model::CancelDelivered>(event);
}

std::optional<Timestamp> due_of(const model::Event& call) {
  if (const auto* timer = std::get_if<model::TimerStarted>(&call)) return timer->due;
  if (const auto* condition = std::get_if<model::ConditionStarted>(&call)) return condition->due;
  if (const auto* expected = std::get_if<model::SignalExpected>(&call)) return expected->due;
  return std::nullopt;
}

}  // namespace

std::vector<std::string> all_executions(ports::Store& store) {
  std::vector<std::string> ids;
  store
      .scan(ports::Table::listing, {},
            [&](std::string_view key, std::string_view) {
              if (const auto listed = model::keys::parse_listing(key)) ids.emplace_back(listed->id);
              return true;
            })
      .value();
  std::reverse(ids.begin(), ids.end());
  return ids;
}

void check_exists(ports::Store& store, const std::string& id) {
  const auto stored = engine::read_execution(store, k_shards, id, 0);
  if (!stored) violated(id, "its start was acknowledged, but " + stored.error().message());
}

void check_signal_kept(ports::Store& store, const std::string& id, const std::string& message_id) {
  std::size_t kept = 0;
  const std::uint32_t latest = engine::read_execution(store, k_shards, id, 0).value().record.run;
  for (std::uint32_t run = 1; run <= latest; ++run) {
    for (const model::Turn& turn : engine::read_execution(store, k_shards, id, run).value().turns) {
      for (const model::Event& event : turn.events) {
        const auto* signal = std::get_if<model::SignalReceived>(&event);
        if (signal != nullptr && signal->message_id == message_id) ++kept;
      }
    }
  }
  store
      .scan(ports::Table::messages, {},
            [&](std::string_view, std::string_view value) {
              const auto message = model::decode_message(value);
              if (!message || message->kind != model::Message::Kind::deferred || message->to != id)
                return true;
              const auto holder = model::decode_turn(message->payload, 0);
              if (!holder) return true;
              for (const model::Event& event : holder->events) {
                const auto* signal = std::get_if<model::SignalReceived>(&event);
                if (signal != nullptr && signal->message_id == message_id) ++kept;
              }
              return true;
            })
      .value();
  if (kept != 1)
    violated(id, fmt::format("signal {} was acknowledged and is there {} times", message_id, kept));
}

namespace {

void check_run(const detail::Declarations& declarations, const std::string& id,
               const engine::StoredExecution& stored) {
  std::set<std::uint32_t> results;
  std::map<std::uint32_t, Timestamp> due;
  std::uint32_t next_seq = 0;
  Timestamp last{};
  for (const model::Turn& turn : stored.turns) {
    if (turn.at < last) violated(id, fmt::format("time runs backwards in turn {}", turn.number));
    last = turn.at;
    for (const model::Event& event : turn.events) {
      if (!is_result(event)) continue;
      const std::uint32_t seq = model::seq_of(event).value();
      if (seq >= next_seq)
        violated(id, fmt::format("call {} has a result before it was made", seq));
      if (!results.insert(seq).second) violated(id, fmt::format("call {} has two results", seq));
      const auto timer = due.find(seq);
      if (timer != due.end() && turn.at < timer->second)
        violated(id, fmt::format("the timer of call {} fired early", seq));
    }
    for (const model::Event& call : turn.calls) {
      if (model::seq_of(call) != next_seq)
        violated(id, fmt::format("the calls have no number {}", next_seq));
      if (const auto time = due_of(call)) due.emplace(next_seq, *time);
      ++next_seq;
    }
  }
  if (stored.record.status == model::Status::parked) return;
  if (const auto difference = engine::find_difference(declarations, id, stored)) {
    violated(id, difference->name() + ": " + difference->message());
  }
}

}  // namespace

void check_history(const detail::Declarations& declarations, ports::Store& store,
                   const std::string& id) {
  auto stored = engine::read_execution(store, k_shards, id, 0).value();
  for (std::uint32_t run = 1; run < stored.record.run; ++run)
    check_run(declarations, id, engine::read_execution(store, k_shards, id, run).value());
  check_run(declarations, id, stored);
}

void check_can_wake(ports::Store& store, const std::string& id, const Json& view) {
  if (view["status"].as_string() != "running") return;
  std::set<std::uint32_t> timer_rows;
  store
      .scan(ports::Table::timers, {},
            [&](std::string_view key, std::string_view) {
              const auto timer = model::keys::parse_timer(key);
              if (timer && timer->id == id) timer_rows.insert(timer->seq);
              return true;
            })
      .value();
  const std::string active_key = model::keys::active(engine::shard_of_id(id, k_shards), id);
  const bool active = store.get(ports::Table::active, active_key).value().has_value();
  for (const Json& waiting : view["waiting_for"].as_array()) {
    const std::string& kind = waiting["kind"].as_string();
    const bool needs_timer = kind == "timer" || waiting.find("times_out_at") != nullptr ||
                             (kind == "task" && waiting["state"].as_string() == "retry");
    if (needs_timer &&
        !timer_rows.contains(static_cast<std::uint32_t>(waiting["seq"].as_uint64()))) {
      violated(id, "no timer row will wake " + waiting.dump());
    }
    if (kind == "task" && waiting["state"].as_string() != "retry" && !active) {
      violated(id, "a restart would not take up " + waiting.dump());
    }
  }
}

void check_nothing_undelivered(ports::Store& store) {
  store
      .scan(ports::Table::messages, {},
            [](std::string_view, std::string_view value) {
              const auto message = model::decode_message(value);
              if (message && message->kind != model::Message::Kind::deferred) {
                violated(message->to, "a message from " +
                                          (message->from.empty() ? "outside" : message->from) +
                                          " waits and nothing will deliver it");
              }
              return true;
            })
      .value();
}

const std::vector<double Faults::*>& all_faults() {
  static const std::vector<double Faults::*> faults = [] {
    std::vector<double Faults::*> all;
    for (const NamedFault& fault : k_faults) all.push_back(fault.value);
    return all;
  }();
  return faults;
}

std::string reproduction(std::uint64_t seed, const SimulationOptions& options) {
  std::string faults;
  const Faults usual;
  for (const NamedFault& fault : k_faults) {
    if (options.faults.*fault.value == usual.*fault.value) continue;
    faults +=
        fmt::format("{}{}={}", faults.empty() ? "" : ",", fault.name, options.faults.*fault.value);
  }
  std::string line =
      fmt::format("sim --seed {} --seeds 1 --executions {}", seed, options.executions);
  if (!faults.empty()) line += " --faults " + faults;
  return line;
}

Result<Faults> parse_faults(std::string_view text, Faults faults) {
  const auto invalid = [](std::string message) {
    return Error(std::string(error_names::k_invalid_input), std::move(message));
  };
  if (text == "none") return Faults::none();
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    const std::string_view name = item.substr(0, equals);
    const auto* known = std::find_if(std::begin(k_faults), std::end(k_faults),
                                     [&](const NamedFault& f) { return f.name == name; });
    if (known == std::end(k_faults)) return invalid(fmt::format("unknown fault '{}'", name));
    if (equals == std::string_view::npos)
      return invalid(fmt::format("fault '{}' needs a chance: {}=0.1", name, name));
    const std::string_view value = item.substr(equals + 1);
    double chance = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), chance);
    if (read.ec != std::errc() || read.ptr != value.data() + value.size() || chance < 0 ||
        chance > 1) {
      return invalid(
          fmt::format("the chance of '{}' is a number from 0 to 1, not '{}'", name, value));
    }
    faults.*(known->value) = chance;
  }
  return faults;
}

}  // namespace eventual::testing
