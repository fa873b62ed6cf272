// Task calls: attempts, their results, retries and time limits.
#include <algorithm>
#include <utility>

#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/log_line.hpp"
#include "engine/retry_pause.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

/// Between two rows of an attempt's heartbeats: what a crash may lose.
constexpr Duration k_heartbeat_row_every{5'000};

}  // namespace

std::string Engine::limit_key(std::string_view id, std::uint32_t run, std::uint32_t seq) {
  return std::string(id) + "/" + std::to_string(run) + "/" + std::to_string(seq);
}

const RetryPolicy& Engine::retry_of(const OpenCall& call) const noexcept {
  return call.retry_override ? *call.retry_override : call.definition->options.retry;
}

Duration Engine::timeout_of(const OpenCall& call) const noexcept {
  return call.timeout_override.value_or(call.definition->options.timeout);
}

Duration Engine::heartbeat_timeout_of(const OpenCall& call) const noexcept {
  return call.heartbeat_timeout_override.value_or(call.definition->options.heartbeat_timeout);
}

void Engine::set_in_flight(Live& live, OpenCall& call, bool in_flight) noexcept {
  if (call.in_flight == in_flight) return;
  call.in_flight = in_flight;
  if (in_flight) {
    ++live.tasks_in_flight;
    ++figures_.attempts_in_flight;
  } else {
    --live.tasks_in_flight;
    --figures_.attempts_in_flight;
  }
}

/// A call that the turn being ended has made: its first attempt, recorded with it.
void Engine::schedule_task(Live& live, const model::TaskScheduled& call, Timestamp now) {
  OpenCall& open = live.calls.at(call.seq);
  if (open.definition->run == nullptr) {
    set_in_flight(live, open, false);
    immediate_.emplace_back(
        live.id,
        model::TaskFailed{call.seq, 1,
                          model::ErrorRecord(not_found("task " + call.task + " is not declared"))});
    return;
  }
  dispatch(live, call.seq, open, now);
}

/// The attempt that is recorded as running: it begins, or stands in line for its limit.
void Engine::dispatch(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now) {
  clear_flight(limit_key(live.id, live.record.run, seq));
  if (call.definition->options.limit.limits()) {
    try {
      if (!enter_limit(live, seq, call, now)) return;
    } catch (...) {
      begin_turn(live, now);
      set_in_flight(live, call, false);
      const Error error = eventual::describe(std::current_exception());
      immediate_.emplace_back(live.id,
                              model::TaskFailed{seq, call.attempt, model::ErrorRecord(error)});
      return;
    }
  }
  begin_attempt(live, seq, call, now);
}

/// Effect: run it. Its limits in time count from here.
void Engine::begin_attempt(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now) {
  Attempt attempt;
  attempt.definition = call.definition;
  attempt.execution_id = live.id;
  attempt.run = live.record.run;
  attempt.seq = seq;
  attempt.attempt = call.attempt;
  attempt.input = call.input;
  attempt.idempotency_key =
      (call.made_by.empty() ? live.id + "/" + std::to_string(live.record.run) : call.made_by) +
      "/" + std::to_string(seq);
  attempt.delivery = call.delivery_override.value_or(call.definition->options.delivery);
  attempt.heartbeat_timeout = heartbeat_timeout_of(call);
  attempt.last_heartbeat = call.heartbeat;
  output_.attempts.push_back(std::move(attempt));

  std::optional<Timestamp> overdue_at = call.deadline;
  const Duration timeout = timeout_of(call);
  if (timeout != k_forever && timeout < Timestamp::max() - now) {
    overdue_at = overdue_at ? std::min(*overdue_at, now + timeout) : now + timeout;
  }
  const Duration silence = heartbeat_timeout_of(call);
  if (!overdue_at && silence == k_forever) return;
  const std::string key = limit_key(live.id, live.record.run, seq);
  Flight& flight = flights_[key];
  flight.attempt = call.attempt;
  if (flight.overdue) soft_timers_.erase(*flight.overdue);
  flight.overdue.reset();
  if (overdue_at) {
    flight.overdue = put_soft_timer(
        *overdue_at, {SoftTimer::Kind::attempt, live.id, live.record.run, seq, call.attempt});
  }
  if (silence < Timestamp::max() - now) {
    flight.silent =
        put_soft_timer(now + silence + Duration(1),
                       {SoftTimer::Kind::heartbeat, live.id, live.record.run, seq, call.attempt});
  }
}

