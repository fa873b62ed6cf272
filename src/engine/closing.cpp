// The end of a run, and what holds one that cannot go on.
#include <iterator>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/log_line.hpp"
#include "eventual/schema.hpp"

namespace eventual::engine {

namespace keys = model::keys;

void Engine::close(Live& live, const model::Event& closing) {
  live.record.closed_at = live.turn.at;
  model::Message news;
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, model::ExecutionSucceeded>) {
          live.record.status = model::Status::succeeded;
          news.payload = value.result.text;
        } else if constexpr (std::is_same_v<T, model::ExecutionFailed>) {
          live.record.status = model::Status::failed;
          news.error = value.error;
        } else if constexpr (std::is_same_v<T, model::ExecutionCancelled>) {
          live.record.status = model::Status::cancelled;
          news.error = value.error;
        } else if constexpr (std::is_same_v<T, model::ExecutionTimedOut>) {
          live.record.status = model::Status::timed_out;
          news.error = model::ErrorRecord(timed_out_error(live.id));
        } else if constexpr (std::is_same_v<T, model::ExecutionTerminated>) {
          live.record.status = model::Status::terminated;
          news.error = model::ErrorRecord(terminated_error(live.id, value.reason));
        } else if constexpr (std::is_same_v<T, model::ExecutionContinued>) {
          live.record.status = model::Status::continued;
        }
      },
      closing);
  live.record.reason = {};
  live.record.undone = live.executor != nullptr && live.executor->compensated();
  live.record_changed = true;
  ++figures_.closed;
  ++figures_.closed_as[static_cast<std::size_t>(live.record.status) -
                       static_cast<std::size_t>(model::Status::succeeded)];
  for (const auto& [seq, call] : live.calls) {
    remove_call_timer(live, seq, call);
    if (call.kind == OpenCall::Kind::task) drop_flight(live, seq, call);
  }
  stop_all_attempts(live);
  for (const auto& [seq, child] : live.children) {
    send_to_child(live, seq, child.id,
                  child.on_parent_close == ParentClose::cancel
                      ? model::Message::Kind::cancel_child
                      : model::Message::Kind::terminate_child);
  }
  live.children.clear();
  const bool goes_on = live.record.status == model::Status::continued;
  if (live.kept_events > 0 && !goes_on) remove_kept(live);
  fail_updates(live);
  not_taken_up_.erase(live.id);
  figures_.attempts_in_flight -= live.tasks_in_flight;
  live.tasks_in_flight = 0;
  live.calls.clear();
  if (live.started.times_out_at) {
    remove_timer(live, *live.started.times_out_at, 0, keys::TimerKind::execution_timeout);
  }
  if (!live.started.parent_id.empty() && live.started.parent_waits && !goes_on) {
    news.kind = model::Message::Kind::child_closed;
    news.to = live.started.parent_id;
    news.to_run = live.started.parent_run;
    news.to_seq = live.started.parent_seq;
    news.from = live.id;
    news.from_run = live.record.run;
    news.ok = live.record.status == model::Status::succeeded;
    send(std::move(news), live.turn.number);
  }
}

/// What arrived while it was held, oldest first, and what of it is not durable yet.
std::vector<model::Event> Engine::kept_events(const Live& live) {
  std::vector<model::Event> events;
  std::unordered_set<std::string> rows;
  if (const auto kept = engine::read_kept(store_, options_.shards, live.id)) {
    for (const Output::Outgoing& outgoing : *kept) {
      rows.insert(outgoing.row);
      if (taken_rows_.contains(outgoing.row)) continue;  // it has been applied
      auto holder = model::decode_turn(outgoing.message.payload, 0);
      if (!holder) continue;
      std::move(holder->events.begin(), holder->events.end(), std::back_inserter(events));
    }
  }
  for (const Live::Kept& kept : live.kept_unwritten) {
    if (!rows.contains(kept.row) && !taken_rows_.contains(kept.row)) events.push_back(kept.event);
  }
  std::erase_if(events, [](const model::Event& event) {
    return std::holds_alternative<model::CancelRequested>(event);
  });
  return events;
}

