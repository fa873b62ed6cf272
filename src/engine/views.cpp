// What people and programs see of executions.
#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <utility>

#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/hex.hpp"
#include "engine/stored_turns.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

Json line_json(std::source_location location) {
  return Json(std::string(location.file_name()) + ":" + std::to_string(location.line()));
}

void add_outcome(const model::Turn& turn, ports::ExecutionView& view) {
  for (const model::Event& event : turn.events) {
    if (const auto* started = std::get_if<model::ExecutionStarted>(&event))
      view.input_json = started->input.text;
    if (const auto* succeeded = std::get_if<model::ExecutionSucceeded>(&event))
      view.result_json = succeeded->result.text;
    if (const auto* failed = std::get_if<model::ExecutionFailed>(&event))
      view.error = failed->error.to_error();
    if (const auto* cancelled = std::get_if<model::ExecutionCancelled>(&event))
      view.error = cancelled->error.to_error();
    if (std::holds_alternative<model::ExecutionTimedOut>(event))
      view.error = timed_out_error(view.execution.id());
    if (const auto* terminated = std::get_if<model::ExecutionTerminated>(&event)) {
      view.error = terminated_error(view.execution.id(), terminated->reason);
    }
  }
}

Result<model::ExecutionRecord> read_record(ports::Store& store, std::uint16_t shard,
                                           std::string_view id, std::uint32_t run);

ports::ExecutionView view_of_record(std::string_view id, const model::ExecutionRecord& record) {
  ports::ExecutionView view;
  const std::size_t slash = id.find('/');
  view.execution.workflow = id.substr(0, slash);
  view.execution.name = id.substr(slash + 1);
  view.execution.run = record.run;
  view.status = model::to_string(record.status);
  view.started_at = record.started_at;
  view.closed_at = record.closed_at;
  if (record.status == model::Status::parked) view.error = record.reason.to_error();
  for (const std::string* bytes : {&record.first_turn, &record.last_turn}) {
    if (bytes->empty()) continue;
    if (auto turn = model::decode_turn(*bytes, 0)) add_outcome(*turn, view);
  }
  return view;
}

}  // namespace

ports::ExecutionView Engine::view_of(const Live& live) const {
  ports::ExecutionView view = view_of_record(live.id, live.record);
  if (live.in_turn) add_outcome(live.turn, view);
  if (!model::is_closed(live.record.status)) add_waiting(live, view);
  return view;
}