void Engine::drop_flight(const Live& live, std::uint32_t seq, const OpenCall& call) {
  clear_flight(limit_key(live.id, live.record.run, seq));
  if (call.heartbeat_row)
    output_.batch.remove(Table::active, keys::heartbeat(live.shard, live.id, live.record.run, seq));
}

void Engine::clear_flight(const std::string& key) {
  const auto found = flights_.find(key);
  if (found == flights_.end()) return;
  const Flight flight = std::move(found->second);
  flights_.erase(found);
  for (const auto& timer : {flight.overdue, flight.silent, flight.row}) {
    if (timer) soft_timers_.erase(*timer);
  }
  if (flight.limiter.empty()) return;
  if (!flight.waiting) --limiters_.at(flight.limiter).in_flight;
  limiters_to_look_at_.insert(flight.limiter);
}

/// Asks these attempts to stop: their results are no longer wanted, or are wanted soon.
void Engine::stop_attempts(Live& live, std::vector<std::uint32_t> calls) {
  std::sort(calls.begin(), calls.end());
  for (const std::uint32_t seq : calls) {
    const auto call = live.calls.find(seq);
    if (call == live.calls.end() || call->second.kind != OpenCall::Kind::task) continue;
    call->second.stop_requested = true;
    if (call->second.in_flight)
      output_.stops.push_back({live.id, live.record.run, seq, call->second.attempt});
  }
}

void Engine::stop_all_attempts(Live& live) {
  std::vector<std::uint32_t> all;
  all.reserve(live.calls.size());
  for (const auto& [seq, call] : live.calls) all.push_back(seq);
  stop_attempts(live, std::move(all));
}

/// The code gave the call up: nobody waits for its answer any more.
void Engine::cancel_call(Live& live, const model::CallCancelled& cancelled) {
  const auto found = live.calls.find(cancelled.call);
  const OpenCall& call = found->second;
  if (call.kind == OpenCall::Kind::task) {
    stop_attempts(live, {cancelled.call});
    drop_flight(live, cancelled.call, call);
  } else if (call.kind == OpenCall::Kind::child) {
    send_to_child(live, cancelled.call, call.name, model::Message::Kind::cancel_child);
  }
  remove_call_timer(live, cancelled.call, call);
  forget_call(live, cancelled.call);
}

Engine::OpenCall* Engine::find_attempt(Live& live, std::uint32_t run, std::uint32_t seq,
                                       std::uint32_t attempt) {
  if (live.record.run != run) return nullptr;
  if (live.executor != nullptr && live.executor->closing()) return nullptr;  // closed is closed
  const auto found = live.calls.find(seq);
  if (found == live.calls.end() || found->second.kind != OpenCall::Kind::task) return nullptr;
  OpenCall& call = found->second;
  return call.in_flight && call.attempt == attempt ? &call : nullptr;
}

void Engine::send_signals(std::vector<OutgoingSignal>& signals) {
  for (OutgoingSignal& outgoing : signals) {
    model::Message message;
    message.kind = model::Message::Kind::signal;
    message.to = std::move(outgoing.execution_id);
    message.name = std::move(outgoing.signal);
    message.payload = std::move(outgoing.payload);
    message.message_id = std::move(outgoing.message_id);
    send(std::move(message));
  }
}

void Engine::attempt_finished(AttemptResult result, Timestamp now) {
  if (Subscriber::is_delivery(result.execution_id)) {
    if (events_->attempt_finished(result, now)) send_signals(result.signals);
    return;
  }
  auto loaded = load(result.execution_id, now);
  if (!loaded) {
    log_(LogLevel::warn, result.execution_id,
         "a task's result was dropped: " + loaded.error().message());
    return;
  }
  Live& live = **loaded;
  if (live.record.run == result.run && live.unreadable)
    not_taken_up_.insert(live.id);  // what cannot be kept is asked for again when it goes on
  OpenCall* const call = find_attempt(live, result.run, result.seq, result.attempt);
  if (call == nullptr) return;  // late: it was given up before
  if (result.heartbeat && (result.error || result.deferred))
    note_heartbeat(live, result.seq, *call, std::move(*result.heartbeat), now);
  if (result.error) {
    attempt_failed(live, result.seq, *call, std::move(*result.error), now);
    return;
  }
  if (result.deferred) return defer_attempt(live, result.seq, *call, result, now);
  begin_turn(live, now);
  if (call->definition->options.pure) live.pure_answered.push_back(result.seq);
  if (!result.signals.empty() || !result.events.empty()) live.ordinary_turn = true;
  send_signals(result.signals);
  events_->append_all(std::move(result.events), now);
  drop_flight(live, result.seq, *call);
  forget_call(live, result.seq);
  conclude(live, model::TaskSucceeded{result.seq, result.attempt, {std::move(result.result)}}, now);
}

