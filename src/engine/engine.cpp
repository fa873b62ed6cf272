// Executions in memory, and the output of a round.
#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

Engine::Engine(const detail::Declarations& declarations, ports::Store& store,
               ports::CallMarker* marker, Options options, LogSink log)
    : declarations_(declarations),
      store_(store),
      marker_(marker),
      options_(options),
      log_(std::move(log)),
      random_(options.seed),
      events_(std::make_unique<Events>(declarations,
                                       EventsHost{store,
                                                  output_,
                                                  marker,
                                                  options.crashes_max,
                                                  random_,
                                                  log_,
                                                  options.shards,
                                                  {options.events_kept, options.event_ids_kept},
                                                  stood_still_})) {}

Engine::~Engine() = default;

std::uint16_t Engine::shard_of(std::string_view id) const noexcept {
  return shard_of_id(id, options_.shards);
}

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
  reference.weigh(0);
  return reference;
}

std::unique_ptr<workflow::Executor> Engine::make_executor(const Live& live,
                                                          std::string derivation) {
  return std::make_unique<workflow::Executor>(
      declarations_, *live.definition,
      workflow::Identity{live.id, live.record.run, std::move(derivation)},
      [this, id = live.id](LogLevel level, std::string_view message) { log_(level, id, message); });
}

void Engine::touch(Live& live) { by_use_.splice(by_use_.begin(), by_use_, live.place); }

/// Puts away the least recently used beyond `keep`, and those of them with large turns while all
/// turns are too many bytes. What is not durable yet stays.
void Engine::evict(std::size_t keep) {
  for (auto place = by_use_.end(); place != by_use_.begin();) {
    const bool too_many = live_.size() > keep;
    if (!too_many && live_bytes_ <= options_.live_bytes_max) return;
    --place;
    Live& live = **place;
    if (!too_many && live.bytes <= base::k_inline_payload_bytes_max) continue;
    if (live.in_turn || live.touched > outputs_committed_ || !live.unwritten.empty()) continue;
    const auto next = std::next(place);
    by_use_.erase(place);
    live_.erase(live_.find(live.id));
    place = next;
  }
}

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
  events_->finish_round(outputs_taken_ + 1);
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
  events_->committed(outputs_committed_, now);
  for (Output::Outgoing& outgoing : output.messages)
    deliver(outgoing.row, std::move(outgoing.message), now);
  output.messages.clear();
  for (Part& part : output.parts) {
    if (!part.committed) continue;
    for (OutgoingMessage& outgoing : part.messages)
      deliver(outgoing.row, std::move(outgoing.message), now);
    events_->take_incoming(std::move(part.events), now);
  }
  output.parts.clear();
  for (const std::string& id : output.closed) {
    const auto found = live_.find(id);
    if (found == live_.end() || found->second->in_turn ||
        found->second->touched > outputs_committed_)
      continue;
    if (!model::is_closed(found->second->record.status)) continue;
    by_use_.erase(found->second->place);
    live_.erase(found);
  }
  evict(options_.live_executions_max);
}

void Engine::put_away() { evict(0); }

Figures Engine::figures() const {
  Figures figures = figures_;
  figures.live = live_.size();
  figures.timers_loaded = timers_due_.size();
  figures.timers_in_memory_only = soft_timers_.size();
  return figures;
}

}  // namespace eventual::engine