/// Records how the run ends, which signals nobody has read, and what was kept and is applied no
/// more: a retry goes on with it.
void Engine::record_end(Live& live, model::Event closing) {
  const std::vector<model::Event> kept =
      live.kept_events > 0 ? kept_events(live) : std::vector<model::Event>();
  model::SignalsUnread unread;
  std::string text = "[";
  const auto add = [&](const std::string& signal, const std::string& payload) {
    ++unread.count;
    const std::string entry = "{\"signal\":" + to_json(signal) + ",\"payload\":" + payload + "}";
    if (text.size() + entry.size() > base::k_unread_listed_bytes_max) return;
    if (text.size() > 1) text += ',';
    text += entry;
  };
  if (live.executor != nullptr) {
    for (const auto& signal : live.executor->unread()) add(signal.signal, signal.payload);
  }
  for (const model::Event& event : kept) {
    if (const auto* signal = std::get_if<model::SignalReceived>(&event))
      add(signal->signal, signal->payload.text);
  }
  if (unread.count > 0) {
    log_(LogLevel::warn, live.id,
         "it closes with " + std::to_string(unread.count) + " signals that nobody has read");
    unread.signals.text = text + "]";
    live.turn.events.push_back(std::move(unread));
  }
  if (const auto* failed = std::get_if<model::ExecutionFailed>(&closing)) {
    log_(LogLevel::warn, live.id, "failed: " + line_of(failed->error.to_error()));
  } else if (std::holds_alternative<model::ExecutionTimedOut>(closing)) {
    log_(LogLevel::warn, live.id, "timed out");
  }
  live.turn.events.push_back(std::move(closing));
  live.turn.events.insert(live.turn.events.end(), kept.begin(), kept.end());
}

/// Ends it from outside: no more code runs. What it has decided stands; false where that was its
/// end.
bool Engine::close_now(Live& live, model::Event closing, Timestamp now) {
  while (live.in_turn && !model::is_closed(live.record.status)) finish_turn(live);
  if (model::is_closed(live.record.status)) return false;
  begin_turn(live, now);
  record_end(live, closing);
  close(live, closing);
  live.executor.reset();
  return true;
}

void Engine::park(Live& live, Error reason, Timestamp now) {
  if (live.record.status != model::Status::running) return;
  begin_turn(live, now);
  live.record.status = model::Status::parked;
  live.record.reason = model::ErrorRecord(reason);
  live.record_changed = true;
  live.parked_at = live.turn.at;
  live.turn.events.push_back(model::ExecutionParked{model::ErrorRecord(reason)});
  ++figures_.parked;
  log_(LogLevel::error, live.id, "parked: " + reason.message());
}

/// Parks it, in the turn that ends, as its code cannot go on.
void Engine::park_stuck(Live& live) {
  const Error& reason = *live.executor->stuck();
  live.turn.events.push_back(model::ExecutionParked{model::ErrorRecord(reason)});
  live.record.status = model::Status::parked;
  live.record.reason = model::ErrorRecord(reason);
  live.record_changed = true;
  live.parked_at = live.turn.at;
  ++figures_.parked;
  log_(LogLevel::error, live.id, "parked: " + reason.message());
}

/// Keeps an event that arrives while the execution is parked, until it can be applied.
void Engine::defer(Live& live, model::Event event) {
  model::Message message;
  message.kind = model::Message::Kind::deferred;
  message.to = live.id;
  message.to_run = live.record.run;
  model::Turn holder;
  holder.events.push_back(std::move(event));
  message.payload = model::encode(holder);
  ++live.kept_events;
  live.kept_bytes += message.payload.size();
  live.touched = outputs_taken_ + 1;
  send(std::move(message));
  std::erase_if(live.kept_unwritten,
                [this](const Live::Kept& kept) { return kept.output <= outputs_committed_; });
  live.kept_unwritten.push_back(
      {outputs_taken_ + 1, output_.messages.back().row, std::move(holder.events.front())});
}

}  // namespace eventual::engine
