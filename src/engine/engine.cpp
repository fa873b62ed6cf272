// Executions in memory, their turns, and the output of a round.
#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "base/limits.hpp"
#include "base/unique_id.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {
/// More runs that end as they begin are taken for a loop.
constexpr std::uint32_t k_idle_runs_max = 100;
}  // namespace

Engine::Engine(const detail::Declarations& declarations, ports::Store& store,
               ports::CallMarker* marker, Options options, LogSink log)
    : declarations_(declarations),
      store_(store),
      marker_(marker),
      options_(options),
      log_(std::move(log)),
      random_(options.seed) {}

Engine::~Engine() = default;

std::uint16_t Engine::shard_of(std::string_view id) const noexcept {
  return shard_of_id(id, options_.shards);
}

// --- executions in memory ---

Engine::Live* Engine::find(std::string_view id) noexcept {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : found->second.get();
}

Result<Engine::Live*> Engine::load(std::string_view id, Timestamp now) {
  latest_ = std::max(latest_, now);
  if (Live* live = find(id)) {
    touch(*live);
    // A turn has one instant: what happens later belongs to the next.
    if (live->in_turn && now > live->turn.at) finish_turn(*live);
    return live;
  }
  auto read_live = read(id, now);
  if (!read_live) return read_live.error();
  Live& live = insert(std::move(*read_live));
  settle_loaded(live, now);
  return &live;
}

Engine::Live& Engine::insert(std::unique_ptr<Live> live) {
  Live& reference = *live;
  live_.emplace(reference.id, std::move(live));
  by_use_.push_front(&reference);
  reference.place = by_use_.begin();
  return reference;
}

void Engine::touch(Live& live) { by_use_.splice(by_use_.begin(), by_use_, live.place); }

/// Puts away what is closed, and the least recently used beyond the limit. What is not durable yet
/// stays.
void Engine::evict() {
  for (auto place = by_use_.end();
       place != by_use_.begin() && live_.size() > options_.live_executions_max;) {
    --place;
    Live& live = **place;
    if (live.in_turn || live.touched > outputs_committed_ || !live.unwritten.empty()) continue;
    const auto next = std::next(place);
    by_use_.erase(place);
    live_.erase(live_.find(live.id));
    place = next;
  }
}

// --- turns ---

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
  bool only_pure = false;
  if (live.executor != nullptr) {
    {
      const ports::MarkedCall marked(marker_, {live.id, live.record.run});
      live.executor->end_turn();
    }
    std::vector<std::uint32_t> answered = live.executor->take_answered();
    std::sort(answered.begin(), answered.end());
    for (const std::uint32_t seq : answered) {
      const auto call = live.calls.find(seq);
      if (call == live.calls.end()) continue;
      remove_call_timer(live, seq, call->second);
      live.calls.erase(call);
    }
    live.turn.calls = live.executor->take_calls();
    auto view = live.executor->take_published();
    // A view must not be seen before the turn that published it is recorded.
    only_pure = is_only_pure(live) && answered.empty() && !view;
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
      make_call(live, call);
    }
  }
  live.in_turn = false;
  live.history_events += live.turn.events.size() + live.turn.calls.size();

  std::optional<model::Event> closing;
  if (live.executor != nullptr) closing = live.executor->closing();
  std::optional<model::JsonText> carried;
  live.idle_runs = live.turn.number == 0 && continues(live) ? live.idle_runs + 1 : 0;
  if (live.idle_runs > k_idle_runs_max) {
    closing = model::ExecutionTerminated{"it continued as new " + std::to_string(k_idle_runs_max) +
                                         " times without waiting for anything"};
  }
  if (closing) {
    if (std::holds_alternative<model::ExecutionContinued>(*closing)) {
      carried = live.executor->carried_signals();
      end_run(live);
    }
    live.turn.events.push_back(*closing);
    close(live, *closing);
  } else if (live.executor != nullptr && live.executor->stuck() &&
             live.record.status == model::Status::running) {
    live.turn.events.push_back(model::ExecutionParked{model::ErrorRecord(*live.executor->stuck())});
    live.record.status = model::Status::parked;
    live.record.reason = model::ErrorRecord(*live.executor->stuck());
    live.record_changed = true;
    live.parked_at = live.turn.at;
    ++figures_.parked;
    log_(LogLevel::error, live.id, "parked: " + live.executor->stuck()->message());
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
  if (wrote_turn) {
    std::string bytes = model::encode(live.turn);
    if (live.turn.number == 0) {
      live.record.first_turn = std::move(bytes);
      live.record_changed = true;
    } else if (model::is_closed(live.record.status)) {
      live.record.last_turn = std::move(bytes);
      live.record_changed = true;
    } else {
      output_.batch.put(Table::history,
                        keys::history(live.shard, live.id, live.record.run, live.turn.number),
                        std::move(bytes));
    }
    ++live.next_turn;
    live.turn.events.clear();
    live.turn.calls.clear();
  }
  const bool in_flight = live.tasks_in_flight > 0 || (live.unreadable && live.active_row);
  const bool wants_row = in_flight && !model::is_closed(live.record.status);
  if (wants_row != live.active_row) {
    if (wants_row) {
      output_.batch.put(Table::active, keys::active(live.shard, live.id), {});
    } else {
      output_.batch.remove(Table::active, keys::active(live.shard, live.id));
    }
    live.active_row = wants_row;
  }
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

  if (live.record.status != model::Status::running) return;
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
    output_.batch.put(Table::history,
                      keys::history(live.shard, live.id, live.record.run, turn.number),
                      model::encode(turn));
  }
  live.unwritten.clear();
}

