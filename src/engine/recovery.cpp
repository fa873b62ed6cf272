// From rows to executions: reading one back, and taking up everything at the start of a process.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/stored_turns.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

const detail::TaskDefinition& undeclared_task() {
  static const detail::TaskDefinition definition;
  return definition;
}

/// The end, unless the call is one of a task: what a history tells of attempts of others is
/// nothing.
template <class Calls>
auto find_task(Calls& calls, std::uint32_t seq) {
  using Kind = typename Calls::mapped_type::Kind;
  const auto call = calls.find(seq);
  return call == calls.end() || call->second.kind == Kind::task ? call : calls.end();
}

}  // namespace

void Engine::forget_call(Live& live, std::uint32_t seq) noexcept {
  const auto found = live.calls.find(seq);
  if (found == live.calls.end()) return;
  set_in_flight(live, found->second, false);
  live.calls.erase(found);
}

/// Keeps the open calls as an event of the history leaves them.
void Engine::track(Live& live, const model::Event& event, Timestamp at) {
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, model::ExecutionStarted>) {
          live.started = value;
          live.started.input.text.clear();
          live.started.carried_signals.reset();
        } else if constexpr (std::is_same_v<T, model::ExecutionParked> ||
                             std::is_same_v<T, model::ExecutionPaused>) {
          live.parked_at = at;
        } else if constexpr (std::is_same_v<T, model::ExecutionForked>) {
          track_fork(live, value, at);
        } else if constexpr (std::is_same_v<T, model::ExecutionAdopted>) {
          live.started.parent_id = value.parent_id;
          live.started.parent_run = value.parent_run;
          live.started.parent_seq = value.parent_seq;
          live.started.parent_waits = value.parent_waits;
        } else if constexpr (std::is_same_v<T, model::CancelRequested>) {
          live.cancel_requested = true;
        } else if constexpr (std::is_same_v<T, model::SignalReceived>) {
          if (!value.message_id.empty()) live.signal_ids.insert(value.message_id);
        } else if constexpr (std::is_same_v<T, model::UpdateReceived>) {
          live.updates.try_emplace(value.update_id);
        } else if constexpr (std::is_same_v<T, model::TaskAttemptFailed>) {
          const auto call = find_task(live.calls, value.seq);
          if (call == live.calls.end()) return;
          set_in_flight(live, call->second, false);
          call->second.attempt = value.attempt + 1;
          call->second.due = value.next_at;
          call->second.last_error = value.error.to_error();
          call->second.deferred = call->second.stop_requested = false;
          if (value.heartbeat) call->second.heartbeat = value.heartbeat->text;
        } else if constexpr (std::is_same_v<T, model::TaskAttemptDeferred>) {
          const auto call = find_task(live.calls, value.seq);
          if (call == live.calls.end()) return;
          call->second.deferred = true;
          call->second.deferred_until = value.times_out_at;
        } else if constexpr (std::is_same_v<T, model::TaskAttemptStarted>) {
          const auto call = find_task(live.calls, value.seq);
          if (call == live.calls.end()) return;
          set_in_flight(live, call->second, true);
          call->second.attempt = value.attempt;
          call->second.due = {};
        } else if constexpr (requires { value.seq; }) {
          forget_call(live, value.seq);
          if constexpr (std::is_same_v<T, model::ChildSucceeded> ||
                        std::is_same_v<T, model::ChildFailed>) {
            live.children.erase(value.seq);
          }
        }
      },
      event);
}

