// Updates: validated requests with a durable answer, and the views that queries read.
#include <algorithm>
#include <utility>

#include "base/unique_id.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

ports::UpdateReply reply_of(const std::string& update_id, const model::Event& outcome) {
  ports::UpdateReply reply{update_id, std::nullopt, std::nullopt};
  if (const auto* success = std::get_if<model::UpdateSucceeded>(&outcome))
    reply.result_json = success->result.text;
  if (const auto* failure = std::get_if<model::UpdateFailed>(&outcome))
    reply.error = failure->error.to_error();
  return reply;
}

Error closed_before_answer(const std::string& id) {
  return Error(std::string(error_names::k_closed),
               "execution " + id + " ended before it answered the update");
}

const std::string* update_id_of(const model::Event& call) {
  if (const auto* success = std::get_if<model::UpdateSucceeded>(&call)) return &success->update_id;
  if (const auto* failure = std::get_if<model::UpdateFailed>(&call)) return &failure->update_id;
  return nullptr;
}

}  // namespace

/// What is known of an update: nothing at all, or its outcome where it has one.
Result<std::optional<std::optional<model::Event>>> Engine::find_update(
    const Live& live, const std::string& update_id) {
  using Known = std::optional<std::optional<model::Event>>;
  if (const auto found = live.updates.find(update_id); found != live.updates.end())
    return Known(found->second);
  if (live.record.run > 1) {
    auto row = store_.get(Table::dedupe, keys::dedupe_update(live.shard, live.id, update_id));
    if (!row) return row.error();
    if (*row) {
      auto holder = model::decode_turn(**row, 0);
      if (!holder) return holder.error();
      if (holder->calls.empty()) return Known(std::optional<model::Event>());
      return Known(std::move(holder->calls.front()));
    }
  }
  if (!model::is_closed(live.record.status) || live.touched > outputs_committed_) return Known();
  // Of a closed one only the ends are held: its history is read.
  auto stored = read_execution(store_, options_.shards, live.id, live.record.run);
  if (!stored) return stored.error();
  Known known;
  for (model::Turn& turn : stored->turns) {
    for (const model::Event& event : turn.events) {
      const auto* received = std::get_if<model::UpdateReceived>(&event);
      if (received != nullptr && received->update_id == update_id) known.emplace();
    }
    for (model::Event& call : turn.calls) {
      const std::string* id = update_id_of(call);
      if (id != nullptr && *id == update_id) known.emplace(std::move(call));
    }
  }
  return known;
}

void Engine::update(ports::UpdateRequest request, ports::Callback<ports::UpdateReply> done,
                    Timestamp now) {
  const std::string id = request.execution.id();
  const auto refuse = [&](Error error) {
    reply(std::move(done), Result<ports::UpdateReply>(std::move(error)));
  };
  auto loaded = load(id, now);
  if (!loaded) return refuse(loaded.error());
  Live& live = **loaded;
  const bool open = !model::is_closed(live.record.status) &&
                    !(live.executor != nullptr && live.executor->closing());
  if (request.update_id.empty()) {
    request.update_id = base::unique_id(now, random_);
  } else {
    auto known = find_update(live, request.update_id);
    if (!known) return refuse(known.error());
    if (known->has_value()) {
      if (const auto& outcome = **known)
        return reply(std::move(done),
                     Result<ports::UpdateReply>(reply_of(request.update_id, *outcome)));
      if (!open || !live.updates.contains(request.update_id))
        return refuse(closed_before_answer(id));
      return await_update(id, request.update_id, request.wait, std::move(done), now);
    }
  }
  if (!open || (request.execution.run != 0 && request.execution.run != live.record.run))
    return refuse(closed_error(id));
  if (!accepts(live)) {
    return refuse(Error(std::string(error_names::k_unavailable),
                        "execution " + id + " is " +
                            std::string(model::to_string(live.record.status)) +
                            ": it takes updates when it goes on"));
  }
  {
    const ports::MarkedCall marked(marker_, {live.id, live.record.run});
    if (auto refusal = live.executor->refuses_update(request.update, request.input_json))
      return refuse(std::move(*refusal));
  }
  live.updates.try_emplace(request.update_id);
  await_update(id, request.update_id, request.wait, std::move(done), now);
  apply(
      live,
      model::UpdateReceived{
          std::move(request.update), std::move(request.update_id), {std::move(request.input_json)}},
      now);
}