void Engine::put_record(Live& live) {
  live.record.turns = live.next_turn;
  output_.batch.put(Table::executions,
                    live.record.status == model::Status::continued
                        ? keys::execution(live.shard, live.id, live.record.run)
                        : keys::execution(live.shard, live.id),
                    model::encode(live.record));
  if (live.is_new) {
    output_.batch.put(Table::listing,
                      keys::listing(live.record.started_at, live.id, live.record.run), {});
    live.is_new = false;
  }
  live.record_changed = false;
}

void Engine::close(Live& live, const model::Event& closing) {
  live.record.closed_at = live.turn.at;
  model::Message news;
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, model::ExecutionSucceeded>) {
          live.record.status = model::Status::succeeded;
          news.payload = value.result.text;
        } else if constexpr (std::is_same_v<T, model::ExecutionFailed>) {
          live.record.status = model::Status::failed;
          news.error = value.error;
        } else if constexpr (std::is_same_v<T, model::ExecutionCancelled>) {
          live.record.status = model::Status::cancelled;
          news.error = value.error;
        } else if constexpr (std::is_same_v<T, model::ExecutionTimedOut>) {
          live.record.status = model::Status::timed_out;
          news.error = model::ErrorRecord(timed_out_error(live.id));
        } else if constexpr (std::is_same_v<T, model::ExecutionTerminated>) {
          live.record.status = model::Status::terminated;
          news.error = model::ErrorRecord(terminated_error(live.id, value.reason));
        } else if constexpr (std::is_same_v<T, model::ExecutionContinued>) {
          live.record.status = model::Status::continued;
        }
      },
      closing);
  live.record.reason = {};
  live.record.undone = live.executor != nullptr && live.executor->compensated();
  live.record_changed = true;
  ++figures_.closed;
  for (const auto& [seq, call] : live.calls) {
    remove_call_timer(live, seq, call);
    if (call.kind == OpenCall::Kind::task) drop_flight(live, seq, call);
  }
  stop_all_attempts(live);
  for (const auto& [seq, child] : live.children) {
    send_to_child(live, seq, child.id,
                  child.on_parent_close == ParentClose::cancel
                      ? model::Message::Kind::cancel_child
                      : model::Message::Kind::terminate_child);
  }
  live.children.clear();
  const bool goes_on = live.record.status == model::Status::continued;
  if (live.kept_events > 0 && !goes_on) remove_kept(live);
  fail_updates(live);
  not_taken_up_.erase(live.id);
  figures_.attempts_in_flight -= live.tasks_in_flight;
  live.tasks_in_flight = 0;
  live.calls.clear();
  if (live.started.times_out_at) {
    remove_timer(live, *live.started.times_out_at, 0, keys::TimerKind::execution_timeout);
  }
  if (!live.started.parent_id.empty() && live.started.parent_waits && !goes_on) {
    news.kind = model::Message::Kind::child_closed;
    news.to = live.started.parent_id;
    news.to_run = live.started.parent_run;
    news.to_seq = live.started.parent_seq;
    news.from = live.id;
    news.ok = live.record.status == model::Status::succeeded;
    send(std::move(news));
  }
}

