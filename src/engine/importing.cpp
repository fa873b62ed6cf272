// Imported histories: an execution that another service exported goes on here.
//
// All rows of one come in one batch: the turns as they are, the record, and for an open one what a
// restart takes it up by (its timers, its active row). Then it is taken up as recovery does:
// attempts that ran begin again, without using one up. Messages that were on their way are sent
// again; receivers know them by their ids.
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_id.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/imported_story.hpp"
#include "engine/stored_turns.hpp"
#include "engine/verify.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

Error not_allowed(std::string message) {
  return Error(std::string(error_names::k_not_allowed), std::move(message));
}

Error exists(std::string_view id, std::uint32_t run) {
  return Error(
      std::string(error_names::k_already_exists),
      "execution " + std::string(id) + " already exists (run " + std::to_string(run) + ")");
}

/// Something that it waits for is not in this store.
Error missing(const std::string& id, std::string_view what, const std::string& other) {
  return Error(std::string(k_missing_execution), "execution " + id + " " + std::string(what) + " " +
                                                     other + ", which is not here: import " +
                                                     other + " first");
}

/// What the code of a closed run leaves beside its history.
class LeftBehind final : public ReplayListener {
 public:
  void on_call(const model::Event&, std::source_location) override {}
  void on_going_on() override {}
  void on_difference(const model::Event*, const model::Event*, std::source_location) override {}
  void on_turn(const model::Turn&) override {}
  void on_event(const model::Event&) override {}
  void on_applied(const workflow::Executor&) override {}
  void on_end(const workflow::Executor& executor) override {
    if (executor.has_published()) view = executor.published();
    undone = executor.compensated();
  }

  std::optional<std::string> view;
  bool undone = false;
};

std::string run_of(const model::ExportedHistory& history) {
  return "run " + std::to_string(history.run) + " of " + history.execution_id;
}

}  // namespace

/// The rows of a closed run. Its view and whether it was undone are in no history: the code tells
/// them again where it still makes the same calls.
model::ExecutionRecord Engine::put_closed(const std::string& id, bool latest,
                                          const model::ExportedHistory& history,
                                          const ImportedStory& story) {
  const std::uint16_t shard = shard_of(id);
  LeftBehind left;
  if (marker_ != nullptr && marker_->crashes({id, history.run}) >= options_.crashes_max) {
    log_(LogLevel::warn, id,
         "it was imported without its view: over its history, the code crashed the process " +
             std::to_string(options_.crashes_max) + " times");
  } else if (declarations_.find_workflow(history.workflow()) != nullptr) {
    const ports::MarkedCall marked(marker_, {id, history.run});
    const auto difference =
        engine::replay(declarations_, history.execution_id, history.run, history.turns, &left);
    if (difference) {
      left.view.reset();
      log_(LogLevel::warn, id,
           "it was imported without its view: today's code differs from its history: " +
               difference->message());
    }
  }
  model::ExecutionRecord record;
  record.run = history.run;
  record.status = story.status;
  record.started_at = story.started_at;
  record.closed_at = story.closed_at;
  record.undone = left.undone;
  record.turns = static_cast<std::uint32_t>(history.turns.size());
  record.first_turn = model::encode(history.turns.front());
  if (record.turns > 1) record.last_turn = model::encode(history.turns.back());
  for (std::uint32_t i = 1; i + 1 < record.turns; ++i)
    put_turn(output_.batch, shard, id, record.run, i, model::encode(history.turns[i]));
  output_.batch.put(Table::executions,
                    latest ? keys::execution(shard, id) : keys::execution(shard, id, record.run),
                    encode_record(store_, output_.batch, shard, id, record));
  output_.batch.put(Table::listing, keys::listing(record.started_at, id, record.run), {});
  if (left.view) {
    output_.batch.put(Table::payloads,
                      latest ? keys::view(shard, id) : keys::view(shard, id, record.run),
                      std::move(*left.view));
  }
  return record;
}

/// What an earlier run took is known to those after it, as where it ended: see end_run().
void Engine::put_taken_ids(const Live& live, const model::ExportedHistory& history) {
  std::map<std::string, std::optional<model::Event>> updates;
  for (const model::Turn& turn : history.turns) {
    for (const model::Event& event : turn.events) {
      if (const auto* signal = std::get_if<model::SignalReceived>(&event);
          signal != nullptr && !signal->message_id.empty()) {
        output_.batch.put(Table::dedupe, keys::dedupe(live.shard, live.id, signal->message_id), {});
      }
      if (const auto* update = std::get_if<model::UpdateReceived>(&event))
        updates.try_emplace(update->update_id);
    }
    for (const model::Event& call : turn.calls) {
      if (const auto* done = std::get_if<model::UpdateSucceeded>(&call))
        updates.insert_or_assign(done->update_id, call);
      if (const auto* failed = std::get_if<model::UpdateFailed>(&call))
        updates.insert_or_assign(failed->update_id, call);
    }
  }
  for (auto& [id, outcome] : updates) put_taken_update(live, id, std::move(outcome));
}

