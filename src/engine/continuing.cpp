// Continue-as-new: one run ends and the next begins, in one batch.
#include <utility>

#include "base/unique_id.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

bool Engine::continues(const Live& live) const noexcept {
  return live.executor != nullptr && live.executor->closing() &&
         std::holds_alternative<model::ExecutionContinued>(*live.executor->closing());
}

/// Keeps what must be known of the run once the next one has taken its place.
void Engine::end_run(Live& live) {
  for (const std::string& id : live.signal_ids)
    output_.batch.put(Table::dedupe, keys::dedupe(live.shard, live.id, id), {});
  for (const auto& [id, outcome] : live.updates) put_taken_update(live, id, outcome);
  if (live.executor->has_published()) {
    output_.batch.put(Table::payloads, keys::view(live.shard, live.id, live.record.run),
                      live.executor->published());
  }
}

/// For the runs after this one: the update came, and what it was answered.
void Engine::put_taken_update(const Live& live, const std::string& id,
                              std::optional<model::Event> outcome) {
  model::Turn holder;
  if (outcome) holder.calls.push_back(std::move(*outcome));
  output_.batch.put(Table::dedupe, keys::dedupe_update(live.shard, live.id, id),
                    model::encode(holder));
}

/// The same execution, in memory too: who holds it goes on with the next run.
void Engine::begin_next_run(Live& live, const model::ExecutionContinued& continued,
                            std::optional<model::JsonText> carried) {
  // Who waits for this run and no other has its answer.
  if (const auto waiting = waiters_.find(live.id); waiting != waiters_.end()) {
    for (auto entry = waiting->second.begin(); entry != waiting->second.end();) {
      Waiter& waiter = entry->second;
      if (waiter.execution.run == 0) {
        ++entry;
        continue;
      }
      if (waiter.timer) soft_timers_.erase(*waiter.timer);
      reply(std::move(waiter.done), Result<ports::ExecutionView>(view_of(live)));
      --figures_.callers_waiting;
      entry = waiting->second.erase(entry);
    }
    if (waiting->second.empty()) waiters_.erase(waiting);
  }

  const Timestamp at = live.turn.at;
  model::ExecutionStarted started;
  started.input = continued.input;
  started.derivation = base::unique_id(at, random_);
  started.parent_id = live.started.parent_id;
  started.parent_run = live.started.parent_run;
  started.parent_seq = live.started.parent_seq;
  started.parent_waits = live.started.parent_waits;
  started.times_out_at = live.started.times_out_at;
  started.continued_from_run = live.record.run;
  started.carried_signals = std::move(carried);
  started.payload_bytes_max = options_.payload_bytes_max;

  model::ExecutionRecord record;
  record.run = live.record.run + 1;
  record.started_at = at;
  live.record = std::move(record);
  live.started = started;
  live.started.input.text.clear();
  live.started.carried_signals.reset();
  live.updates.clear();
  if (live.earlier_ids_in <= outputs_committed_) live.earlier_signal_ids.clear();
  live.earlier_signal_ids.merge(live.signal_ids);
  live.signal_ids.clear();
  live.earlier_ids_in = outputs_taken_ + 1;
  live.next_turn = 0;
  live.history_events = 0;
  live.history_warned = false;
  live.pure_answered.clear();
  live.ordinary_turn = false;
  live.cancel_requested = false;
  live.parked_at = {};
  live.is_new = true;
  live.record_changed = true;
  live.executor = make_executor(live, started.derivation);
  ++figures_.started;
  if (started.times_out_at)
    put_timer(live, *started.times_out_at, 0, keys::TimerKind::execution_timeout);
  apply(live, std::move(started), at);
}

}  // namespace eventual::engine