/// Ends it from outside: no more code runs.
void Engine::close_now(Live& live, model::Event closing, Timestamp now) {
  begin_turn(live, now);
  close(live, closing);
  live.turn.events.push_back(std::move(closing));
  live.executor.reset();
}

void Engine::park(Live& live, Error reason, Timestamp now) {
  if (live.record.status != model::Status::running) return;
  begin_turn(live, now);
  live.record.status = model::Status::parked;
  live.record.reason = model::ErrorRecord(reason);
  live.record_changed = true;
  live.parked_at = live.turn.at;
  live.turn.events.push_back(model::ExecutionParked{model::ErrorRecord(reason)});
  ++figures_.parked;
  log_(LogLevel::error, live.id, "parked: " + reason.message());
}

/// Keeps an event that arrives while the execution is parked, until it can be applied.
void Engine::defer(Live& live, model::Event event) {
  model::Message message;
  message.kind = model::Message::Kind::deferred;
  message.to = live.id;
  message.to_run = live.record.run;
  model::Turn holder;
  holder.events.push_back(std::move(event));
  message.payload = model::encode(holder);
  ++live.kept_events;
  live.touched = outputs_taken_ + 1;
  send(std::move(message));
}

// --- starting ---

Engine::Live& Engine::create(std::string_view id, const detail::WorkflowDefinition& definition,
                             model::ExecutionStarted started, Timestamp now) {
  auto made = std::make_unique<Live>(figures_.attempts_in_flight);
  made->id = id;
  made->shard = shard_of(id);
  made->definition = &definition;
  made->record.started_at = now;
  made->is_new = true;
  started.derivation = base::unique_id(now, random_);
  made->executor = make_executor(*made, started.derivation);
  made->started = started;
  made->started.input.text.clear();
  Live& live = insert(std::move(made));
  ++figures_.started;
  if (started.times_out_at) {
    put_timer(live, *started.times_out_at, 0, keys::TimerKind::execution_timeout);
  }
  live.record_changed = true;
  apply(live, std::move(started), now);
  return live;
}

std::unique_ptr<workflow::Executor> Engine::make_executor(const Live& live,
                                                          std::string derivation) {
  return std::make_unique<workflow::Executor>(
      declarations_, *live.definition,
      workflow::Identity{live.id, live.record.run, std::move(derivation)},
      [this, id = live.id](LogLevel level, std::string_view message) { log_(level, id, message); });
}

Result<ports::StartReply> Engine::start_or_find(const ports::StartRequest& request,
                                                model::ExecutionStarted started, Timestamp now) {
  const detail::WorkflowDefinition* definition = declarations_.find_workflow(request.workflow);
  if (definition == nullptr) return not_found("workflow " + request.workflow + " is not declared");
  const std::string id = request.workflow + "/" + request.name.value_or(std::string());
  started.input.text = request.input_json;
  if (request.name) {
    auto existing = load(id, now);
    if (!existing && existing.error().name() != error_names::k_not_found) return existing.error();
    if (existing) {
      Live& live = **existing;
      if (!started.parent_id.empty() && live.started.parent_id == started.parent_id &&
          live.started.parent_run == started.parent_run &&
          live.started.parent_seq == started.parent_seq) {
        return ports::StartReply{id, live.record.run, true};
      }
      if (request.signal) {
        auto taken = take_signal(id, request.signal->name, request.signal->payload_json,
                                 request.signal->message_id, now);
        if (!taken) return taken.error();
        return ports::StartReply{id, live.record.run, true};
      }
      auto input = first_input_of(live);
      if (!input) return input.error();
      if (*input != request.input_json) {
        return Error(std::string(error_names::k_already_exists),
                     "execution " + id + " already exists with another input");
      }
      return ports::StartReply{id, live.record.run, true};
    }
  }
  if (request.name && marker_ != nullptr && marker_->crashes({id, 1}) >= options_.crashes_max) {
    return Error("CrashedRepeatedly", "the first turn of " + id + " crashed the process " +
                                          std::to_string(options_.crashes_max) +
                                          " times; resume it to have it tried again");
  }
  const Duration timeout = request.timeout.value_or(definition->options.timeout);
  if (timeout != k_forever && timeout < Timestamp::max() - now)
    started.times_out_at = now + timeout;
  std::string new_id = request.name ? id : request.workflow + "/" + base::unique_id(now, random_);
  Live& live = create(new_id, *definition, std::move(started), now);
  if (request.signal) {
    auto taken = take_signal(new_id, request.signal->name, request.signal->payload_json,
                             request.signal->message_id, now);
    // It has closed in its first turn: the signal came too late to be read.
    if (!taken && taken.error().name() != error_names::k_closed) return taken.error();
  }
  return ports::StartReply{live.id, live.record.run, false};
}