/// Its handler is done, and somebody has its token: it stays in flight without a thread.
void Engine::defer_attempt(Live& live, std::uint32_t seq, OpenCall& call, AttemptResult& result,
                           Timestamp now) {
  if (call.deferred) return;
  begin_turn(live, now);
  send_signals(result.signals);
  // A later attempt would emit them again.
  for (model::StoredEvent& event : result.events) event.id_kept = true;
  events_->append_all(std::move(result.events), now);
  call.deferred = true;
  call.deferred_until.reset();
  const auto flight = flights_.find(limit_key(live.id, live.record.run, seq));
  if (flight != flights_.end() && flight->second.overdue)
    call.deferred_until = due_of(*flight->second.overdue);
  live.turn.events.push_back(model::TaskAttemptDeferred{seq, result.attempt, call.deferred_until});
}

/// After a restart: nothing runs again, its limits go on.
void Engine::take_up_deferred(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now) {
  const std::string key = limit_key(live.id, live.record.run, seq);
  if (flights_.contains(key)) return;
  Flight flight;
  flight.attempt = call.attempt;
  if (call.deferred_until) {
    flight.overdue = put_soft_timer(*call.deferred_until, {SoftTimer::Kind::attempt, live.id,
                                                           live.record.run, seq, call.attempt});
  }
  const Duration silence = heartbeat_timeout_of(call);
  if (silence < Timestamp::max() - now) {
    flight.silent =
        put_soft_timer(now + silence + Duration(1),
                       {SoftTimer::Kind::heartbeat, live.id, live.record.run, seq, call.attempt});
  }
  if (call.definition->options.limit.limits()) {
    try {
      flight.limiter = limiter_of(call);
      Limiter& limiter = limiters_[flight.limiter];
      limiter.limit = call.definition->options.limit;
      count_begun(limiter, now);
    } catch (...) {
      flight.limiter.clear();  // the code has changed: nothing to count by
    }
  }
  flights_.insert_or_assign(key, std::move(flight));
}

// --- heartbeats ---

void Engine::note_heartbeat(Live& live, std::uint32_t seq, OpenCall& call, std::string details,
                            Timestamp now) {
  Flight& flight = flights_[limit_key(live.id, live.record.run, seq)];
  flight.attempt = call.attempt;
  flight.heartbeat = std::move(details);
  const Duration silence = heartbeat_timeout_of(call);
  if (silence < Timestamp::max() - now) {
    if (flight.silent) soft_timers_.erase(*flight.silent);
    flight.silent =
        put_soft_timer(now + silence + Duration(1),
                       {SoftTimer::Kind::heartbeat, live.id, live.record.run, seq, call.attempt});
  }
  if (flight.row) return;  // a row follows soon
  if (!call.heartbeat_row || now >= flight.row_at + k_heartbeat_row_every) {
    put_heartbeat_row(live, seq, call, flight, now);
  } else {
    flight.row = put_soft_timer(
        flight.row_at + k_heartbeat_row_every,
        {SoftTimer::Kind::heartbeat_row, live.id, live.record.run, seq, call.attempt});
  }
}

void Engine::put_heartbeat_row(Live& live, std::uint32_t seq, OpenCall& call, Flight& flight,
                               Timestamp now) {
  output_.batch.put(Table::active, keys::heartbeat(live.shard, live.id, live.record.run, seq),
                    model::encode(model::Heartbeat{call.attempt, {*flight.heartbeat}}));
  call.heartbeat_row = true;
  flight.row_at = now;
  live.touched = outputs_taken_ + 1;
}

