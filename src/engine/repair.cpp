// Runs that begin with a part of another's history: forks, and retries of what failed.
//
// The turns that both share are copied as they are. The turn behind them holds execution_forked,
// what of the source's events still counts, and what today's code makes of them. From there on ids
// and random numbers derive from a new derivation id, so that nothing that the branch makes later
// has a name that the source used. Calls of the copied turns that have no answer are made again:
// tasks from their first attempt and under the idempotency key of the run that made them, timers
// with their old due time, sent signals under their old message id. A child of a retried run is
// taken back (adopted while it is open, retried itself when it failed); a fork starts one of its
// own.
#include <algorithm>
#include <map>
#include <utility>

#include "base/unique_id.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/stored_turns.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

Error not_allowed(std::string message) {
  return Error(std::string(error_names::k_not_allowed), std::move(message));
}

Error being_written(std::string_view id) {
  return Error(std::string(error_names::k_unavailable),
               "the last change of " + std::string(id) + " is still being written: try again");
}

/// What the code of another run may see again.
bool seen_by_code(const model::Event& event) {
  return std::visit(
      [](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        return T::k_tag < 32 && !std::is_same_v<T, model::ExecutionStarted> &&
               !std::is_same_v<T, model::TaskAttemptFailed> &&
               !std::is_same_v<T, model::TaskAttemptStarted> &&
               !std::is_same_v<T, model::TaskAttemptDeferred> &&
               !std::is_same_v<T, model::ExecutionParked> &&
               !std::is_same_v<T, model::ExecutionPaused> &&
               !std::is_same_v<T, model::ExecutionResumed> &&
               !std::is_same_v<T, model::ExecutionForked> &&
               !std::is_same_v<T, model::ExecutionAdopted>;
      },
      event);
}

/// What arrived after the failure that a retry forgets, and is kept: what succeeded is not done
/// again.
bool outlives_failure(const model::Event& event, std::uint32_t calls_made) {
  if (std::holds_alternative<model::SignalReceived>(event) ||
      std::holds_alternative<model::UpdateReceived>(event)) {
    return true;
  }
  const bool success = std::holds_alternative<model::TaskSucceeded>(event) ||
                       std::holds_alternative<model::TransactionSucceeded>(event) ||
                       std::holds_alternative<model::EntitySucceeded>(event) ||
                       std::holds_alternative<model::ChildStarted>(event) ||
                       std::holds_alternative<model::ChildSucceeded>(event) ||
                       std::holds_alternative<model::SignalDelivered>(event);
  return success && model::seq_of(event).value() < calls_made;
}

const model::ErrorRecord* failure_of(const model::Event& event) {
  if (const auto* task = std::get_if<model::TaskFailed>(&event)) return &task->error;
  if (const auto* child = std::get_if<model::ChildFailed>(&event)) return &child->error;
  if (const auto* signal = std::get_if<model::SignalRefused>(&event)) return &signal->error;
  if (const auto* transaction = std::get_if<model::TransactionFailed>(&event))
    return &transaction->error;
  if (const auto* entity = std::get_if<model::EntityFailed>(&event)) return &entity->error;
  return nullptr;
}

struct Place {
  std::size_t turn = 0;
  std::size_t event = 0;
};

/// The call's failure that ended the execution: the last one with its error.
std::optional<Place> failing_call(const std::vector<model::Turn>& turns) {
  const model::ExecutionFailed* end = nullptr;
  for (const model::Event& event : turns.back().events) {
    if (const auto* failed = std::get_if<model::ExecutionFailed>(&event)) end = failed;
  }
  if (end == nullptr) return std::nullopt;
  for (std::size_t turn = turns.size(); turn-- > 1;) {
    for (std::size_t i = turns[turn].events.size(); i-- > 0;) {
      const model::ErrorRecord* error = failure_of(turns[turn].events[i]);
      if (error != nullptr && *error == end->error) return Place{turn, i};
    }
  }
  return std::nullopt;
}

model::ExecutionStarted* start_of(std::vector<model::Turn>& turns) {
  if (turns.empty() || turns.front().events.empty()) return nullptr;
  return std::get_if<model::ExecutionStarted>(&turns.front().events.front());
}

void append_forks(const model::Turn& turn, std::vector<model::Event>& events) {
  for (const model::Event& event : turn.events) {
    if (std::holds_alternative<model::ExecutionForked>(event)) events.push_back(event);
  }
}

void append_seen(const model::Turn& turn, std::size_t end, std::vector<model::Event>& events) {
  for (std::size_t i = 0; i < std::min(end, turn.events.size()); ++i) {
    if (seen_by_code(turn.events[i])) events.push_back(turn.events[i]);
  }
}