/// The input that it was started with: in the turn that is being made, or in its first one.
Result<std::string> Engine::input_of(const Live& live) const {
  const model::Turn* turn = &live.turn;
  std::optional<Result<model::Turn>> first;
  if (!live.record.first_turn.empty()) {
    first = model::decode_turn(live.record.first_turn, 0);
    if (!*first) return first->error();
    turn = &first->value();
  }
  for (const model::Event& event : turn->events) {
    if (const auto* started = std::get_if<model::ExecutionStarted>(&event))
      return started->input.text;
  }
  return Error(std::string(error_names::k_corrupt),
               "the history of " + live.id + " does not begin with its start");
}

/// The input that the first run was started with.
Result<std::string> Engine::first_input_of(const Live& live) const {
  if (live.record.run == 1) return input_of(live);
  auto row = store_.get(Table::executions, keys::execution(live.shard, live.id, 1));
  if (!row) return row.error();
  if (!*row) {
    if (live.touched <= outputs_committed_) return input_of(live);  // the first run is forgotten
    return Error(std::string(error_names::k_unavailable),
                 "its last change is still being written: try again");
  }
  auto record = model::decode_execution(**row);
  if (!record) return record.error();
  auto first = model::decode_turn(record->first_turn, 0);
  if (!first) return first.error();
  for (const model::Event& event : first->events) {
    if (const auto* started = std::get_if<model::ExecutionStarted>(&event))
      return started->input.text;
  }
  return input_of(live);
}

void Engine::start(ports::StartRequest request, ports::Callback<ports::StartReply> done,
                   Timestamp now) {
  reply(std::move(done), start_or_find(request, {}, now));
}

// --- other requests ---

void Engine::signal(ports::SignalRequest request, ports::Callback<bool> done, Timestamp now) {
  if (request.execution.run != 0) {
    const auto loaded = load(request.execution.id(), now);
    if (loaded && (*loaded)->record.run != request.execution.run)
      return reply(std::move(done), Result<bool>(closed_error(request.execution.id())));
  }
  const auto taken =
      take_signal(request.execution.id(), request.signal, std::move(request.payload_json),
                  std::move(request.message_id), now);
  reply(std::move(done), taken ? Result<bool>(true) : Result<bool>(taken.error()));
}

template <class Act>
void Engine::act_on_open(const ports::ExecutionRef& execution, ports::Callback<bool> done,
                         Timestamp now, Act&& act) {
  auto loaded = load(execution.id(), now);
  if (!loaded) return reply(std::move(done), Result<bool>(loaded.error()));
  Live& live = **loaded;
  if (model::is_closed(live.record.status) ||
      (live.executor != nullptr && live.executor->closing()) ||
      (execution.run != 0 && execution.run < live.record.run)) {
    return reply(std::move(done), Result<bool>(closed_error(live.id)));
  }
  if (execution.run > live.record.run) {
    return reply(std::move(done), Result<bool>(not_found("execution " + live.id + " has no run " +
                                                         std::to_string(execution.run))));
  }
  reply(std::move(done), act(live));
}

void Engine::cancel(const ports::ExecutionRef& execution, ports::Callback<bool> done,
                    Timestamp now) {
  act_on_open(execution, std::move(done), now, [&](Live& live) -> Result<bool> {
    request_cancel(live, now);
    return true;
  });
}

void Engine::request_cancel(Live& live, Timestamp now) {
  if (std::exchange(live.cancel_requested, true)) return;
  if (!accepts(live)) {
    defer(live, model::CancelRequested{});
  } else {
    apply(live, model::CancelRequested{}, now);
  }
}

void Engine::terminate(const ports::ExecutionRef& execution, std::string reason,
                       ports::Callback<bool> done, Timestamp now) {
  act_on_open(execution, std::move(done), now, [&](Live& live) -> Result<bool> {
    close_now(live, model::ExecutionTerminated{std::move(reason)}, now);
    return true;
  });
}

