// Timers: rows ordered by due time. Those due soon are held in memory, the rest cost disk only.
#include <algorithm>
#include <utility>

#include "engine/engine.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

/// A store that cannot be read is not asked again at once.
constexpr Duration k_pause_after_failure{1000};

}  // namespace

void Engine::put_timer(const Live& live, Timestamp due, std::uint32_t seq, keys::TimerKind kind) {
  std::string row = keys::timer(live.shard, due, live.id, live.record.run, seq, kind);
  if (due < timers_loaded_until_) {
    timers_due_.emplace(due, row);
  } else {
    far_timers_.emplace_back(outputs_taken_ + 1,
                             std::pair(due, row));  // a scan finds it only when it is durable
  }
  output_.batch.put(Table::timers, std::move(row), {});
}

void Engine::remove_timer(const Live& live, Timestamp due, std::uint32_t seq,
                          keys::TimerKind kind) {
  std::string row = keys::timer(live.shard, due, live.id, live.record.run, seq, kind);
  if (due < timers_loaded_until_) timers_due_.erase({due, row});
  output_.batch.remove(Table::timers, std::move(row));
}

void Engine::remove_call_timer(Live& live, std::uint32_t seq, const OpenCall& call) {
  if (call.due == Timestamp{}) return;
  remove_timer(live, call.due, seq,
               call.kind == OpenCall::Kind::task ? keys::TimerKind::retry : keys::TimerKind::call);
}

/// Reads the rows that fall due in the next window.
Result<void> Engine::load_timers(Timestamp now) {
  const bool all = options_.timer_window == k_forever;
  const Timestamp until = all ? Timestamp::max() : now + options_.timer_window;
  const Timestamp from = timers_loaded_until_;
  if (until <= from) return {};
  for (std::uint16_t shard = 0; shard < options_.shards; ++shard) {
    // What is overdue since before the first window belongs to it.
    const std::string first =
        from == Timestamp{} ? keys::shard_prefix(shard) : keys::timers_from(shard, from);
    const std::string last = keys::timers_from(shard, until);
    auto scanned =
        store_.scan(Table::timers, {first, last}, [&](std::string_view row, std::string_view) {
          if (const auto key = keys::parse_timer(row))
            timers_due_.emplace(key->due, std::string(row));
          return true;
        });
    if (!scanned) return scanned;
  }
  for (const auto& [number, timer] : far_timers_) {
    if (timer.first < until) timers_due_.insert(timer);
  }
  timers_loaded_until_ = until;
  return {};
}

std::optional<Timestamp> Engine::next_due() const {
  std::optional<Timestamp> next;
  const auto consider = [&](Timestamp time) {
    if (!next || time < *next) next = time;
  };
  if (!timers_due_.empty()) consider(timers_due_.begin()->first);
  if (!soft_timers_.empty()) consider(due_of(soft_timers_.begin()->first));
  if (retention_at_) consider(*retention_at_);
  if (const auto due = events_->next_due()) consider(*due);
  if (timers_loaded_until_ != Timestamp{} && timers_loaded_until_ != Timestamp::max()) {
    consider(std::max(timers_loaded_until_ - options_.timer_window / 2, load_timers_again_at_));
  }
  return next;
}