void Engine::save_heartbeat(const SoftTimer& timer, Timestamp now) {
  const auto flight = flights_.find(limit_key(timer.execution_id, timer.run, timer.seq));
  if (flight == flights_.end()) return;
  flight->second.row.reset();
  auto loaded = load(timer.execution_id, now);
  if (!loaded) return;
  OpenCall* const call = find_attempt(**loaded, timer.run, timer.seq, timer.attempt);
  const auto still = flights_.find(limit_key(timer.execution_id, timer.run, timer.seq));
  if (call == nullptr || still == flights_.end() || !still->second.heartbeat) return;
  put_heartbeat_row(**loaded, timer.seq, *call, still->second, now);
}

/// What attempts that were in flight said last.
Result<void> Engine::read_heartbeats(Live& live) {
  const std::string from = keys::heartbeats(live.shard, live.id, live.record.run);
  const std::string to = keys::heartbeats_end(live.shard, live.id, live.record.run);
  return store_.scan(Table::active, {from, to}, [&](std::string_view row, std::string_view value) {
    const auto call = live.calls.find(keys::heartbeat_seq(row));
    const auto heartbeat = model::decode_heartbeat(value);
    if (call == live.calls.end() || !heartbeat) return true;
    call->second.heartbeat = heartbeat->details.text;
    call->second.heartbeat_row = true;
    return true;
  });
}

void Engine::tell_attempt(AttemptNews news, ports::Callback<bool> done, Timestamp now) {
  using Kind = detail::AttemptNews::Kind;
  const auto answer = [&](Result<bool> result) {
    if (done) reply(std::move(done), std::move(result));
  };
  auto loaded = load(news.execution_id, now);
  if (!loaded && loaded.error().name() != error_names::k_not_found) return answer(loaded.error());
  OpenCall* const call =
      loaded ? find_attempt(**loaded, news.run, news.seq, news.attempt) : nullptr;
  if (call == nullptr) {
    return answer(Error(std::string(error_names::k_closed),
                        "the attempt is over: it was completed, failed or timed out, or its "
                        "execution has closed"));
  }
  if (news.kind == Kind::heartbeat) {
    note_heartbeat(**loaded, news.seq, *call, std::move(news.json), now);
    return answer(call->stop_requested);
  }
  const bool stop_requested = call->stop_requested;
  AttemptResult result;
  result.execution_id = std::move(news.execution_id);
  result.run = news.run;
  result.seq = news.seq;
  result.attempt = news.attempt;
  result.result = std::move(news.json);
  if (news.kind == Kind::failure) result.error = std::move(news.error);
  attempt_finished(std::move(result), now);
  answer(stop_requested);
}

/// Applies what answers a call, or keeps it while the execution is parked.
void Engine::conclude(Live& live, model::Event answer, Timestamp now) {
  if (accepts(live)) {
    apply(live, std::move(answer), now);
  } else if (!model::is_closed(live.record.status) &&
             !(live.executor != nullptr && live.executor->closing())) {
    begin_turn(live, now);  // the idle row follows
    defer(live, std::move(answer));
  }
}

void Engine::attempt_failed(Live& live, std::uint32_t seq, OpenCall& call, Error error,
                            Timestamp now) {
  const RetryPolicy& retry = retry_of(call);
  const std::uint32_t attempt = call.attempt;
  const bool final_by_name = std::find(retry.non_retryable.begin(), retry.non_retryable.end(),
                                       error.name()) != retry.non_retryable.end();
  if (final_by_name || attempt >= retry.max_attempts) return fail_call(live, seq, call, error, now);
  const Timestamp next_at = now + std::max(pause_before(retry, attempt), retry_after(error));
  if (call.deadline && next_at >= *call.deadline) return fail_call(live, seq, call, error, now);
  const auto flight = flights_.find(limit_key(live.id, live.record.run, seq));
  if (flight != flights_.end() && flight->second.heartbeat)
    call.heartbeat = std::move(flight->second.heartbeat);
  drop_flight(live, seq, call);
  call.heartbeat_row = false;
  call.deferred = call.stop_requested = false;
  set_in_flight(live, call, false);
  log_(LogLevel::info, live.id,
       "task " + call.name + ": attempt " + std::to_string(attempt) + " of " +
           std::to_string(retry.max_attempts) + " failed, the next follows in " +
           std::to_string((next_at - now).count()) + " ms: " + line_of(error));
  begin_turn(live, now);
  model::TaskAttemptFailed failed{seq, attempt, model::ErrorRecord(error), next_at, {}};
  if (call.heartbeat) failed.heartbeat = model::JsonText{*call.heartbeat};
  live.turn.events.push_back(std::move(failed));
  call.last_error = std::move(error);
  ++call.attempt;
  call.due = next_at;
  put_timer(live, next_at, seq, keys::TimerKind::retry);
}