void Engine::pause(const ports::ExecutionRef& execution, std::string reason,
                   ports::Callback<bool> done, Timestamp now) {
  act_on_open(execution, std::move(done), now, [&](Live& live) -> Result<bool> {
    if (live.in_turn) finish_turn(live);  // what it has decided stands
    if (model::is_closed(live.record.status)) return closed_error(live.id);
    if (live.record.status == model::Status::paused) return false;
    if (live.record.status != model::Status::running) {
      return Error(std::string(error_names::k_not_allowed),
                   "execution " + live.id + " is parked: " + live.record.reason.message);
    }
    begin_turn(live, now);
    live.record.status = model::Status::paused;
    live.record.reason = model::ErrorRecord(Error(std::string(k_paused_reason), reason));
    live.record_changed = true;
    live.parked_at = live.turn.at;
    live.turn.events.push_back(model::ExecutionPaused{std::move(reason)});
    return true;
  });
}

void Engine::resume(const ports::ExecutionRef& execution, ports::Callback<bool> done,
                    Timestamp now) {
  if (marker_ != nullptr && marker_->crashes({execution.id(), 1}) >= options_.crashes_max) {
    auto loaded = load(execution.id(), now);
    if (!loaded &&
        loaded.error().name() == error_names::k_not_found) {  // it crashed before it was recorded
      marker_->forgive(execution.id());
      return reply(std::move(done), Result<bool>(true));
    }
  }
  act_on_open(execution, std::move(done), now, [&](Live& live) -> Result<bool> {
    const bool paused = live.record.status == model::Status::paused;
    if (!paused && live.record.status != model::Status::parked) return false;
    if (paused && live.in_turn) finish_turn(live);
    if (live.in_turn)
      return Error(std::string(error_names::k_unavailable),
                   "it is being parked right now: try again");
    if (marker_ != nullptr) marker_->forgive(live.id);
    return unpark(live, now);
  });
}

// --- output ---

Output Engine::take_output() {
  look_at_limiters(latest_);
  // Ending a turn may park its execution or answer a call at once, which begins another turn.
  while (!open_turns_.empty()) {
    const std::vector<Live*> turns = std::exchange(open_turns_, {});
    for (Live* live : turns) {
      if (live->in_turn) finish_turn(*live);
    }
    for (auto& [id, answer] : std::exchange(immediate_, {})) {
      Live* live = find(id);
      if (live == nullptr || live->calls.erase(model::seq_of(answer).value_or(0)) == 0) continue;
      conclude(*live, std::move(answer), live->turn.at);
    }
  }
  for (const std::string& id : closed_) {
    if (const Live* live = find(id)) answer_waiters(*live);
  }
  for (auto& [id, done] : std::exchange(views_wanted_, {})) {
    const Live* live = find(id);
    reply(std::move(done), live != nullptr ? Result<ports::ExecutionView>(view_of(*live))
                                           : Result<ports::ExecutionView>(
                                                 not_found("execution " + id + " does not exist")));
  }
  Output output = std::exchange(output_, {});
  output.closed = std::exchange(closed_, {});
  output.number = ++outputs_taken_;
  return output;
}

void Engine::committed(Output& output, Timestamp now) {
  EVENTUAL_ASSERT(output.number == outputs_committed_ + 1,
                  "outputs are committed in the order in which they were taken");
  outputs_committed_ = output.number;
  while (!far_timers_.empty() && far_timers_.front().first <= outputs_committed_)
    far_timers_.pop_front();
  while (!taken_rows_in_order_.empty() &&
         taken_rows_in_order_.front().first <= outputs_committed_) {
    taken_rows_.erase(taken_rows_in_order_.front().second);
    taken_rows_in_order_.pop_front();
  }
  for (Output::Outgoing& outgoing : output.messages)
    deliver(outgoing.row, std::move(outgoing.message), now);
  output.messages.clear();
  for (const std::string& id : output.closed) {
    const auto found = live_.find(id);
    if (found == live_.end() || found->second->in_turn ||
        found->second->touched > outputs_committed_)
      continue;
    if (!model::is_closed(found->second->record.status)) continue;
    by_use_.erase(found->second->place);
    live_.erase(found);
  }
  evict();
}

Figures Engine::figures() const {
  Figures figures = figures_;
  figures.live = live_.size();
  figures.timers_loaded = timers_due_.size();
  figures.timers_in_memory_only = soft_timers_.size();
  return figures;
}

}  // namespace eventual::engine