/// A call of the history, or one that a turn has just made.
void Engine::track_call(Live& live, const model::Event& event, Timestamp at) {
  if (const auto* cancelled = std::get_if<model::CallCancelled>(&event)) {
    const auto call = live.calls.find(cancelled->call);
    if (call == live.calls.end()) return;
    call->second.stop_requested = true;
    if (!cancelled->waits) forget_call(live, cancelled->call);
    return;
  }
  if (!model::awaits_answer(event)) {
    if (const auto* success = std::get_if<model::UpdateSucceeded>(&event))
      live.updates.insert_or_assign(success->update_id, event);
    if (const auto* failure = std::get_if<model::UpdateFailed>(&event))
      live.updates.insert_or_assign(failure->update_id, event);
    return;
  }
  OpenCall open;
  open.since = at;
  std::uint32_t seq = 0;
  bool in_flight = false;
  std::visit(
      [&](const auto& call) {
        using T = std::decay_t<decltype(call)>;
        if constexpr (requires { call.seq; }) seq = call.seq;
        if constexpr (std::is_same_v<T, model::TaskScheduled>) {
          open.kind = OpenCall::Kind::task;
          open.name = call.task;
          open.definition = declarations_.find_task(call.task);
          if (open.definition == nullptr) open.definition = &undeclared_task();
          open.input = call.input.text;
          open.timeout_override = call.timeout;
          open.retry_override = call.retry;
          open.delivery_override = call.delivery;
          open.heartbeat_timeout_override = call.heartbeat_timeout;
          open.limit_key = call.limit_key;
          const Duration deadline = call.deadline.value_or(open.definition->options.deadline);
          if (deadline != k_forever && deadline < Timestamp::max() - at)
            open.deadline = at + deadline;
          in_flight = true;
        } else if constexpr (std::is_same_v<T, model::TimerStarted>) {
          open.kind = OpenCall::Kind::timer;
          open.due = call.due;
        } else if constexpr (std::is_same_v<T, model::ConditionStarted>) {
          open.kind = OpenCall::Kind::timed_wait;
          open.due = call.due;
        } else if constexpr (std::is_same_v<T, model::SignalExpected>) {
          open.kind = OpenCall::Kind::timed_wait;
          open.name = call.signal;
          open.due = call.due;
        } else if constexpr (std::is_same_v<T, model::ChildScheduled>) {
          open.kind = OpenCall::Kind::child;
          open.name = call.workflow + "/" + call.name;
          if (call.on_parent_close.value_or(ParentClose::abandon) != ParentClose::abandon)
            live.children.insert_or_assign(call.seq, Live::Child{open.name, *call.on_parent_close});
        } else if constexpr (std::is_same_v<T, model::SignalSent>) {
          open.kind = OpenCall::Kind::signal_send;
          open.name = call.signal;
        } else if constexpr (std::is_same_v<T, model::TransactionCalled> ||
                             std::is_same_v<T, model::EntityCalled>) {
          open.kind = OpenCall::Kind::store_call;
          if constexpr (std::is_same_v<T, model::TransactionCalled>) {
            open.name = call.transaction;
          } else {
            open.name = call.entity;
          }
          open.store_call = event;
          in_flight = true;
        } else if constexpr (std::is_same_v<T, model::CancelSent>) {
          open.kind = OpenCall::Kind::cancel_send;
          open.name = call.execution_id;
        }
      },
      event);
  OpenCall& kept = live.calls.insert_or_assign(seq, std::move(open)).first->second;
  if (in_flight) set_in_flight(live, kept, true);
}

Result<std::vector<model::Turn>> Engine::read_turns(const Live& live) {
  std::vector<model::Turn> turns;
  auto first = model::decode_turn(live.record.first_turn, 0);
  if (!first) return first.error();
  turns.push_back(std::move(*first));
  std::optional<Error> failure;
  const std::string from = keys::history(live.shard, live.id, live.record.run, 0);
  const std::string to = keys::history_end(live.shard, live.id, live.record.run);
  const auto scanned =
      store_.scan(Table::history, {from, to}, [&](std::string_view row, std::string_view value) {
        const std::uint32_t number = keys::history_turn(row);
        auto turn = read_turn(store_, live.shard, live.id, live.record.run, number, value);
        if (!turn) {
          failure = turn.error();
          return false;
        }
        if (number != turns.back().number + 1) {
          failure = Error(std::string(error_names::k_corrupt),
                          "turn " + std::to_string(turns.back().number + 1) + " is missing");
          return false;
        }
        turns.push_back(std::move(*turn));
        return true;
      });
  if (!scanned) return scanned.error();
  if (failure) return Error(failure->name(), failure->message() + " (history of " + live.id + ")");
  return turns;
}

/// What can be known of an execution whose history cannot be read. Nothing that is there may be
/// written over.
void Engine::read_unreadable(Live& live) {
  live.unreadable = true;
  live.next_turn = 1;
  const std::string from = keys::history(live.shard, live.id, live.record.run, 0);
  const std::string to = keys::history_end(live.shard, live.id, live.record.run);
  (void)store_.scan(Table::history, {from, to, true}, [&](std::string_view row, std::string_view) {
    live.next_turn = keys::history_turn(row) + 1;
    return false;
  });
  if (const auto first = model::decode_turn(live.record.first_turn, 0)) {
    for (const model::Event& event : first->events) track(live, event, first->at);
  }
  const auto row = store_.get(Table::active, keys::active(live.shard, live.id));
  live.active_row = row && row->has_value();
}

/// Calls whose answers wait until it is no longer parked are answered, and signals that wait have
/// been received.
Result<void> Engine::read_kept(Live& live) {
  const auto kept = engine::read_kept(store_, options_.shards, live.id);
  if (!kept) return kept.error();
  live.kept_events = kept->size();
  for (const Output::Outgoing& outgoing : *kept) {
    live.kept_bytes += outgoing.message.payload.size();
    const auto holder = model::decode_turn(outgoing.message.payload, 0);
    if (!holder) continue;
    for (const model::Event& event : holder->events) track(live, event, live.parked_at);
  }
  return {};
}