/// No attempt will follow.
void Engine::fail_call(Live& live, std::uint32_t seq, const OpenCall& call, const Error& error,
                       Timestamp now) {
  model::TaskFailed failed{seq, call.attempt, model::ErrorRecord(error)};
  drop_flight(live, seq, call);
  forget_call(live, seq);
  conclude(live, std::move(failed), now);
}

Duration Engine::pause_before(const RetryPolicy& retry, std::uint32_t attempt) {
  return retry_pause(retry, attempt, random_);
}

/// The pause between attempts is over.
void Engine::retry_due(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now) {
  if (call.definition->run == nullptr) {
    return fail_call(live, seq, call, not_found("task " + call.name + " is not declared"), now);
  }
  begin_turn(live, now);
  live.turn.events.push_back(model::TaskAttemptStarted{seq, call.attempt});
  set_in_flight(live, call, true);
  call.due = {};
  dispatch(live, seq, call, now);
}

void Engine::attempt_overdue(const SoftTimer& timer, Timestamp now) {
  auto loaded = load(timer.execution_id, now);
  if (!loaded) return;
  Live& live = **loaded;
  OpenCall* const found = find_attempt(live, timer.run, timer.seq, timer.attempt);
  if (found == nullptr) return;
  OpenCall& call = *found;
  output_.stops.push_back({live.id, live.record.run, timer.seq, timer.attempt});
  const bool past_deadline = call.deadline && now >= *call.deadline;
  const std::string name = call.name;
  if (timer.kind == SoftTimer::Kind::heartbeat && !past_deadline) {
    const auto allowed = std::to_string(heartbeat_timeout_of(call).count());
    return attempt_failed(
        live, timer.seq, call,
        HeartbeatTimeout("task " + name + " said nothing for more than " + allowed + " ms"), now);
  }
  attempt_failed(live, timer.seq, call,
                 Timeout("task " + name +
                         (past_deadline ? " did not finish before its deadline"
                                        : " took longer than allowed")),
                 now);
}

/// After a restart: attempts whose result was not recorded run again, or fail as interrupted; so do
/// calls on entities.
void Engine::take_up(Live& live, Timestamp now) {
  std::vector<std::uint32_t> in_flight;
  for (const auto& [seq, call] : live.calls) {
    if (call.in_flight) in_flight.push_back(seq);
  }
  std::sort(in_flight.begin(), in_flight.end());
  for (const std::uint32_t seq : in_flight) {
    const auto found = live.calls.find(seq);
    if (found == live.calls.end()) continue;
    OpenCall& call = found->second;
    if (call.deferred) {
      take_up_deferred(live, seq, call, now);
      continue;
    }
    if (marker_ != nullptr &&
        marker_->crashes({live.id, live.record.run, seq}) >= options_.crashes_max) {
      not_taken_up_.insert(live.id);
      const std::string_view kind =
          call.kind == OpenCall::Kind::store_call ? "transaction or entity " : "task ";
      park(live,
           Error("CrashedRepeatedly", std::string(kind) + call.name + " (call " +
                                          std::to_string(seq) + ") crashed the process " +
                                          std::to_string(options_.crashes_max) + " times"),
           now);
      continue;
    }
    if (call.kind == OpenCall::Kind::store_call) {
      if (live.record.status == model::Status::running) {
        perform_store_call(live, seq, call);
      } else {
        not_taken_up_.insert(live.id);
      }
      continue;
    }
    if (call.definition->run == nullptr) {
      fail_call(live, seq, call, not_found("task " + call.name + " is not declared"), now);
      continue;
    }
    if (call.delivery_override.value_or(call.definition->options.delivery) ==
        Delivery::at_most_once) {
      fail_call(live, seq, call,
                Error(std::string(error_names::k_interrupted),
                      "the process stopped while task " + call.name + " was running"),
                now);
      continue;
    }
    if (live.record.status == model::Status::running) {
      dispatch(live, seq, call, now);
    } else {
      not_taken_up_.insert(live.id);
    }
  }
}

}  // namespace eventual::engine
