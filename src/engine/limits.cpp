// Limits of tasks: how many attempts run at once and how fast they begin. What exceeds them stands
// in line.
#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "engine/engine.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace {

std::int64_t to_us(Timestamp time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

/// The earliest instant at which one more may begin by the rate. Begins are paid for one by one,
/// `count` of them in advance.
std::int64_t next_begin_us(const Rate& rate, std::int64_t paid_us) {
  const std::int64_t per_us = std::chrono::microseconds(rate.per).count();
  return paid_us - per_us + per_us / rate.count;
}

Timestamp round_up(std::int64_t us) { return Timestamp(Duration((us + 999) / 1000)); }

}  // namespace

/// The task, or the task and the key of this call. Throws what the user's function throws.
std::string Engine::limiter_of(const OpenCall& call) const {
  const TaskLimit& limit = call.definition->options.limit;
  std::string name = call.definition->name;
  name.push_back('\0');
  if (call.limit_key) {
    name += *call.limit_key;
  } else if (limit.key) {
    name += limit.key(call.input);
  }
  return name;
}

bool Engine::may_begin(const Limiter& limiter, Timestamp now) const noexcept {
  const TaskLimit& limit = limiter.limit;
  if (limit.concurrency > 0 && limiter.in_flight >= limit.concurrency) return false;
  return limit.rate.count == 0 || to_us(now) >= next_begin_us(limit.rate, limiter.rate_us);
}

void Engine::count_begun(Limiter& limiter, Timestamp now) noexcept {
  ++limiter.in_flight;
  const Rate& rate = limiter.limit.rate;
  if (rate.count == 0) return;
  limiter.rate_us = std::max(limiter.rate_us, to_us(now)) +
                    std::chrono::microseconds(rate.per).count() / rate.count;
}

bool Engine::enter_limit(Live& live, std::uint32_t seq, OpenCall& call, Timestamp now) {
  const std::string name = limiter_of(call);
  Limiter& limiter = limiters_[name];
  limiter.limit = call.definition->options.limit;
  Flight& flight = flights_[limit_key(live.id, live.record.run, seq)];
  flight.attempt = call.attempt;
  flight.limiter = name;
  if (!recovering_ && limiter.line.empty() && may_begin(limiter, now)) {
    count_begun(limiter, now);
    return true;
  }
  flight.waiting = true;
  if (call.deadline) {
    flight.overdue = put_soft_timer(
        *call.deadline, {SoftTimer::Kind::attempt, live.id, live.record.run, seq, call.attempt});
  }
  limiter.line.push_back({live.id, live.record.run, seq, call.attempt, call.since});
  limiters_to_look_at_.insert(name);
  return false;
}

/// After a restart all stand in line: the oldest calls first.
void Engine::order_lines() {
  for (auto& [name, limiter] : limiters_) {
    std::sort(limiter.line.begin(), limiter.line.end(), [](const auto& left, const auto& right) {
      return std::tie(left.since, left.execution_id, left.seq) <
             std::tie(right.since, right.execution_id, right.seq);
    });
    limiters_to_look_at_.insert(name);
  }
}

void Engine::look_at_limiters(Timestamp now) {
  while (!limiters_to_look_at_.empty()) {
    const std::string name = *limiters_to_look_at_.begin();
    limiters_to_look_at_.erase(limiters_to_look_at_.begin());
    look_at_limiter(name, now);
  }
}

/// Begins what may begin, first come first served.
void Engine::look_at_limiter(const std::string& name, Timestamp now) {
  const auto found = limiters_.find(name);
  if (found == limiters_.end()) return;
  Limiter& limiter = found->second;
  bool store_is_busy = false;
  std::deque<Limiter::Place> held;  // paused: others go before them
  while (!limiter.line.empty()) {
    const Limiter::Place first = limiter.line.front();
    const std::string key = limit_key(first.execution_id, first.run, first.seq);
    const auto flight = flights_.find(key);
    if (flight == flights_.end() || !flight->second.waiting ||
        flight->second.attempt != first.attempt) {
      limiter.line.pop_front();  // it is over
      continue;
    }
    if (!may_begin(limiter, now)) break;
    auto loaded = load(first.execution_id, now);
    if (!loaded && loaded.error().name() == error_names::k_unavailable) {
      store_is_busy = true;
      break;
    }
    limiter.line.pop_front();
    if (loaded && (*loaded)->record.status == model::Status::paused) {
      held.push_back(first);
      continue;
    }
    OpenCall* const call =
        loaded ? find_attempt(**loaded, first.run, first.seq, first.attempt) : nullptr;
    const auto still = flights_.find(key);
    if (still == flights_.end()) continue;
    if (call == nullptr) {
      clear_flight(key);
      continue;
    }
    still->second.waiting = false;
    count_begun(limiter, now);
    begin_attempt(**loaded, first.seq, *call, now);
  }
  limiter.line.insert(limiter.line.begin(), held.begin(), held.end());
  const bool nobody_ready = limiter.line.size() == held.size();
  // When there is something to do by itself: a begin that the rate allows, or nothing to remember
  // any more.
  std::optional<Timestamp> next;
  if (store_is_busy) {
    next = now + Duration(1000);
  } else if (limiter.limit.rate.count > 0) {
    const bool slot_free =
        limiter.limit.concurrency == 0 || limiter.in_flight < limiter.limit.concurrency;
    if (!nobody_ready && slot_free) {
      next = round_up(next_begin_us(limiter.limit.rate, limiter.rate_us));
    } else if (limiter.line.empty() && limiter.in_flight == 0) {
      next = round_up(limiter.rate_us);
    }
  }
  if (limiter.timer) soft_timers_.erase(*limiter.timer);
  limiter.timer.reset();
  if (next && *next > now) {
    limiter.timer = put_soft_timer(*next, {SoftTimer::Kind::limiter, name});
  } else if (limiter.line.empty() && limiter.in_flight == 0) {
    limiters_.erase(found);
  }
}

}  // namespace eventual::engine