/// A run before the one that is here.
Result<ports::ImportReply> Engine::import_earlier(Live& live, const model::ExportedHistory& history,
                                                  const ImportedStory& story) {
  if (history.run >= live.record.run || !model::is_closed(story.status))
    return exists(live.id, live.record.run);
  if (live.in_turn || live.touched > outputs_committed_) {
    return Error(std::string(error_names::k_unavailable),
                 "the last change of " + live.id + " is still being written: try again");
  }
  const auto row = store_.get(Table::executions, keys::execution(live.shard, live.id, history.run));
  if (!row) return row.error();
  if (*row) return exists(live.id, history.run);
  put_closed(live.id, false, history, story);
  put_taken_ids(live, history);
  live.touched = outputs_taken_ + 1;
  return ports::ImportReply{live.id, history.run, std::string(model::to_string(story.status))};
}

ports::ImportReply Engine::import_closed(const std::string& id,
                                         const model::ExportedHistory& history,
                                         const ImportedStory& story) {
  auto made = std::make_unique<Live>(figures_.attempts_in_flight, live_bytes_);
  made->id = id;
  made->shard = shard_of(id);
  made->record = put_closed(id, true, history, story);
  for (const model::Event& event : history.turns.front().events)
    track(*made, event, history.turns.front().at);
  made->signal_ids_known = false;
  made->touched = outputs_taken_ + 1;
  insert(std::move(made));
  closed_.push_back(id);
  return {id, history.run, std::string(model::to_string(story.status))};
}

/// Whether all that its open calls wait for can go on here.
Result<void> Engine::check_open_calls(const Live& live,
                                      const std::map<std::uint32_t, model::Event>& calls,
                                      Timestamp now) {
  for (const auto& [seq, event] : calls) {
    const OpenCall& call = live.calls.at(seq);
    const std::string place = " (call " + std::to_string(seq) + ")";
    if (call.kind == OpenCall::Kind::store_call && writes_store(event)) {
      return not_allowed("execution " + live.id + " is in the middle of " + call.name + place +
                         ", whose outcome only the other service knows: export it again once that "
                         "is over");
    }
    if (call.deferred) {
      return not_allowed("execution " + live.id + " waits for a token of task " + call.name +
                         place + ", which only the other service knows: complete it there first");
    }
    const std::string* other = nullptr;
    std::string_view what;
    if (call.kind == OpenCall::Kind::child) {
      other = &call.name;
      what = "waits for its child";
    } else if (const auto* signal = std::get_if<model::SignalSent>(&event)) {
      other = &signal->execution_id;
      what = "has a signal on its way to";
    } else if (const auto* cancel = std::get_if<model::CancelSent>(&event)) {
      other = &cancel->execution_id;
      what = "has asked to stop";
    }
    if (other == nullptr || *other == live.id) continue;
    const auto found = load(*other, now);
    if (found) continue;
    if (found.error().name() == error_names::k_not_found) return missing(live.id, what, *other);
    return found.error();
  }
  return {};
}

/// The messages that were on their way, and what a restart finds an open call by.
void Engine::make_again(Live& live, std::uint32_t seq, const OpenCall& call,
                        const model::Event& event) {
  switch (call.kind) {
    case OpenCall::Kind::task:
      if (!call.in_flight) put_timer(live, call.due, seq, keys::TimerKind::retry);
      break;
    case OpenCall::Kind::timer:
    case OpenCall::Kind::timed_wait:
      put_timer(live, call.due, seq, keys::TimerKind::call);
      break;
    case OpenCall::Kind::child: {
      const Live* child = find(call.name);
      const auto& scheduled = std::get<model::ChildScheduled>(event);
      const bool own = child != nullptr && child->started.parent_id == live.id &&
                       child->started.parent_run == live.record.run &&
                       child->started.parent_seq == seq;
      // It has answered, and nobody was here.
      if (own && scheduled.wait_for_result && model::is_closed(child->record.status)) {
        send_outcome(*child, live.id, live.record.run, seq);
      } else {
        make_call(live, event);
      }
      break;
    }
    case OpenCall::Kind::signal_send:
    case OpenCall::Kind::cancel_send:
      make_call(live, event);
      break;
    case OpenCall::Kind::store_call:
      break;  // it reads: taking it up performs it
  }
}