void Engine::add_waiting(const Live& live, ports::ExecutionView& view) const {
  if (live.record.status == model::Status::parked) {
    view.waiting_for.push_back({"parked", live.parked_at,
                                Json::object({{"reason", live.record.reason.name},
                                              {"message", live.record.reason.message},
                                              {"kept", live.kept_events}})});
  } else if (live.record.status == model::Status::paused) {
    view.waiting_for.push_back(
        {"paused", live.parked_at,
         Json::object({{"reason", live.record.reason.message}, {"kept", live.kept_events}})});
  }
  std::vector<workflow::Waiting> waiting;
  if (live.executor != nullptr) waiting = live.executor->waiting();
  std::vector<std::uint32_t> order;
  order.reserve(live.calls.size());
  for (const auto& [seq, call] : live.calls) order.push_back(seq);
  std::sort(order.begin(), order.end());
  for (const std::uint32_t seq : order) {
    const OpenCall& call = live.calls.at(seq);
    ports::WaitingFor entry;
    entry.since = call.since;
    entry.details = Json::object({{"seq", seq}});
    switch (call.kind) {
      case OpenCall::Kind::task: {
        entry.kind = "task";
        entry.details.set("task", call.name);
        entry.details.set("attempt", call.attempt);
        entry.details.set("max_attempts", retry_of(call).max_attempts);
        const auto flight = flights_.find(limit_key(live.id, live.record.run, seq));
        const bool limited = flight != flights_.end() && flight->second.waiting;
        entry.details.set("state", !call.in_flight ? "retry"
                                   : call.deferred ? "deferred"
                                   : limited       ? "limited"
                                                   : "running");
        const auto& said = flight != flights_.end() && flight->second.heartbeat
                               ? flight->second.heartbeat
                               : call.heartbeat;
        if (said) {
          if (auto details = Json::parse(*said))
            entry.details.set("heartbeat", std::move(*details));
        }
        if (call.deferred && call.deferred_until)
          entry.details.set("times_out_at", to_iso8601(*call.deferred_until));
        if (!call.in_flight) entry.details.set("next_at", to_iso8601(call.due));
        if (call.last_error) {
          entry.details.set("last_error", Json::object({{"name", call.last_error->name()},
                                                        {"message", call.last_error->message()}}));
        }
        break;
      }
      case OpenCall::Kind::timer:
        entry.kind = "timer";
        entry.details.set("due", to_iso8601(call.due));
        break;
      case OpenCall::Kind::child:
        entry.kind = "child";
        entry.details.set("execution_id", call.name);
        break;
      case OpenCall::Kind::signal_send:
        entry.kind = "signal_send";
        entry.details.set("signal", call.name);
        break;
      case OpenCall::Kind::cancel_send:
        entry.kind = "cancel_send";
        entry.details.set("execution_id", call.name);
        break;
      case OpenCall::Kind::store_call:
        entry.kind = std::holds_alternative<model::TransactionCalled>(*call.store_call)
                         ? "transaction"
                         : "entity";
        entry.details.set(entry.kind, call.name);
        break;
      case OpenCall::Kind::timed_wait:
        continue;  // told below, with its place in the code
    }
    view.waiting_for.push_back(std::move(entry));
  }
  for (const workflow::Waiting& wait : waiting) {
    ports::WaitingFor entry;
    entry.since = wait.since;
    if (wait.kind == workflow::Waiting::Kind::update) {
      entry.kind = "update";
      entry.details = Json::object({{"update", wait.name}, {"update_id", wait.update_id}});
      view.waiting_for.push_back(std::move(entry));
      continue;
    }
    entry.kind = wait.kind == workflow::Waiting::Kind::signal ? "signal" : "condition";
    entry.details = Json::object({});
    if (wait.kind == workflow::Waiting::Kind::signal) entry.details.set("signal", wait.name);
    entry.details.set("location", line_json(wait.location));
    if (wait.seq) {
      entry.details.set("seq", *wait.seq);
      const auto call = live.calls.find(*wait.seq);
      if (call != live.calls.end()) entry.details.set("times_out_at", to_iso8601(call->second.due));
    }
    view.waiting_for.push_back(std::move(entry));
  }
}

void Engine::describe(const ports::ExecutionRef& execution,
                      ports::Callback<ports::ExecutionView> done, Timestamp now) {
  const std::string id = execution.id();
  auto loaded = load(id, now);
  if (!loaded) return reply(std::move(done), Result<ports::ExecutionView>(loaded.error()));
  if (execution.run != 0 && execution.run != (*loaded)->record.run) {
    const auto earlier = read_record(store_, shard_of(id), id, execution.run);
    return reply(std::move(done), earlier
                                      ? Result<ports::ExecutionView>(view_of_record(id, *earlier))
                                      : Result<ports::ExecutionView>(earlier.error()));
  }
  // Within a turn the view would show what is still being decided: the turn ends first.
  if ((*loaded)->in_turn) {
    views_wanted_.emplace_back(id, std::move(done));
    return;
  }
  reply(std::move(done), Result<ports::ExecutionView>(view_of(**loaded)));
}