std::uint32_t calls_in(const std::vector<model::Turn>& turns) {
  std::uint32_t calls = 0;
  for (const model::Turn& turn : turns) {
    for (const model::Event& call : turn.calls)
      calls = std::max(calls, model::seq_of(call).value_or(0) + 1);
  }
  return calls;
}

}  // namespace

/// The shared part ends here: what is open belongs to the branch now.
void Engine::track_fork(Live& live, const model::ExecutionForked& forked, Timestamp at) {
  const bool of_another = forked.source_id != live.id;
  for (auto& [seq, call] : live.calls) {
    if (call.made_by.empty())
      call.made_by = forked.source_id + "/" + std::to_string(forked.source_run);
    if (call.kind == OpenCall::Kind::task) {
      if (call.deadline) call.deadline = at + (*call.deadline - call.since);
      call.since = at;
      call.attempt = 1;
      call.due = {};
      call.deferred = call.stop_requested = false;
      set_in_flight(live, call, true);
    } else if (call.kind == OpenCall::Kind::child && of_another) {
      const std::size_t slash = call.name.find('/');
      if (call.name.compare(slash + 1, 1, "~") == 0) {
        call.name = call.name.substr(0, slash + 2) + forked.derivation + "-" + std::to_string(seq);
        if (const auto child = live.children.find(seq); child != live.children.end())
          child->second.id = call.name;
      }
    }
  }
  if (of_another) {
    live.started.parent_id.clear();
    live.started.parent_waits = false;
  }
}

/// The branch at the end of what it shares. Nothing is decided yet.
Result<std::unique_ptr<Engine::Live>> Engine::replay_copied(Branch& branch, Timestamp now) {
  auto made = std::make_unique<Live>(figures_.attempts_in_flight, live_bytes_);
  made->id = branch.id;
  made->shard = shard_of(branch.id);
  made->definition = branch.definition;
  made->record.run = branch.run;
  made->record.started_at = now;
  made->is_new = true;
  made->record_changed = true;
  if (branch.copied.empty()) {
    const auto& started = std::get<model::ExecutionStarted>(branch.events.front());
    made->executor = make_executor(*made, started.derivation);
    return made;
  }
  replay(*made, branch.copied);
  if (made->stuck_on_load && (made->executor == nullptr || !made->executor->stuck() ||
                              made->executor->stuck()->name() == error_names::k_determinism)) {
    return *made->stuck_on_load;
  }
  made->stuck_on_load.reset();
  made->record.first_turn = model::encode(branch.copied.front());
  made->next_turn = static_cast<std::uint32_t>(branch.copied.size());
  made->turn.at = branch.copied.back().at;
  return made;
}

Engine::Live& Engine::begin_branch(std::unique_ptr<Live> made, Branch branch, Timestamp now) {
  Live& live = insert(std::move(made));
  ++figures_.started;
  std::map<std::uint32_t, model::Event> calls;
  for (std::size_t i = 0; i < branch.copied.size(); ++i) {
    model::Turn& turn = branch.copied[i];
    if (i > 0) {
      put_turn(output_.batch, live.shard, live.id, live.record.run, static_cast<std::uint32_t>(i),
               model::encode(turn));
    }
    for (model::Event& call : turn.calls) {
      const std::uint32_t seq = model::seq_of(call).value_or(0);
      if (live.calls.contains(seq)) calls.insert_or_assign(seq, std::move(call));
    }
  }
  begin_turn(live, std::max(now, branch.not_before));
  for (model::Event& event : branch.events) {
    track(live, event, live.turn.at);
    apply(live, std::move(event), now);
    if (live.record.run != branch.run) return live;  // it continues as new again
  }
  if (live.started.times_out_at) {
    put_timer(live, *live.started.times_out_at, 0, keys::TimerKind::execution_timeout);
  }
  for (auto& [seq, call] : calls) {
    const auto open = live.calls.find(seq);
    if (open == live.calls.end()) continue;  // answered by what was kept
    if (auto* child = std::get_if<model::ChildScheduled>(&call))
      child->name = open->second.name.substr(open->second.name.find('/') + 1);
    make_call(live, call);
  }
  return live;
}

// --- fork ---