Result<ports::ImportReply> Engine::import_open(const model::ExportedHistory& history,
                                               const ImportedStory& story, Timestamp now) {
  auto made = std::make_unique<Live>(figures_.attempts_in_flight, live_bytes_);
  made->id = history.execution_id;
  made->shard = shard_of(made->id);
  made->definition = declarations_.find_workflow(history.workflow());
  if (made->definition == nullptr) {
    return not_found("workflow " + std::string(history.workflow()) +
                     " is not declared: an open execution needs its code");
  }
  made->record.run = history.run;
  made->record.status = story.status;
  made->record.reason = story.reason;
  made->record.started_at = story.started_at;
  made->record.first_turn = model::encode(history.turns.front());
  made->is_new = true;
  replay(*made, history.turns);
  made->next_turn = static_cast<std::uint32_t>(history.turns.size());
  made->turn.at = history.turns.back().at;
  if (made->stuck_on_load) {
    if (story.status == model::Status::running) return *made->stuck_on_load;
    made->stuck_on_load.reset();  // it is held, and stays so
    if (made->executor != nullptr && made->executor->stuck() &&
        made->executor->stuck()->name() == error_names::k_determinism) {
      made->executor.reset();
    }
  }
  for (const model::Event& event : history.kept) track(*made, event, made->parked_at);
  std::map<std::uint32_t, model::Event> calls;
  for (const model::Turn& turn : history.turns) {
    for (const model::Event& call : turn.calls) {
      const std::uint32_t seq = model::seq_of(call).value_or(0);
      if (model::awaits_answer(call) && made->calls.contains(seq))
        calls.insert_or_assign(seq, call);
    }
  }
  if (auto checked = check_open_calls(*made, calls, now); !checked) return checked.error();

  Live& live = insert(std::move(made));
  for (std::uint32_t i = 1; i < live.next_turn; ++i) {
    put_turn(output_.batch, live.shard, live.id, live.record.run, i,
             model::encode(history.turns[i]));
  }
  put_record(live);
  if (live.executor != nullptr && live.executor->has_published()) {
    output_.batch.put(Table::payloads, keys::view(live.shard, live.id), live.executor->published());
  }
  if (live.started.times_out_at)
    put_timer(live, *live.started.times_out_at, 0, keys::TimerKind::execution_timeout);
  for (const auto& [seq, event] : calls) make_again(live, seq, live.calls.at(seq), event);
  for (const model::Event& event : history.kept) defer(live, event);
  keep_active_row(live);
  live.touched = outputs_taken_ + 1;
  if (live.tasks_in_flight > 0) {
    const bool held = live.record.status != model::Status::running;
    take_up(live, now);
    if (held) not_taken_up_.insert(live.id);
  }
  return ports::ImportReply{live.id, live.record.run,
                            std::string(model::to_string(live.record.status))};
}

/// An open one under another name: a fork at its end.
Result<ports::ImportReply> Engine::import_copy(const std::string& id,
                                               model::ExportedHistory& history, Timestamp now) {
  Branch branch;
  branch.id = id;
  branch.definition = declarations_.find_workflow(history.workflow());
  if (branch.definition == nullptr) {
    return not_found("workflow " + std::string(history.workflow()) +
                     " is not declared: an open execution needs its code");
  }
  auto& started = std::get<model::ExecutionStarted>(history.turns.front().events.front());
  started.parent_id.clear();
  started.parent_waits = false;
  started.parent_run = started.parent_seq = 0;
  started.continued_from_run.reset();
  if (started.times_out_at)
    started.times_out_at = now + (*started.times_out_at - history.turns.front().at);
  branch.not_before = history.turns.back().at;
  branch.events.emplace_back(model::ExecutionForked{history.execution_id, history.run, std::nullopt,
                                                    base::unique_id(now, random_)});
  std::move(history.kept.begin(), history.kept.end(), std::back_inserter(branch.events));
  branch.copied = std::move(history.turns);
  auto made = replay_copied(branch, now);
  if (!made) return made.error();
  const Live& live = begin_branch(std::move(*made), std::move(branch), now);
  return ports::ImportReply{live.id, live.record.run,
                            std::string(model::to_string(live.record.status))};
}

Result<ports::ImportReply> Engine::import_or_refuse(model::ExportedHistory& history,
                                                    const std::string& name, Timestamp now) {
  if (auto checked = model::check_history(history); !checked) return checked.error();
  const auto story = read_story(history);
  if (!story) return story.error();
  std::string id = history.execution_id;
  if (!name.empty()) id = std::string(history.workflow()) + "/" + name;
  const bool copy = id != history.execution_id;
  auto existing = load(id, now);
  if (existing) {
    if (copy) return exists(id, (*existing)->record.run);
    return import_earlier(**existing, history, *story);
  }
  if (existing.error().name() != error_names::k_not_found) return existing.error();
  if (story->status == model::Status::continued) {
    return Error(std::string(k_missing_execution),
                 run_of(history) + " went on as run " + std::to_string(history.run + 1) +
                     ", which is not here: import that one first");
  }
  if (model::is_closed(story->status)) return import_closed(id, history, *story);
  if (copy) return import_copy(id, history, now);
  return import_open(history, *story, now);
}

void Engine::import_history(model::ExportedHistory history, const std::string& name,
                            ports::Callback<ports::ImportReply> done, Timestamp now) {
  reply(std::move(done), import_or_refuse(history, name, now));
}

}  // namespace eventual::engine