Result<std::unique_ptr<Engine::Live>> Engine::read(std::string_view id, Timestamp) {
  auto live = std::make_unique<Live>(figures_.attempts_in_flight, live_bytes_);
  live->id = id;
  live->shard = shard_of(id);
  auto row = store_.get(Table::executions, keys::execution(live->shard, id));
  if (!row) return row.error();
  if (!*row) return not_found("execution " + live->id + " does not exist");
  auto record = read_record_row(store_, live->shard, id, **row);
  if (!record)
    return Error(record.error().name(), record.error().message() + " (execution " + live->id + ")");
  live->record = std::move(*record);
  if (model::is_closed(live->record.status)) {
    if (auto first = model::decode_turn(live->record.first_turn, 0)) {
      for (const model::Event& event : first->events) track(*live, event, first->at);
    }
    live->signal_ids_known = false;
    return live;
  }
  const std::size_t slash = live->id.find('/');
  live->definition = declarations_.find_workflow(std::string_view(live->id).substr(0, slash));
  auto turns = read_turns(*live);
  if (turns) {
    replay(*live, *turns);
    live->next_turn = turns->back().number + 1;
    live->turn.at = turns->back().at;
  } else if (turns.error().name() == error_names::k_unavailable) {
    return turns.error();
  } else {
    live->stuck_on_load = turns.error();
    read_unreadable(*live);
  }
  if (live->record.status != model::Status::running) {
    if (auto kept = read_kept(*live); !kept) return kept.error();
  }
  if (!live->unreadable) live->active_row = live->tasks_in_flight > 0;
  if (live->tasks_in_flight > 0) {
    if (auto heartbeats = read_heartbeats(*live); !heartbeats) return heartbeats.error();
  }
  return live;
}

/// Runs the code over its history. What is stuck keeps its open calls all the same.
void Engine::replay(Live& live, const std::vector<model::Turn>& turns) {
  ++figures_.replays;
  const auto* started = turns.front().events.empty()
                            ? nullptr
                            : std::get_if<model::ExecutionStarted>(&turns.front().events.front());
  if (started == nullptr) {
    live.stuck_on_load = Error(std::string(error_names::k_corrupt),
                               "the history of " + live.id + " does not begin with a start");
    read_unreadable(live);
    return;
  }
  const ports::CallName code{live.id, live.record.run};
  if (live.definition == nullptr) {
    live.stuck_on_load =
        not_found("workflow " + live.id.substr(0, live.id.find('/')) + " is not declared");
  } else if (marker_ != nullptr && marker_->crashes(code) >= options_.crashes_max) {
    live.stuck_on_load =
        Error("CrashedRepeatedly", "the workflow's code crashed the process " +
                                       std::to_string(options_.crashes_max) + " times");
  } else {
    live.executor = make_executor(live, started->derivation);
  }
  const ports::MarkedCall marked(marker_, code);
  for (const model::Turn& turn : turns) {
    if (live.executor != nullptr) live.executor->begin_replay(turn.at, turn.calls);
    for (const model::Event& event : turn.events) {
      track(live, event, turn.at);
      if (live.executor == nullptr) continue;
      live.executor->apply(event);
      for (const std::uint32_t seq : live.executor->take_stopped()) {
        if (const auto call = live.calls.find(seq); call != live.calls.end())
          call->second.stop_requested = true;
      }
    }
    for (const model::Event& call : turn.calls) track_call(live, call, turn.at);
    if (live.executor != nullptr) {
      live.executor->end_turn();
      for (const std::uint32_t seq : live.executor->take_answered()) live.calls.erase(seq);
    }
    live.history_events += turn.events.size() + turn.calls.size();
  }
  live.history_warned = live.history_events >= options_.history_events_warn;
  if (live.executor != nullptr && live.executor->stuck()) {
    live.stuck_on_load = live.executor->stuck();
  } else if (live.executor != nullptr && live.executor->closing()) {
    live.stuck_on_load = Error(std::string(error_names::k_determinism),
                               "the code ends at a point where the recorded execution went on");
    live.executor.reset();
  }
}

/// Brings an execution that was just read into line with its status.
void Engine::settle_loaded(Live& live, Timestamp now) {
  if (model::is_closed(live.record.status)) return;
  if (live.stuck_on_load) {
    const Error reason = *std::exchange(live.stuck_on_load, std::nullopt);
    if (live.executor != nullptr && live.executor->stuck() &&
        reason.name() == error_names::k_determinism) {
      live.executor.reset();
    }
    park(live, reason, now);
    return;
  }
  // What was parked because code and history differed, or the code was missing, goes on when they
  // agree again.
  if (live.record.status == model::Status::parked &&
      (live.record.reason.name == error_names::k_determinism ||
       live.record.reason.name == error_names::k_not_found)) {
    (void)unpark(live, now);
  }
}