Result<ports::StartReply> Engine::fork_or_find(const ports::ForkRequest& request, Timestamp now) {
  const std::string source_id = request.execution.id();
  const detail::WorkflowDefinition* definition =
      declarations_.find_workflow(request.execution.workflow);
  if (definition == nullptr)
    return not_found("workflow " + request.execution.workflow + " is not declared");
  auto source = read_execution(store_, options_.shards, source_id, request.execution.run);
  if (!source) return source.error();
  const std::uint32_t source_run = source->record.run;

  Branch branch;
  branch.definition = definition;
  branch.id = request.execution.workflow + "/" +
              (request.name ? *request.name : base::unique_id(now, random_));
  if (request.name) {
    auto existing = load(branch.id, now);
    if (existing) {
      if ((*existing)->touched > outputs_committed_) return being_written(branch.id);
      auto stored = read_execution(store_, options_.shards, branch.id, 1);
      if (!stored) return stored.error();
      std::vector<model::Event> forks;
      for (const model::Turn& turn : stored->turns) append_forks(turn, forks);
      const auto* last = forks.empty() ? nullptr : &std::get<model::ExecutionForked>(forks.back());
      if (last != nullptr && last->source_id == source_id && last->source_run == source_run &&
          last->from_call == request.seq) {
        return ports::StartReply{branch.id, (*existing)->record.run, true};
      }
      return Error(std::string(error_names::k_already_exists),
                   "execution " + branch.id + " already exists");
    }
    if (existing.error().name() != error_names::k_not_found) return existing.error();
  }

  const auto makes_it = [&](const model::Turn& turn) {
    return std::any_of(turn.calls.begin(), turn.calls.end(), [&](const model::Event& call) {
      return model::seq_of(call) == request.seq;
    });
  };
  const auto cut = std::find_if(source->turns.begin(), source->turns.end(), makes_it);
  if (cut == source->turns.end()) {
    return not_found("execution " + source_id + " has no call " + std::to_string(request.seq));
  }
  model::ExecutionStarted* started = start_of(source->turns);
  if (started == nullptr) return not_found("the history of " + source_id + " has no beginning");
  started->parent_id.clear();
  started->parent_waits = false;
  started->parent_run = started->parent_seq = 0;
  started->continued_from_run.reset();
  if (started->times_out_at)
    started->times_out_at = now + (*started->times_out_at - source->turns.front().at);

  model::Event forked =
      model::ExecutionForked{source_id, source_run, request.seq, base::unique_id(now, random_)};
  if (cut == source->turns.begin()) {
    started->derivation = base::unique_id(now, random_);
    started->payload_bytes_max = options_.payload_bytes_max;
    branch.events.emplace_back(*started);
    branch.events.push_back(std::move(forked));
  } else {
    append_forks(*cut, branch.events);
    branch.events.push_back(std::move(forked));
  }
  append_seen(*cut, cut->events.size(), branch.events);
  branch.not_before = cut->at;  // the clock may have been set back since
  branch.copied.assign(std::make_move_iterator(source->turns.begin()),
                       std::make_move_iterator(cut));
  auto made = replay_copied(branch, now);
  if (!made) return made.error();
  const Live& live = begin_branch(std::move(*made), std::move(branch), now);
  return ports::StartReply{live.id, live.record.run, false};
}

void Engine::fork(const ports::ForkRequest& request, ports::Callback<ports::StartReply> done,
                  Timestamp now) {
  reply(std::move(done), fork_or_find(request, now));
}

// --- retry ---

Result<ports::StartReply> Engine::retry_closed(Live& live, std::optional<std::uint32_t> parent_run,
                                               Timestamp now) {
  const std::string id = live.id;
  const model::Status status = live.record.status;
  if (!model::is_closed(status)) {
    return Error("NotClosed", "execution " + id + " is " + std::string(model::to_string(status)) +
                                  ": only a closed one is retried");
  }
  if (status != model::Status::failed && status != model::Status::timed_out &&
      status != model::Status::terminated) {
    return not_allowed("execution " + id + " is " + std::string(model::to_string(status)) +
                       ": only one that failed, timed out or was terminated is retried");
  }
  if (live.in_turn || live.touched > outputs_committed_) return being_written(id);
  const detail::WorkflowDefinition* definition =
      declarations_.find_workflow(std::string_view(id).substr(0, id.find('/')));
  if (definition == nullptr)
    return not_found("workflow " + id.substr(0, id.find('/')) + " is not declared");
  auto source = read_execution(store_, options_.shards, id, live.record.run);
  if (!source) return source.error();
  std::vector<model::Turn>& turns = source->turns;
  model::ExecutionStarted* started = start_of(turns);
  if (started == nullptr) return not_found("the history of " + id + " has no beginning");
  if (started->times_out_at)
    started->times_out_at = now + (*started->times_out_at - turns.front().at);
  if (parent_run) started->parent_run = *parent_run;

  Branch branch;
  branch.id = id;
  branch.run = live.record.run + 1;
  branch.definition = definition;
  branch.not_before = turns.back().at;  // the clock may have been set back since
  model::Event forked =
      model::ExecutionForked{id, live.record.run, std::nullopt, base::unique_id(now, random_)};
  const std::optional<Place> failing = failing_call(turns);
  // What was undone has to be done again, as has what failed before anything was done.
  if (live.record.undone || (!failing && turns.size() == 1)) {
    started->derivation = base::unique_id(now, random_);
    started->payload_bytes_max = options_.payload_bytes_max;
    branch.events.emplace_back(*started);
    branch.events.push_back(std::move(forked));
    if (!live.record.undone) append_seen(turns.front(), turns.front().events.size(), branch.events);
  } else {
    const Place cut = failing.value_or(Place{turns.size() - 1, turns.back().events.size()});
    append_forks(turns[cut.turn], branch.events);
    branch.events.push_back(std::move(forked));
    append_seen(turns[cut.turn], cut.event, branch.events);
    branch.copied.assign(turns.begin(), turns.begin() + static_cast<std::ptrdiff_t>(cut.turn));
    if (failing) {
      const std::uint32_t calls_made = calls_in(branch.copied);
      for (std::size_t turn = cut.turn; turn < turns.size(); ++turn) {
        const std::vector<model::Event>& events = turns[turn].events;
        for (std::size_t i = turn == cut.turn ? cut.event + 1 : 0; i < events.size(); ++i) {
          if (outlives_failure(events[i], calls_made)) branch.events.push_back(events[i]);
        }
      }
    }
  }
  auto made = replay_copied(branch, now);
  if (!made) return made.error();
  output_.batch.put(Table::executions, keys::execution(live.shard, id, live.record.run),
                    encode_record(store_, output_.batch, live.shard, id, live.record));
  by_use_.erase(live.place);
  live_.erase(live_.find(id));
  const Live& next = begin_branch(std::move(*made), std::move(branch), now);
  return ports::StartReply{next.id, next.record.run, false};
}

