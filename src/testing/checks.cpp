#include "testing/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "engine/errors.hpp"
#include "engine/verify.hpp"
#include "model/message_row.hpp"
#include "model/records.hpp"

namespace eventual::testing {

namespace {

constexpr std::uint16_t k_shards = engine::Options().shards;

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
         std::holds_alternative<model::CancelDelivered>(event) ||
         std::holds_alternative<model::TransactionSucceeded>(event) ||
         std::holds_alternative<model::TransactionFailed>(event) ||
         std::holds_alternative<model::EntitySucceeded>(event) ||
         std::holds_alternative<model::EntityFailed>(event);
}

bool is_success(const model::Event& event) {
  return std::holds_alternative<model::TaskSucceeded>(event) ||
         std::holds_alternative<model::ChildSucceeded>(event);
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
  std::set<std::string, std::less<>> seen;  // each run is listed
  store
      .scan(ports::Table::listing, {.from = {}, .to = {}, .reverse = true},
            [&](std::string_view key, std::string_view) {
              const auto listed = model::keys::parse_listing(key);
              if (listed && !seen.contains(listed->id)) {
                seen.emplace(listed->id);
                ids.emplace_back(listed->id);
              }
              return true;
            })
      .value();
  return ids;
}

std::string who_sets_timers(ports::Store& store) {
  constexpr std::size_t k_named_max = 3;
  std::vector<std::string> ids;
  store
      .scan(ports::Table::timers, {},
            [&](std::string_view key, std::string_view) {
              const auto timer = model::keys::parse_timer(key);
              if (timer && std::find(ids.begin(), ids.end(), timer->id) == ids.end())
                ids.emplace_back(timer->id);
              return ids.size() < k_named_max;
            })
      .value();
  if (ids.empty()) return {};
  return fmt::format(
      "; timers are set by {}. A run has to come to rest: let the scenario end what goes on for "
      "ever, with a signal, run.cancel or run.terminate",
      fmt::join(ids, ", "));
}

std::optional<Timestamp> next_timer(ports::Store& store, Timestamp after) {
  std::optional<Timestamp> next;
  store
      .scan(ports::Table::timers, {},
            [&](std::string_view key, std::string_view) {
              const auto timer = model::keys::parse_timer(key);
              if (timer && timer->due > after && (!next || timer->due < *next)) next = timer->due;
              return true;
            })
      .value();
  return next;
}

Result<Story> read_story(ports::Store& store, const std::string& id) {
  auto latest = engine::read_execution(store, k_shards, id, 0);
  if (!latest) return latest.error();
  Story story;
  story.id = id;
  for (std::uint32_t run = 1; run < latest->record.run; ++run) {
    auto earlier = engine::read_execution(store, k_shards, id, run);
    if (!earlier) return earlier.error();
    story.runs.push_back(std::move(*earlier));
  }
  story.runs.push_back(std::move(*latest));
  const auto scanned =
      store.scan(ports::Table::messages, {}, [&](std::string_view, std::string_view value) {
        const auto message = model::decode_message(value);
        if (!message || message->kind != model::Message::Kind::deferred || message->to != id)
          return true;
        auto holder = model::decode_turn(message->payload, 0);
        if (holder)
          std::move(holder->events.begin(), holder->events.end(), std::back_inserter(story.kept));
        return true;
      });
  if (!scanned) return scanned.error();
  return story;
}

namespace {

/// One run: what its turns say, one after the other.
class RunCheck {
 public:
  RunCheck(const std::string& id, Timestamp latest) : id_(id), latest_(latest) {}

  void turn(const model::Turn& turn) {
    if (turn.at < last_) violated(id_, fmt::format("time runs backwards in turn {}", turn.number));
    if (turn.at > latest_)
      violated(id_, fmt::format("turn {} is later than the clock ever was", turn.number));
    last_ = turn.at;
    for (const model::Event& event : turn.events) {
      // What was held is fired when it goes on, in any order; a fork makes its timers anew.
      if (std::holds_alternative<model::ExecutionResumed>(event) ||
          std::holds_alternative<model::ExecutionUnparked>(event) ||
          std::holds_alternative<model::ExecutionForked>(event)) {
        pending_.clear();
      }
      if (is_result(event)) result(event, turn.at);
    }
    for (const model::Event& call : turn.calls) {
      if (model::seq_of(call) != next_seq_)
        violated(id_, fmt::format("the calls have no number {}", next_seq_));
      if (const auto time = due_of(call)) due_.emplace(next_seq_, *time);
      if (const auto* timer = std::get_if<model::TimerStarted>(&call))
        pending_.emplace(next_seq_, timer->due);
      if (const auto* cancelled = std::get_if<model::CallCancelled>(&call))
        pending_.erase(cancelled->call);
      ++next_seq_;
    }
  }

 private:
  void result(const model::Event& event, Timestamp at) {
    const std::uint32_t seq = model::seq_of(event).value();
    if (seq >= next_seq_)
      violated(id_, fmt::format("call {} has a result before it was made", seq));
    if (!results_.insert(seq).second) violated(id_, fmt::format("call {} has two results", seq));
    const auto timer = due_.find(seq);
    if (timer == due_.end()) return;
    if (at < timer->second) violated(id_, fmt::format("the timer of call {} fired early", seq));
    if (pending_.erase(seq) == 0) return;
    for (const auto& [other, due] : pending_) {
      if (due < timer->second)
        violated(id_, fmt::format("the timer of call {} fired before that of call {}", seq, other));
    }
  }