void Engine::wait_closed(const ports::ExecutionRef& execution, Duration wait,
                         ports::Callback<ports::ExecutionView> done, Timestamp now) {
  const std::string id = execution.id();
  auto loaded = load(id, now);
  if (!loaded) return reply(std::move(done), Result<ports::ExecutionView>(loaded.error()));
  const Live& live = **loaded;
  if (execution.run != 0 && execution.run != live.record.run) {
    describe(execution, std::move(done), now);  // there is no such run
    return;
  }
  const bool closes_now = live.in_turn && live.executor != nullptr && live.executor->closing();
  if (model::is_closed(live.record.status) || closes_now || wait <= Duration(0)) {
    describe(execution, std::move(done), now);
    return;
  }
  Waiter waiter{execution, std::move(done), std::nullopt};
  std::uint64_t place = next_soft_timer_;
  if (wait < Timestamp::max() - now) {
    waiter.timer = put_soft_timer(now + wait, {SoftTimer::Kind::waiter, id, 0, 0, 0});
    place = waiter.timer->second;
  } else {
    ++next_soft_timer_;
  }
  waiters_[id].emplace(place, std::move(waiter));
  ++figures_.callers_waiting;
}

/// It did not close in time: its caller gets what it is now.
void Engine::give_up_waiting(const std::string& id, const SoftKey& timer, Timestamp now) {
  soft_timers_.erase(timer);
  const auto list = waiters_.find(id);
  if (list == waiters_.end()) return;
  const auto found = list->second.find(timer.second);
  if (found == list->second.end()) return;
  Waiter waiter = std::move(found->second);
  list->second.erase(found);
  if (list->second.empty()) waiters_.erase(list);
  --figures_.callers_waiting;
  describe(waiter.execution, std::move(waiter.done), now);
}

void Engine::answer_waiters(const Live& live) {
  const auto found = waiters_.find(live.id);
  if (found == waiters_.end()) return;
  for (auto& [place, waiter] : found->second) {
    if (waiter.timer) soft_timers_.erase(*waiter.timer);
    reply(std::move(waiter.done), Result<ports::ExecutionView>(view_of(live)));
  }
  figures_.callers_waiting -= found->second.size();
  waiters_.erase(found);
}

void Engine::abandon_waiters() {
  events_->abandon_waiters();
  for (auto& [id, list] : std::exchange(waiters_, {})) {
    for (auto& [place, waiter] : list) {
      if (waiter.timer) soft_timers_.erase(*waiter.timer);
      waiter.done(Error(std::string(error_names::k_unavailable), "the service is stopping"));
    }
  }
  for (auto& [id, updates] : std::exchange(update_waiters_, {})) {
    for (auto& [update_id, list] : updates) {
      for (UpdateWaiter& waiter : list) {
        if (waiter.timer) soft_timers_.erase(*waiter.timer);
        waiter.done(Error(std::string(error_names::k_unavailable), "the service is stopping"));
      }
    }
  }
  figures_.callers_waiting = 0;
}

// --- committed state, read by any thread ---