void Engine::tick(Timestamp now) {
  latest_ = std::max(latest_, now);
  if (timers_loaded_until_ != Timestamp::max() && now >= load_timers_again_at_ &&
      now >= timers_loaded_until_ - options_.timer_window / 2) {
    if (auto loaded = load_timers(now); !loaded) {
      log_(LogLevel::error, {}, "timers could not be read: " + loaded.error().message());
      load_timers_again_at_ = now + k_pause_after_failure;
    }
  }
  if (retention_at_ && now >= *retention_at_) forget_old(now);
  events_->tick(now);
  std::size_t fired = 0;
  while (!timers_due_.empty() && timers_due_.begin()->first <= now &&
         fired < options_.timers_per_tick_max) {
    const std::string row = timers_due_.begin()->second;
    timers_due_.erase(timers_due_.begin());
    fire(row, now);
    ++fired;
  }
  while (!soft_timers_.empty() && due_of(soft_timers_.begin()->first) <= now &&
         fired < options_.timers_per_tick_max) {
    const SoftKey key = soft_timers_.begin()->first;
    const SoftTimer timer = std::move(soft_timers_.begin()->second);
    ++fired;
    switch (timer.kind) {
      case SoftTimer::Kind::attempt:
      case SoftTimer::Kind::heartbeat:
        soft_timers_.erase(key);
        attempt_overdue(timer, now);
        break;
      case SoftTimer::Kind::heartbeat_row:
        soft_timers_.erase(key);
        save_heartbeat(timer, now);
        break;
      case SoftTimer::Kind::store_call:
        soft_timers_.erase(key);
        store_call_due(timer, now);
        break;
      case SoftTimer::Kind::limiter:
        soft_timers_.erase(key);
        if (const auto limiter = limiters_.find(timer.execution_id); limiter != limiters_.end()) {
          limiter->second.timer.reset();
          limiters_to_look_at_.insert(timer.execution_id);
        }
        break;
      case SoftTimer::Kind::waiter:
        give_up_waiting(timer.execution_id, key, now);
        break;
      case SoftTimer::Kind::update:
        give_up_update(timer, key);
        break;
    }
  }
}

Engine::SoftKey Engine::put_soft_timer(Timestamp due, SoftTimer timer) {
  const SoftKey key{due - stood_still_, next_soft_timer_++};
  soft_timers_.emplace(key, std::move(timer));
  return key;
}

void Engine::fire(const std::string& row, Timestamp now) {
  const auto key = keys::parse_timer(row);
  if (key->kind == keys::TimerKind::schedule) return fire_schedule(row, *key, now);
  auto loaded = load(key->id, now);
  if (!loaded) {
    log_(LogLevel::error, key->id, "a timer could not fire: " + loaded.error().message());
    // Its row stays: it fires after the next start, or soon where only the store was busy.
    if (loaded.error().name() == error_names::k_unavailable)
      timers_due_.emplace(now + k_pause_after_failure, row);
    return;
  }
  Live& live = **loaded;
  const bool open = live.record.run == key->run && !model::is_closed(live.record.status) &&
                    !(live.executor != nullptr && live.executor->closing());
  if (open && key->kind == keys::TimerKind::execution_timeout) {
    close_now(live, model::ExecutionTimedOut{}, now);
    return;
  }
  const auto call = live.calls.find(key->seq);
  if (!open || call == live.calls.end() || call->second.due != key->due) {
    output_.batch.remove(Table::timers, row);  // nobody waits for it any more
    live.touched = outputs_taken_ + 1;
    return;
  }
  if (!accepts(live)) return;  // parked: its row stays, and it is armed again when it goes on
  output_.batch.remove(Table::timers, row);
  if (key->kind == keys::TimerKind::retry) {
    retry_due(live, key->seq, call->second, now);
    return;
  }
  const bool is_timer = call->second.kind == OpenCall::Kind::timer;
  const std::uint32_t seq = key->seq;
  live.calls.erase(call);
  if (is_timer) {
    apply(live, model::TimerFired{seq}, now);
  } else {
    apply(live, model::CallTimedOut{seq}, now);
  }
}

/// Holds the timers of an execution that goes on again.
void Engine::rearm(Live& live) {
  for (const auto& [seq, call] : live.calls) {
    if (call.due == Timestamp{} || call.due >= timers_loaded_until_) continue;
    const auto kind =
        call.kind == OpenCall::Kind::task ? keys::TimerKind::retry : keys::TimerKind::call;
    timers_due_.emplace(call.due,
                        keys::timer(live.shard, call.due, live.id, live.record.run, seq, kind));
  }
}

}  // namespace eventual::engine
