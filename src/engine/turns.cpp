// Turns: events are applied to the code, and what it decided goes into the batch.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/stored_turns.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {
/// More runs that end as they begin are taken for a loop.
constexpr std::uint32_t k_idle_runs_max = 100;
}  // namespace

bool Engine::accepts(const Live& live) const noexcept {
  return live.executor != nullptr && !live.executor->done() &&
         live.record.status == model::Status::running;
}

void Engine::begin_turn(Live& live, Timestamp now) {
  if (live.in_turn) return;
  live.in_turn = true;
  live.turn.number = live.next_turn;
  live.turn.at =
      std::max(now, live.turn.at);  // a clock that was set back does not turn history around
  live.turn.events.clear();
  live.turn.calls.clear();
  if (live.executor != nullptr) live.executor->begin_turn(live.turn.at);
  open_turns_.push_back(&live);
}

void Engine::apply(Live& live, model::Event event, Timestamp now) {
  begin_turn(live, now);
  if (live.executor != nullptr) {
    const ports::MarkedCall marked(marker_, {live.id, live.record.run});
    live.executor->apply(event);
    stop_attempts(live, live.executor->take_stopped());
  }
  if (std::holds_alternative<model::CancelRequested>(event)) live.cancel_requested = true;
  if (std::holds_alternative<model::ChildSucceeded>(event) ||
      std::holds_alternative<model::ChildFailed>(event)) {
    live.children.erase(model::seq_of(event).value());
  }
  live.turn.events.push_back(std::move(event));
  // Nothing more may come to this run: it is the next one's.
  if (continues(live)) finish_turn(live);
}

void Engine::finish_turn(Live& live) {
  EVENTUAL_ASSERT(live.in_turn, "a turn ends once");
  ++figures_.turns;
  const bool only_pure = live.executor != nullptr && take_calls(live);
  live.in_turn = false;
  live.history_events += live.turn.events.size() + live.turn.calls.size();

  const std::optional<model::Event> closing = ending(live);
  std::optional<model::JsonText> carried;
  if (closing) {
    if (std::holds_alternative<model::ExecutionContinued>(*closing)) {
      carried = live.executor->carried_signals();
      end_run(live);
      live.turn.events.push_back(*closing);
    } else {
      record_end(live, *closing);
    }
    close(live, *closing);
  } else if (live.executor != nullptr && live.executor->stuck() &&
             live.record.status == model::Status::running) {
    park_stuck(live);
  }

  const bool wrote_turn = !live.turn.events.empty() || !live.turn.calls.empty();
  if (wrote_turn && only_pure) {
    live.unwritten.push_back(std::move(live.turn));
    live.turn = {};
    live.turn.at = live.unwritten.back().at;
    ++live.next_turn;
    live.touched = outputs_taken_ + 1;
    return;
  }
  write_pure_turns(live);
  if (wrote_turn) write_turn(live);
  keep_active_row(live);
  if (live.record_changed) put_record(live);
  live.touched = outputs_taken_ + 1;
  if (live.record.status == model::Status::continued) {
    begin_next_run(live, std::get<model::ExecutionContinued>(*closing), std::move(carried));
    return;
  }
  if (model::is_closed(live.record.status)) {
    closed_.push_back(live.id);
    live.executor.reset();
  }
  if (live.record.status == model::Status::running) watch_length(live);
}

/// Ends the code's part of the turn and makes its calls. Whether the turn is one of pure tasks
/// alone.
bool Engine::take_calls(Live& live) {
  {
    const ports::MarkedCall marked(marker_, {live.id, live.record.run});
    live.executor->end_turn();
  }
  std::vector<std::uint32_t> answered = drop_answered(live);
  live.turn.calls = live.executor->take_calls();
  auto view = live.executor->take_published();
  // A view must not be seen before the turn that published it is recorded.
  const bool only_pure = is_only_pure(live) && answered.empty() && !view;
  if (view) output_.batch.put(Table::payloads, keys::view(live.shard, live.id), std::move(*view));
  for (const model::Event& call : live.turn.calls) {
    const auto* cancelled = std::get_if<model::CallCancelled>(&call);
    if (cancelled == nullptr || cancelled->waits) continue;
    if (live.calls.contains(cancelled->call)) {
      cancel_call(live, *cancelled);
    } else {
      answered.insert(std::upper_bound(answered.begin(), answered.end(), cancelled->call),
                      cancelled->call);
    }
  }
  for (const model::Event& call : live.turn.calls) {
    if (std::binary_search(answered.begin(), answered.end(), model::seq_of(call).value()))
      continue;  // over by now
    if (const auto* cancelled = std::get_if<model::CallCancelled>(&call)) {
      if (cancelled->waits) stop_attempts(live, {cancelled->call});
      continue;
    }
    track_call(live, call, live.turn.at);
    make_call(live, call, live.turn.number);
  }
  return only_pure;
}

