// Task calls: attempts, their results, retries and time limits.
#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/engine.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace keys = model::keys;

std::string Engine::limit_key(std::string_view id, std::uint32_t run, std::uint32_t seq) {
  return std::string(id) + "/" + std::to_string(run) + "/" + std::to_string(seq);
}

const RetryPolicy& Engine::retry_of(const OpenCall& call) const noexcept {
  return call.retry_override ? *call.retry_override : call.definition->options.retry;
}

Duration Engine::timeout_of(const OpenCall& call) const noexcept {
  return call.timeout_override.value_or(call.definition->options.timeout);
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

/// Effect: the attempt that is recorded as running.
void Engine::dispatch(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now) {
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
  output_.attempts.push_back(std::move(attempt));
  std::optional<Timestamp> overdue_at = call.deadline;
  const Duration timeout = timeout_of(call);
  if (timeout != k_forever && timeout < Timestamp::max() - now) {
    overdue_at = overdue_at ? std::min(*overdue_at, now + timeout) : now + timeout;
  }
  if (overdue_at) {
    drop_limit(live, seq, call);
    const SoftKey key = put_soft_timer(
        *overdue_at, {SoftTimer::Kind::attempt, live.id, live.record.run, seq, call.attempt});
    limits_.insert_or_assign(limit_key(live.id, live.record.run, seq), key);
  }
}

/// The attempt is over: its limit in time is not to be held until it passes.
void Engine::drop_limit(const Live& live, std::uint32_t seq, const OpenCall& call) {
  if (timeout_of(call) == k_forever && !call.deadline) return;
  const auto found = limits_.find(limit_key(live.id, live.record.run, seq));
  if (found == limits_.end()) return;
  soft_timers_.erase(found->second);
  limits_.erase(found);
}

/// Their results are no longer wanted, or are wanted soon.
void Engine::stop_attempts(const Live& live) {
  std::vector<std::uint32_t> in_flight;
  for (const auto& [seq, call] : live.calls) {
    if (call.in_flight) in_flight.push_back(seq);
  }
  std::sort(in_flight.begin(), in_flight.end());
  for (const std::uint32_t seq : in_flight) {
    output_.stops.push_back({live.id, live.record.run, seq, live.calls.at(seq).attempt});
  }
}

void Engine::attempt_finished(AttemptResult result, Timestamp now) {
  auto loaded = load(result.execution_id, now);
  if (!loaded) {
    log_(LogLevel::warn, result.execution_id,
         "a task's result was dropped: " + loaded.error().message());
    return;
  }
  Live& live = **loaded;
  if (live.record.run != result.run) return;
  if (live.executor != nullptr && live.executor->closing()) return;  // closed is closed
  if (live.unreadable)
    not_taken_up_.insert(live.id);  // what cannot be kept is asked for again when it goes on
  const auto found = live.calls.find(result.seq);
  if (found == live.calls.end() || found->second.kind != OpenCall::Kind::task) return;
  OpenCall& call = found->second;
  if (!call.in_flight || call.attempt != result.attempt) return;  // late: it was given up before
  if (result.error) {
    attempt_failed(live, result.seq, call, std::move(*result.error), now);
    return;
  }
  begin_turn(live, now);
  if (call.definition->options.pure) live.pure_answered.push_back(result.seq);
  if (!result.signals.empty()) live.ordinary_turn = true;
  for (OutgoingSignal& outgoing : result.signals) {
    model::Message message;
    message.kind = model::Message::Kind::signal;
    message.to = std::move(outgoing.execution_id);
    message.name = std::move(outgoing.signal);
    message.payload = std::move(outgoing.payload);
    message.message_id = std::move(outgoing.message_id);
    send(std::move(message));
  }
  drop_limit(live, result.seq, call);
  set_in_flight(live, call, false);
  live.calls.erase(found);
  conclude(live, model::TaskSucceeded{result.seq, result.attempt, {std::move(result.result)}}, now);
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
  const Timestamp next_at = now + pause_before(retry, attempt);
  if (call.deadline && next_at >= *call.deadline) return fail_call(live, seq, call, error, now);
  drop_limit(live, seq, call);
  set_in_flight(live, call, false);
  begin_turn(live, now);
  live.turn.events.push_back(
      model::TaskAttemptFailed{seq, attempt, model::ErrorRecord(error), next_at});
  call.last_error = std::move(error);
  ++call.attempt;
  call.due = next_at;
  put_timer(live, next_at, seq, keys::TimerKind::retry);
}

/// No attempt will follow.
void Engine::fail_call(Live& live, std::uint32_t seq, const OpenCall& call, const Error& error,
                       Timestamp now) {
  model::TaskFailed failed{seq, call.attempt, model::ErrorRecord(error)};
  drop_limit(live, seq, call);
  forget_call(live, seq);
  conclude(live, std::move(failed), now);
}

/// Between attempt number `attempt` and the next. What the policy leaves without a limit gets one
/// that no clock reaches.
Duration Engine::pause_before(const RetryPolicy& retry, std::uint32_t attempt) {
  constexpr double k_longest_ms = 1e15;
  const double random = random_.unit();
  if (retry.initial_interval <= Duration(0)) return Duration(0);
  const double longest =
      std::clamp(static_cast<double>(retry.max_interval.count()), 0.0, k_longest_ms);
  double pause = static_cast<double>(retry.initial_interval.count()) *
                 std::pow(retry.multiplier, static_cast<double>(attempt - 1));
  if (!(pause < longest)) pause = longest;
  pause *= 1.0 + retry.jitter * (2.0 * random - 1.0);
  if (!(pause < longest)) pause = longest;
  return Duration(static_cast<std::int64_t>(std::max(pause, 0.0)));
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
  if (live.record.run != timer.run) return;
  const auto found = live.calls.find(timer.seq);
  if (found == live.calls.end() || !found->second.in_flight ||
      found->second.attempt != timer.attempt)
    return;
  OpenCall& call = found->second;
  output_.stops.push_back({live.id, live.record.run, timer.seq, timer.attempt});
  const bool past_deadline = call.deadline && now >= *call.deadline;
  const std::string name = call.name;
  attempt_failed(live, timer.seq, call,
                 Timeout("task " + name +
                         (past_deadline ? " did not finish before its deadline"
                                        : " took longer than allowed")),
                 now);
}

/// After a restart: attempts whose result was not recorded run again, or fail as interrupted.
void Engine::take_up(Live& live, Timestamp now) {
  std::vector<std::uint32_t> in_flight;
  for (const auto& [seq, call] : live.calls) {
    if (call.kind == OpenCall::Kind::task && call.in_flight) in_flight.push_back(seq);
  }
  std::sort(in_flight.begin(), in_flight.end());
  for (const std::uint32_t seq : in_flight) {
    const auto found = live.calls.find(seq);
    if (found == live.calls.end()) continue;
    OpenCall& call = found->second;
    if (marker_ != nullptr &&
        marker_->crashes({live.id, live.record.run, seq}) >= options_.crashes_max) {
      not_taken_up_.insert(live.id);
      park(live,
           Error("CrashedRepeatedly", "task " + call.name + " (call " + std::to_string(seq) +
                                          ") crashed the process " +
                                          std::to_string(options_.crashes_max) + " times"),
           now);
      continue;
    }
    if (call.definition->run == nullptr) {
      fail_call(live, seq, call, not_found("task " + call.name + " is not declared"), now);
      continue;
    }
    if (call.definition->options.delivery == Delivery::at_most_once) {
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