  const std::string& id_;
  const Timestamp latest_;
  std::set<std::uint32_t> results_;
  std::map<std::uint32_t, Timestamp> due_;
  std::map<std::uint32_t, Timestamp> pending_;  ///< sleeps that nothing has ended
  std::uint32_t next_seq_ = 0;
  Timestamp last_{};
};

/// The results of successful calls that stand in the copied part of a branched run or before it.
std::set<std::uint32_t> succeeded(const std::vector<model::Turn>& turns, std::size_t end) {
  std::set<std::uint32_t> calls;
  for (std::size_t i = 0; i < std::min(end, turns.size()); ++i) {
    for (const model::Event& event : turns[i].events) {
      if (is_success(event)) calls.insert(model::seq_of(event).value());
    }
  }
  return calls;
}

/// A retried run has the results of the calls that it shares with the run before it.
void check_retry(const std::string& id, const engine::StoredExecution& before,
                 const engine::StoredExecution& after) {
  for (std::size_t i = 0; i < after.turns.size(); ++i) {
    for (const model::Event& event : after.turns[i].events) {
      const auto* forked = std::get_if<model::ExecutionForked>(&event);
      if (forked == nullptr || forked->from_call || forked->source_id != id ||
          forked->source_run != before.record.run) {
        continue;
      }
      const std::set<std::uint32_t> known = succeeded(after.turns, i + 1);
      std::set<std::uint32_t> shared;
      for (std::size_t turn = 0; turn < i; ++turn) {
        for (const model::Event& call : after.turns[turn].calls)
          shared.insert(model::seq_of(call).value());
      }
      for (const std::uint32_t seq : succeeded(before.turns, before.turns.size())) {
        if (shared.contains(seq) && !known.contains(seq))
          violated(id, fmt::format("the retry forgot that call {} had succeeded", seq));
      }
    }
  }
}

void check_run(const detail::Declarations& declarations, const std::string& id,
               const engine::StoredExecution& stored, Timestamp latest) {
  RunCheck check(id, latest);
  for (const model::Turn& turn : stored.turns) check.turn(turn);
  if (stored.record.status == model::Status::parked) {
    const std::string& reason = stored.record.reason.name;
    if (reason == error_names::k_determinism || reason == error_names::k_corrupt)
      violated(id, "it is parked: " + reason + ": " + stored.record.reason.message);
    return;
  }
  if (const auto difference = engine::find_difference(declarations, id, stored))
    violated(id, difference->name() + ": " + difference->message());
}

}  // namespace

void check_history(const detail::Declarations& declarations, const Story& story, Timestamp latest) {
  for (std::size_t i = 0; i < story.runs.size(); ++i) {
    check_run(declarations, story.id, story.runs[i], latest);
    if (i > 0) check_retry(story.id, story.runs[i - 1], story.runs[i]);
  }
}

void check_can_wake(ports::Store& store, const ports::ExecutionView& view) {
  if (view.status != "running") return;
  const std::string id = view.execution.id();
  if (view.waiting_for.empty()) violated(id, "it is running and nothing can wake it");
  const std::uint16_t shard = engine::shard_of_id(id, k_shards);
  std::set<std::uint32_t> timer_rows;
  store
      .scan(ports::Table::timers, {model::keys::shard_prefix(shard), model::keys::shard_end(shard)},
            [&](std::string_view key, std::string_view) {
              const auto timer = model::keys::parse_timer(key);
              if (timer && timer->id == id) timer_rows.insert(timer->seq);
              return true;
            })
      .value();
  const bool active =
      store.get(ports::Table::active, model::keys::active(shard, id)).value().has_value();
  for (const ports::WaitingFor& waiting : view.waiting_for) {
    const auto* state = waiting.details.find("state");
    const bool retries =
        waiting.kind == "task" && state != nullptr && state->as_string() == "retry";
    const bool needs_timer = waiting.kind == "timer" || retries ||
                             (waiting.kind != "task" && waiting.details.find("times_out_at"));
    if (needs_timer &&
        !timer_rows.contains(static_cast<std::uint32_t>(waiting.details["seq"].as_uint64()))) {
      violated(id, "no timer row will wake " + waiting.kind + " " + waiting.details.dump());
    }
    if (waiting.kind == "task" && !retries && !active)
      violated(id, "a restart would not take up " + waiting.details.dump());
  }
}

void check_nothing_undelivered(ports::Store& store) {
  store
      .scan(ports::Table::messages, {},
            [](std::string_view, std::string_view value) {
              const auto row = model::decode_message_row(value);
              if (row && row->message.kind != model::Message::Kind::deferred) {
                const model::Message& message = row->message;
                violated(message.to, "a message from " +
                                         (message.from.empty() ? "outside" : message.from) +
                                         " waits and nothing will deliver it");
              }
              return true;
            })
      .value();
}

}  // namespace eventual::testing