/// The calls that the code's own progress answered, in order; they are open no longer.
std::vector<std::uint32_t> Engine::drop_answered(Live& live) {
  std::vector<std::uint32_t> answered = live.executor->take_answered();
  std::sort(answered.begin(), answered.end());
  for (const std::uint32_t seq : answered) {
    const auto call = live.calls.find(seq);
    if (call == live.calls.end()) continue;
    remove_call_timer(live, seq, call->second);
    live.calls.erase(call);
  }
  return answered;
}

/// How the turn ends the run; nothing while it stays open.
std::optional<model::Event> Engine::ending(Live& live) {
  live.idle_runs = live.turn.number == 0 && continues(live) ? live.idle_runs + 1 : 0;
  if (live.idle_runs > k_idle_runs_max) {
    return model::ExecutionTerminated{"it continued as new " + std::to_string(k_idle_runs_max) +
                                      " times without waiting for anything"};
  }
  if (live.executor == nullptr) return std::nullopt;
  return live.executor->closing();
}

void Engine::write_turn(Live& live) {
  std::string bytes = model::encode(live.turn);
  const std::size_t size = bytes.size();
  if (live.turn.number == 0) {
    live.record.first_turn = std::move(bytes);
    live.record_changed = true;
  } else if (model::is_closed(live.record.status)) {
    live.record.last_turn = std::move(bytes);
    live.record_changed = true;
  } else {
    put_turn(output_.batch, live.shard, live.id, live.record.run, live.turn.number,
             std::move(bytes));
  }
  live.weigh(size);
  ++live.next_turn;
  live.turn.events.clear();
  live.turn.calls.clear();
}

/// The row by which a restart finds the execution: for as long as an attempt of it is in flight.
void Engine::keep_active_row(Live& live) {
  const bool in_flight = live.tasks_in_flight > 0 || (live.unreadable && live.active_row);
  const bool wants_row = in_flight && !model::is_closed(live.record.status);
  if (wants_row == live.active_row) return;
  if (wants_row) {
    output_.batch.put(Table::active, keys::active(live.shard, live.id), {});
  } else {
    output_.batch.remove(Table::active, keys::active(live.shard, live.id));
  }
  live.active_row = wants_row;
}

/// Parks it when its history is too long, and warns before.
void Engine::watch_length(Live& live) {
  if (live.history_events > options_.history_events_max) {
    park(live,
         limit_exceeded("the history has more than " + std::to_string(options_.history_events_max) +
                        " events"),
         live.turn.at);
  } else if (!live.history_warned && live.history_events >= options_.history_events_warn) {
    live.history_warned = true;
    log_(LogLevel::warn, live.id,
         "its history has " + std::to_string(live.history_events) + " events; with more than " +
             std::to_string(options_.history_events_max) +
             " it is parked: have the workflow continue as new before");
  }
}

/// Whether a turn only took results of pure tasks and asked for more of them: nothing is lost when
/// it is run again, so its record may wait for the next turn that is more than that.
bool Engine::is_only_pure(Live& live) const {
  const std::vector<std::uint32_t> answered = std::exchange(live.pure_answered, {});
  const bool ordinary = std::exchange(live.ordinary_turn, false);
  if (ordinary || live.record_changed || !live.active_row || live.turn.calls.empty() ||
      live.executor->done() || live.unwritten.size() >= k_unwritten_turns_max) {
    return false;
  }
  for (const model::Event& event : live.turn.events) {
    const auto seq = model::seq_of(event);
    const bool is_result = std::holds_alternative<model::TaskSucceeded>(event) ||
                           std::holds_alternative<model::TaskFailed>(event);
    if (!is_result || std::find(answered.begin(), answered.end(), *seq) == answered.end())
      return false;
  }
  for (const model::Event& call : live.turn.calls) {
    const auto* scheduled = std::get_if<model::TaskScheduled>(&call);
    const auto* task = scheduled == nullptr ? nullptr : declarations_.find_task(scheduled->task);
    if (task == nullptr || !task->options.pure) return false;
  }
  return true;
}

void Engine::write_pure_turns(Live& live) {
  for (const model::Turn& turn : live.unwritten) {
    put_turn(output_.batch, live.shard, live.id, live.record.run, turn.number, model::encode(turn));
  }
  live.unwritten.clear();
}

void Engine::put_record(Live& live) {
  live.record.turns = live.next_turn;
  output_.batch.put(Table::executions,
                    live.record.status == model::Status::continued
                        ? keys::execution(live.shard, live.id, live.record.run)
                        : keys::execution(live.shard, live.id),
                    encode_record(store_, output_.batch, live.shard, live.id, live.record));
  if (live.is_new) {
    output_.batch.put(Table::listing,
                      keys::listing(live.record.started_at, live.id, live.record.run), {});
    live.is_new = false;
  }
  live.record_changed = false;
}

}  // namespace eventual::engine