namespace {

Result<model::ExecutionRecord> read_record(ports::Store& store, std::uint16_t shard,
                                           std::string_view id, std::uint32_t run) {
  const auto decode = [&](const std::string& bytes) -> Result<model::ExecutionRecord> {
    auto record = read_record_row(store, shard, id, bytes);
    if (record) return record;
    return Error(record.error().name(),
                 record.error().message() + " (execution " + std::string(id) + ")");
  };
  auto row = store.get(Table::executions, keys::execution(shard, id));
  if (!row) return row.error();
  if (!*row) return not_found("execution " + std::string(id) + " does not exist");
  auto latest = decode(**row);
  if (!latest || run == 0 || run == latest->run) return latest;
  row = store.get(Table::executions, keys::execution(shard, id, run));
  if (!row) return row.error();
  if (!*row) {
    return not_found("execution " + std::string(id) + " run " + std::to_string(run) +
                     " does not exist");
  }
  return decode(**row);
}

/// Turns from number `first` on, oldest first, until `visit` gives false.
Result<void> visit_turns(ports::Store& store, std::uint16_t shard, std::string_view id,
                         const model::ExecutionRecord& record, std::uint32_t first,
                         const std::function<bool(model::Turn)>& visit) {
  std::optional<Error> failure;
  const auto give = [&](std::string_view bytes, std::uint32_t number) {
    auto turn = read_turn(store, shard, id, record.run, number, bytes);
    if (turn) return visit(std::move(*turn));
    failure = Error(turn.error().name(),
                    turn.error().message() + " (history of " + std::string(id) + ")");
    return false;
  };
  bool more = first > 0 || give(record.first_turn, 0);
  if (more) {
    const std::string from = keys::history(shard, id, record.run, first);
    const std::string to = keys::history_end(shard, id, record.run);
    const auto scanned =
        store.scan(Table::history, {from, to}, [&](std::string_view key, std::string_view value) {
          return more = give(value, keys::history_turn(key));
        });
    if (!scanned) return scanned;
  }
  if (more && !record.last_turn.empty() && record.turns > first) {
    give(record.last_turn, record.turns - 1);
  }
  if (failure) return *failure;
  return {};
}

/// Where a page of a history begins: "<turn>.<event within it>".
Result<std::pair<std::uint32_t, std::size_t>> parse_place(std::string_view cursor) {
  std::pair<std::uint32_t, std::size_t> place{0, 0};
  if (cursor.empty()) return place;
  const char* const end = cursor.data() + cursor.size();
  const auto turn = std::from_chars(cursor.data(), end, place.first);
  if (turn.ec == std::errc() && turn.ptr != end && *turn.ptr == '.') {
    const auto event = std::from_chars(turn.ptr + 1, end, place.second);
    if (event.ec == std::errc() && event.ptr == end) return place;
  }
  return Error(std::string(error_names::k_invalid_input),
               "the cursor is none that this service gave");
}

/// What is kept for the paused or parked execution of `record`. What is delivered becomes part of a
/// turn in the commit that has it go on: where its record is the same, nothing was.
Result<void> add_kept(ports::Store& store, std::uint16_t shards,
                      const model::ExecutionRecord& record, model::ExportedHistory& page) {
  const auto kept = read_kept(store, shards, page.execution_id);
  if (!kept) return kept.error();
  const auto now =
      read_record(store, shard_of_id(page.execution_id, shards), page.execution_id, record.run);
  if (!now) return now.error();
  if (now->status != record.status || now->turns != record.turns) {
    return Error(std::string(error_names::k_unavailable),
                 "execution " + page.execution_id + " went on while it was read: try again");
  }
  for (const Output::Outgoing& one : *kept) {
    auto holder = model::decode_turn(one.message.payload, 0);
    if (!holder) return std::move(holder).error();
    std::move(holder->events.begin(), holder->events.end(), std::back_inserter(page.kept));
  }
  return {};
}

}  // namespace

Result<StoredExecution> read_execution(ports::Store& store, std::uint16_t shards,
                                       std::string_view id, std::uint32_t run) {
  const std::uint16_t shard = shard_of_id(id, shards);
  auto record = read_record(store, shard, id, run);
  if (!record) return record.error();
  StoredExecution stored{std::move(*record), {}};
  const auto visited = visit_turns(store, shard, id, stored.record, 0, [&](model::Turn turn) {
    stored.turns.push_back(std::move(turn));
    return true;
  });
  if (!visited) return visited.error();
  return stored;
}