void Engine::retry(const ports::ExecutionRef& execution, ports::Callback<ports::StartReply> done,
                   Timestamp now) {
  auto loaded = load(execution.id(), now);
  if (!loaded) return reply(std::move(done), Result<ports::StartReply>(loaded.error()));
  Live& live = **loaded;
  if (execution.run != 0 && execution.run != live.record.run) {
    return reply(
        std::move(done),
        Result<ports::StartReply>(
            execution.run > live.record.run
                ? not_found("execution " + live.id + " has no run " + std::to_string(execution.run))
                : not_allowed("run " + std::to_string(execution.run) + " of " + live.id +
                              " is not the latest: fork it instead")));
  }
  if (marker_ != nullptr) marker_->forgive(live.id);
  reply(std::move(done), retry_closed(live, std::nullopt, now));
}

/// A retried parent asks again for a child that its earlier run started. False: it did not.
bool Engine::take_back_child(const model::Message& message, Timestamp now) {
  auto loaded = load(message.to, now);
  if (!loaded) return false;
  Live& child = **loaded;
  if (child.started.parent_id != message.from || child.started.parent_seq != message.from_seq ||
      child.started.parent_run >= message.from_run) {
    return false;
  }
  const auto input = first_input_of(child);
  if (!input || *input != message.payload) return false;
  if (!message.wait_for_result) {
    model::Message answer;
    answer.kind = model::Message::Kind::child_started;
    answer.to = message.from;
    answer.to_run = message.from_run;
    answer.to_seq = message.from_seq;
    answer.from = message.to;
    send(std::move(answer));
    return true;
  }
  if (child.in_turn) finish_turn(child);
  if (!model::is_closed(child.record.status)) {
    begin_turn(child, now);
    model::Event adopted = model::ExecutionAdopted{message.from, message.from_run, message.from_seq,
                                                   message.wait_for_result};
    track(child, adopted, child.turn.at);
    child.turn.events.push_back(std::move(adopted));
    return true;
  }
  if (child.record.status != model::Status::succeeded &&
      child.record.status != model::Status::cancelled &&
      retry_closed(child, message.from_run, now)) {
    return true;  // it answers when it closes
  }
  send_outcome(*find(message.to), message.from, message.from_run, message.from_seq);
  return true;
}

/// How a closed child ended, as an answer to the call that waits for it.
void Engine::send_outcome(const Live& child, const std::string& to, std::uint32_t to_run,
                          std::uint32_t to_seq) {
  const ports::ExecutionView view = view_of(child);
  model::Message answer;
  answer.kind = model::Message::Kind::child_closed;
  answer.to = to;
  answer.to_run = to_run;
  answer.to_seq = to_seq;
  answer.from = child.id;
  answer.ok = child.record.status == model::Status::succeeded;
  if (answer.ok) {
    answer.payload = view.result_json.value_or("null");
  } else if (view.error) {
    answer.error = model::ErrorRecord(*view.error);
  }
  send(std::move(answer));
}

}  // namespace eventual::engine