Result<bool> Engine::unpark(Live& live, Timestamp now) {
  if (live.executor == nullptr ||
      (live.executor->stuck() && live.executor->stuck()->name() == error_names::k_determinism)) {
    if (live.touched > outputs_committed_) {
      return Error(std::string(error_names::k_unavailable),
                   "its last change is still being written: try again");
    }
    auto fresh = read(live.id, now);
    if (!fresh) return fresh.error();
    Live& read_again = **fresh;
    const bool failed_compensation =
        read_again.executor != nullptr && read_again.executor->stuck() &&
        read_again.executor->stuck()->name() != error_names::k_determinism;
    if (read_again.stuck_on_load && !failed_compensation) return *read_again.stuck_on_load;
    live.executor = std::move(read_again.executor);
    live.started = std::move(read_again.started);
    live.signal_ids = std::move(read_again.signal_ids);
    live.updates = std::move(read_again.updates);
    live.history_events = read_again.history_events;
    live.next_turn = read_again.next_turn;
    live.turn.at = std::max(live.turn.at, read_again.turn.at);
    live.active_row = read_again.active_row;
    live.kept_events = read_again.kept_events;
    live.cancel_requested = read_again.cancel_requested;
    live.unreadable = false;
    live.children = std::move(read_again.children);
    std::swap(live.calls, read_again.calls);
    std::swap(live.tasks_in_flight, read_again.tasks_in_flight);
  }
  begin_turn(live, now);
  const bool paused = live.record.status == model::Status::paused;
  live.record.status = model::Status::running;
  live.record.reason = {};
  live.record_changed = true;
  if (paused) {
    apply(live, model::ExecutionResumed{}, now);
  } else {
    apply(live, model::ExecutionUnparked{}, now);
  }
  rearm(live);
  for (const auto& [name, limiter] : limiters_) limiters_to_look_at_.insert(name);
  deliver_deferred(live, now);
  if (not_taken_up_.erase(live.id) > 0) take_up(live, now);
  return true;
}

Result<void> Engine::recover(Timestamp now) {
  auto shards = store_.get(Table::meta, "shards");
  if (!shards) return shards.error();
  if (*shards) {
    const std::string& text = **shards;
    if (std::from_chars(text.data(), text.data() + text.size(), options_.shards).ec !=
            std::errc() ||
        options_.shards == 0) {
      return Error(std::string(error_names::k_corrupt),
                   "the number of shards in the store cannot be read");
    }
  } else {
    output_.batch.put(Table::meta, "shards", std::to_string(options_.shards));
  }
  if (auto loaded = load_timers(now); !loaded) return loaded;
  begin_retention(now);

  if (auto events = events_->recover(now); !events) return events;

  std::vector<Output::Outgoing> messages;
  std::optional<Error> unread;
  auto scanned =
      store_.scan(Table::messages, {}, [&](std::string_view row, std::string_view value) {
        if (row.size() != keys::message(0, 0, 0).size()) {
          log_(LogLevel::error, {}, "a message's row is left alone: its key cannot be read");
          return true;
        }
        base::ByteReader number(row.substr(row.size() - 8));
        next_message_ = std::max(next_message_, number.big_endian<std::uint64_t>().value_or(0) + 1);
        auto message = read_message(store_, options_.shards, value);
        if (!message && message.error().name() == error_names::k_unavailable) {
          unread = message.error();
          return false;
        }
        if (message) {
          messages.push_back({std::string(row), std::move(*message)});
        } else {
          log_(LogLevel::error, {}, "a message's row is left alone: " + message.error().message());
        }
        return true;
      });
  if (!scanned) return scanned;
  if (unread) return *unread;

  std::vector<std::string> active;
  scanned = store_.scan(Table::active, {}, [&](std::string_view row, std::string_view) {
    if (const auto id = keys::parse_active(row)) active.emplace_back(*id);
    return true;
  });
  if (!scanned) return scanned;
  recovering_ = true;
  for (const std::string& id : active) {
    auto live = load(id, now);
    if (!live) {
      if (live.error().name() == error_names::k_unavailable) return live.error();
      log_(LogLevel::error, id,
           "it was in flight and cannot be taken up: " + live.error().message());
      continue;
    }
    take_up(**live, now);
    if ((*live)->record.status != model::Status::running) not_taken_up_.insert(id);
  }
  recovering_ = false;
  order_lines();
  if (auto schedules = recover_schedules(now); !schedules) return schedules;
  for (Output::Outgoing& outgoing : messages)
    deliver(outgoing.row, std::move(outgoing.message), now);
  return {};
}

}  // namespace eventual::engine