void Engine::await_update(const std::string& id, const std::string& update_id, Duration wait,
                          ports::Callback<ports::UpdateReply> done, Timestamp now) {
  UpdateWaiter waiter{std::move(done), std::nullopt};
  if (wait < Timestamp::max() - now) {
    SoftTimer timer{SoftTimer::Kind::update, id, 0, 0, 0, update_id};
    waiter.timer = put_soft_timer(now + std::max(wait, Duration(0)), std::move(timer));
  }
  update_waiters_[id][update_id].push_back(std::move(waiter));
}

/// Its outcome is in the turn that is being ended: callers get it when that is durable.
void Engine::answer_update(Live& live, const std::string& update_id, const model::Event& outcome) {
  const auto updates = update_waiters_.find(live.id);
  if (updates == update_waiters_.end()) return;
  const auto found = updates->second.find(update_id);
  if (found == updates->second.end()) return;
  for (UpdateWaiter& waiter : found->second) {
    if (waiter.timer) soft_timers_.erase(*waiter.timer);
    reply(std::move(waiter.done), Result<ports::UpdateReply>(reply_of(update_id, outcome)));
  }
  updates->second.erase(found);
  if (updates->second.empty()) update_waiters_.erase(updates);
}

/// The run is over: what it has not answered it never will.
void Engine::fail_updates(const Live& live) {
  const auto updates = update_waiters_.find(live.id);
  if (updates == update_waiters_.end()) return;
  for (auto& [update_id, list] : updates->second) {
    for (UpdateWaiter& waiter : list) {
      if (waiter.timer) soft_timers_.erase(*waiter.timer);
      reply(std::move(waiter.done), Result<ports::UpdateReply>(closed_before_answer(live.id)));
    }
  }
  update_waiters_.erase(updates);
}

/// It was not answered in time: its caller learns that it was accepted.
void Engine::give_up_update(const SoftTimer& timer, const SoftKey& key) {
  soft_timers_.erase(key);
  // What is being decided may be the answer.
  if (Live* live = find(timer.execution_id); live != nullptr && live->in_turn) finish_turn(*live);
  const auto updates = update_waiters_.find(timer.execution_id);
  if (updates == update_waiters_.end()) return;
  const auto found = updates->second.find(timer.update_id);
  if (found == updates->second.end()) return;
  for (auto waiter = found->second.begin(); waiter != found->second.end(); ++waiter) {
    if (waiter->timer != key) continue;
    reply(std::move(waiter->done), Result<ports::UpdateReply>(ports::UpdateReply{
                                       timer.update_id, std::nullopt, std::nullopt}));
    found->second.erase(waiter);
    break;
  }
  if (found->second.empty()) updates->second.erase(found);
  if (updates->second.empty()) update_waiters_.erase(updates);
}

void Engine::published(const ports::ExecutionRef& execution, ports::Callback<std::string> done) {
  const std::string id = execution.id();
  const std::uint16_t shard = shard_of(id);
  const auto refuse = [&](Error error) {
    reply(std::move(done), Result<std::string>(std::move(error)));
  };
  if (execution.run != 0) {
    auto row = store_.get(Table::payloads, keys::view(shard, id, execution.run));
    if (!row) return refuse(row.error());
    if (*row) return reply(std::move(done), Result<std::string>(std::move(**row)));
  }
  auto record_row = store_.get(Table::executions, keys::execution(shard, id));
  if (!record_row) return refuse(record_row.error());
  if (!*record_row) return refuse(not_found("execution " + id + " does not exist"));
  auto record = model::decode_execution(**record_row);
  if (!record) return refuse(record.error());
  if (execution.run != 0 && execution.run != record->run) {
    return refuse(not_found("run " + std::to_string(execution.run) + " of execution " + id +
                            " has published no view"));
  }
  auto row = store_.get(Table::payloads, keys::view(shard, id));
  if (!row) return refuse(row.error());
  if (!*row) return refuse(not_found("execution " + id + " has published no view"));
  reply(std::move(done), Result<std::string>(std::move(**row)));
}

}  // namespace eventual::engine