Result<ports::HistoryReply> read_history(ports::Store& store, std::uint16_t shards,
                                         const ports::HistoryRequest& request) {
  const auto place = parse_place(request.cursor);
  if (!place) return place.error();
  const std::string id = request.execution.id();
  const std::uint16_t shard = shard_of_id(id, shards);
  const auto record = read_record(store, shard, id, request.execution.run);
  if (!record) return record.error();
  ports::HistoryReply reply;
  const auto add = [&](const model::Turn& turn) {
    std::size_t position = 0;
    for (const auto* events : {&turn.events, &turn.calls}) {
      for (const model::Event& event : *events) {
        const std::size_t here = position++;
        if (turn.number == place->first && here < place->second) continue;
        if (reply.events.size() == request.limit) {
          reply.cursor = std::to_string(turn.number) + "." + std::to_string(here);
          return false;
        }
        reply.events.push_back(model::to_json_view(event, turn.at));
      }
    }
    return true;
  };
  const auto visited = visit_turns(store, shard, id, *record, place->first, add);
  if (!visited) return visited.error();
  return reply;
}

Result<model::ExportedHistory> read_history_page(ports::Store& store, std::uint16_t shards,
                                                 const ports::HistoryRequest& request) {
  const auto place = parse_place(request.cursor);
  if (!place) return place.error();
  const std::string id = request.execution.id();
  const std::uint16_t shard = shard_of_id(id, shards);
  const auto record = read_record(store, shard, id, request.execution.run);
  if (!record) return record.error();
  model::ExportedHistory page;
  page.execution_id = id;
  page.run = record->run;
  page.status = model::to_string(record->status);
  const bool held =
      record->status == model::Status::paused || record->status == model::Status::parked;
  std::size_t events = 0;
  const auto visited = visit_turns(store, shard, id, *record, place->first, [&](model::Turn turn) {
    if (events >= request.limit) {
      page.cursor = std::to_string(turn.number) + ".0";
      return false;
    }
    events += turn.events.size() + turn.calls.size();
    page.turns.push_back(std::move(turn));
    return true;
  });
  if (!visited) return visited.error();
  if (held && page.cursor.empty()) {
    if (auto added = add_kept(store, shards, *record, page); !added) return added.error();
  }
  return page;
}

Result<ports::ListReply> list_executions(ports::Store& store, std::uint16_t shards,
                                         const ports::ListRequest& request) {
  constexpr std::size_t k_rows_looked_at_max = 10'000;
  std::optional<model::Status> status;
  if (!request.status.empty()) {
    status = model::parse_status(request.status);
    if (!status)
      return Error(std::string(error_names::k_invalid_input),
                   "unknown status '" + request.status + "'");
  }
  std::string from;
  if (!request.cursor.empty()) {
    auto cursor = from_hex(request.cursor);
    if (!cursor) return cursor.error();
    from = std::move(*cursor);
  }
  ports::ListReply reply;
  std::optional<Error> failure;
  std::size_t looked_at = 0;
  const auto scanned =
      store.scan(Table::listing, {from, {}}, [&](std::string_view key, std::string_view) {
        if (reply.executions.size() == request.limit || looked_at == k_rows_looked_at_max) {
          reply.cursor = to_hex(key);
          return false;
        }
        ++looked_at;
        const auto listed = keys::parse_listing(key);
        if (!listed) return true;
        if (!request.workflow.empty() &&
            listed->id.substr(0, listed->id.find('/')) != request.workflow)
          return true;
        const std::uint16_t shard = shard_of_id(listed->id, shards);
        auto row = store.get(Table::executions, keys::execution(shard, listed->id));
        if (!row) {
          failure = row.error();
          return false;
        }
        if (!*row) return true;
        auto record = read_record_row(store, shard, listed->id, **row);
        if (record && record->run != listed->run) {
          row = store.get(Table::executions, keys::execution(shard, listed->id, listed->run));
          if (!row || !*row) return true;
          record = read_record_row(store, shard, listed->id, **row);
        }
        if (!record) return true;  // a corrupt row is told by its own page
        if (status && record->status != *status) return true;
        reply.executions.push_back(view_of_record(listed->id, *record));
        return true;
      });
  if (!scanned) return scanned.error();
  if (failure) return *failure;
  return reply;
}

}  // namespace eventual::engine
