// Starts: a new execution, or the one that has the name.
#include <utility>

#include "base/unique_id.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/stored_turns.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

Engine::Live& Engine::create(std::string_view id, const detail::WorkflowDefinition& definition,
                             model::ExecutionStarted started, Timestamp now) {
  auto made = std::make_unique<Live>(figures_.attempts_in_flight, live_bytes_);
  made->id = id;
  made->shard = shard_of(id);
  made->definition = &definition;
  made->record.started_at = now;
  made->is_new = true;
  started.derivation = base::unique_id(now, random_);
  started.payload_bytes_max = options_.payload_bytes_max;
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
  auto record = read_record_row(store_, live.shard, live.id, **row);
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

}  // namespace eventual::engine
