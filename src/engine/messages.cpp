// Messages between executions: rows of the sender's batch, removed in the batch that holds their
// effect.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "model/message_row.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

void Engine::send(model::Message message, std::optional<std::uint32_t> turn) {
  const std::uint16_t to = shard_of(message.to);
  const std::uint16_t from = message.from.empty() ? to : shard_of(message.from);
  std::string row = keys::message(to, from, next_message_++);
  const bool recorded = turn && message.payload.size() > base::k_inline_payload_bytes_max;
  output_.batch.put(Table::messages, row,
                    recorded ? model::encode_recorded(message, *turn) : model::encode(message));
  output_.messages.push_back({std::move(row), std::move(message)});
}

void Engine::deliver(const std::string& row, model::Message message, Timestamp now) {
  using Kind = model::Message::Kind;
  bool taken = true;
  switch (message.kind) {
    case Kind::start_child:
      taken = deliver_start_child(message, now);
      break;
    case Kind::signal:
      taken = deliver_signal(message, now);
      break;
    case Kind::child_started:
    case Kind::child_closed:
    case Kind::signal_delivered:
    case Kind::signal_refused:
    case Kind::cancel_delivered:
      taken = deliver_answer(message, now);
      break;
    case Kind::cancel:
      taken = deliver_cancel(message, now);
      break;
    case Kind::deferred:
      taken = deliver_kept(row, message, now);
      break;
    case Kind::cancel_child:
    case Kind::terminate_child:
      taken = deliver_parent_close(message, now);
      break;
  }
  if (taken) {
    output_.batch.remove(Table::messages, row);
  } else if (message.kind != Kind::deferred &&
             message.payload.size() > base::k_inline_payload_bytes_max) {
    // It waits for the next start, and its sender may be forgotten before: it takes its payload
    // along.
    output_.batch.put(Table::messages, row, model::encode(message));
  }
}

/// Applies an event that was kept for a parked execution. False: it waits on.
bool Engine::deliver_kept(const std::string& row, const model::Message& message, Timestamp now) {
  auto loaded = load(message.to, now);
  if (!loaded) {
    if (loaded.error().name() == error_names::k_not_found) return true;
    log_(LogLevel::error, message.to,
         "an event waits for the next start: " + loaded.error().message());
    return false;
  }
  if (taken_rows_.contains(row))
    return false;  // loading it, or a resume, applied the event: its row goes with that batch
  Live& live = **loaded;
  const bool open = live.record.run == message.to_run && !model::is_closed(live.record.status) &&
                    !(live.executor != nullptr && live.executor->closing());
  if (open && !accepts(live)) return false;
  const bool ends = live.record.run == message.to_run && !open && live.in_turn &&
                    !model::is_closed(live.record.status);
  if (ends) return false;  // it was decided by what was kept before: the end records the rest
  taken_rows_.insert(row);
  taken_rows_in_order_.emplace_back(outputs_taken_ + 1, row);
  if (live.kept_events > 0) --live.kept_events;
  live.kept_bytes -= std::min(live.kept_bytes, message.payload.size());
  auto holder = model::decode_turn(message.payload, 0);
  // What was said to an earlier run is said to the one that goes on for it; its calls are not.
  const bool continued = message.to_run < live.record.run && accepts(live);
  if ((!open && !continued) || !holder) return true;
  for (model::Event& event : holder->events) {
    if (continued && model::seq_of(event)) continue;
    if (const auto seq = model::seq_of(event)) forget_call(live, *seq);
    apply(live, std::move(event), now);
  }
  return true;
}

bool Engine::deliver_start_child(const model::Message& message, Timestamp now) {
  if (take_back_child(message, now)) return true;
  model::Message answer;
  answer.kind = message.wait_for_result ? model::Message::Kind::child_closed
                                        : model::Message::Kind::child_started;
  answer.to = message.from;
  answer.to_run = message.from_run;
  answer.to_seq = message.from_seq;
  answer.from = message.to;

  const auto target = ports::parse_execution_id(message.to);
  ports::StartRequest request;
  Result<ports::StartReply> started = Error();
  if (target) {
    request.workflow = target->workflow;
    request.name = target->name;
    request.input_json = message.payload;
    request.timeout = message.timeout;
    model::ExecutionStarted event;
    event.parent_id = message.from;
    event.parent_run = message.from_run;
    event.parent_seq = message.from_seq;
    event.parent_waits = message.wait_for_result;
    started = start_or_find(request, std::move(event), now);
  } else {
    started = target.error();
  }
  if (!started && started.error().name() == error_names::k_unavailable) {
    log_(LogLevel::error, message.to,
         "its start waits for the next start of the process: " + started.error().message());
    return false;
  }
  if (started && message.wait_for_result) {
    if (!started->already_running) return true;  // it answers when it closes
    const Live* live = find(message.to);
    if (live != nullptr && live->started.parent_id == message.from &&
        live->started.parent_seq == message.from_seq) {
      return true;
    }
    answer.ok = false;
    answer.error =
        model::ErrorRecord(Error(std::string(error_names::k_already_exists),
                                 "execution " + message.to + " was started by somebody else"));
  } else if (!started) {
    answer.ok = false;
    answer.error = model::ErrorRecord(started.error());
  }
  send(std::move(answer));
  return true;
}

/// What a parent wants of a child that it gave up, or leaves behind. Others of that name are not
/// its own.
bool Engine::deliver_parent_close(const model::Message& message, Timestamp now) {
  auto loaded = load(message.to, now);
  if (!loaded) {
    if (loaded.error().name() != error_names::k_unavailable) return true;
    log_(LogLevel::error, message.to,
         "what its parent wants waits for the next start: " + loaded.error().message());
    return false;
  }
  Live& live = **loaded;
  const bool own = live.started.parent_id == message.from &&
                   live.started.parent_run == message.from_run &&
                   live.started.parent_seq == message.from_seq;
  const bool open = !model::is_closed(live.record.status) &&
                    !(live.executor != nullptr && live.executor->closing());
  if (!own || !open) return true;
  if (message.kind == model::Message::Kind::cancel_child) {
    request_cancel(live, now);
  } else {
    close_now(live, model::ExecutionTerminated{"its parent closed"}, now);
  }
  return true;
}

void Engine::send_to_child(const Live& parent, std::uint32_t seq, const std::string& child,
                           model::Message::Kind kind) {
  model::Message message;
  message.kind = kind;
  message.to = child;
  message.from = parent.id;
  message.from_run = parent.record.run;
  message.from_seq = seq;
  send(std::move(message));
}

/// Whether the signal came before, to this run or to an earlier one; what has closed knows it too,
/// so that who asks again is answered as the first time.
Result<bool> Engine::has_received(Live& live, const std::string& message_id) {
  if (live.signal_ids.contains(message_id) || live.earlier_signal_ids.contains(message_id))
    return true;
  const bool closed = model::is_closed(live.record.status);
  if (live.record.run > 1 || closed) {
    auto row = store_.get(Table::dedupe, keys::dedupe(live.shard, live.id, message_id));
    if (!row) return row.error();
    if (*row) return true;
  }
  if (live.signal_ids_known) return false;
  auto stored = read_execution(store_, options_.shards, live.id, live.record.run);
  if (!stored) {
    if (stored.error().name() == error_names::k_unavailable) return stored.error();
    return false;  // its history cannot be read, or is forgotten
  }
  for (const model::Turn& turn : stored->turns) {
    for (const model::Event& event : turn.events) {
      const auto* signal = std::get_if<model::SignalReceived>(&event);
      if (signal != nullptr && !signal->message_id.empty())
        live.signal_ids.insert(signal->message_id);
    }
  }
  live.signal_ids_known = true;
  return live.signal_ids.contains(message_id);
}

Result<void> Engine::take_signal(std::string_view id, std::string_view signal, std::string payload,
                                 std::string message_id, Timestamp now) {
  auto loaded = load(id, now);
  if (!loaded) return loaded.error();
  Live& live = **loaded;
  if (!message_id.empty()) {
    const auto received = has_received(live, message_id);
    if (!received) return received.error();
    // The answer comes after the commit that holds the first one: outputs are committed in order.
    if (*received) return {};
  }
  if (model::is_closed(live.record.status) ||
      (live.executor != nullptr && live.executor->closing())) {
    return closed_error(live.id);
  }
  const std::size_t unread = live.executor != nullptr ? live.executor->unread_signals() : 0;
  if (unread + live.kept_events >= base::k_queued_signals_max) {
    return limit_exceeded("execution " + live.id + " has " +
                          std::to_string(base::k_queued_signals_max) +
                          " signals, of all names together, that nobody has read");
  }
  const std::size_t unread_bytes =
      live.kept_bytes + (live.executor != nullptr ? live.executor->unread_signal_bytes() : 0);
  if (unread_bytes + payload.size() > base::k_queued_signal_bytes_max) {
    return limit_exceeded("execution " + live.id + " has signals of " +
                          std::to_string(unread_bytes) +
                          " bytes that nobody has read; with this one it would be more than " +
                          std::to_string(base::k_queued_signal_bytes_max));
  }
  if (!message_id.empty()) live.signal_ids.insert(message_id);
  model::SignalReceived event{std::string(signal), {std::move(payload)}, std::move(message_id)};
  if (accepts(live)) {
    apply(live, std::move(event), now);
  } else {
    defer(live, std::move(event));
  }
  return {};
}

bool Engine::deliver_signal(const model::Message& message, Timestamp now) {
  const auto taken =
      take_signal(message.to, message.name, message.payload, message.message_id, now);
  if (!taken && taken.error().name() == error_names::k_unavailable) {
    log_(LogLevel::error, message.to,
         "signal " + message.name + " waits for the next start: " + taken.error().message());
    return false;
  }
  if (message.from.empty()) {
    if (!taken)
      log_(LogLevel::warn, message.to,
           "signal " + message.name + " was refused: " + taken.error().message());
    return true;
  }
  model::Message answer;
  answer.kind =
      taken ? model::Message::Kind::signal_delivered : model::Message::Kind::signal_refused;
  answer.to = message.from;
  answer.to_run = message.from_run;
  answer.to_seq = message.from_seq;
  answer.from = message.to;
  if (!taken) answer.error = model::ErrorRecord(taken.error());
  send(std::move(answer));
  return true;
}

bool Engine::deliver_answer(const model::Message& message, Timestamp now) {
  using Kind = model::Message::Kind;
  if (is_schedule(message.to)) {
    scheduled_closed(message, now);
    return true;
  }
  auto loaded = load(message.to, now);
  if (!loaded) {
    if (loaded.error().name() == error_names::k_not_found) return true;
    log_(LogLevel::error, message.to,
         "an answer waits for the next start: " + loaded.error().message());
    return false;
  }
  Live& live = **loaded;
  if (live.record.run != message.to_run) return true;
  // Without its history nobody knows whether it still waits: the executor ignores an answer too
  // many.
  if (live.calls.erase(message.to_seq) == 0 && !live.unreadable) return true;
  switch (message.kind) {
    case Kind::child_started:
      if (message.ok) {
        conclude(live, model::ChildStarted{message.to_seq, message.from}, now);
      } else {
        conclude(live, model::ChildFailed{message.to_seq, message.error}, now);
      }
      break;
    case Kind::child_closed:
      if (message.ok) {
        conclude(live, model::ChildSucceeded{message.to_seq, {message.payload}}, now);
      } else {
        conclude(live, model::ChildFailed{message.to_seq, message.error}, now);
      }
      break;
    case Kind::cancel_delivered:
      conclude(live, model::CancelDelivered{message.to_seq}, now);
      break;
    case Kind::signal_delivered:
      conclude(live, model::SignalDelivered{message.to_seq}, now);
      break;
    default:
      conclude(live, model::SignalRefused{message.to_seq, message.error}, now);
      break;
  }
  return true;
}

bool Engine::deliver_cancel(const model::Message& message, Timestamp now) {
  auto loaded = load(message.to, now);
  if (!loaded && loaded.error().name() == error_names::k_unavailable) {
    log_(LogLevel::error, message.to,
         "a request to stop waits for the next start: " + loaded.error().message());
    return false;
  }
  if (loaded) {
    Live& live = **loaded;
    if (!model::is_closed(live.record.status) &&
        !(live.executor != nullptr && live.executor->closing())) {
      request_cancel(live, now);
    }
  }
  model::Message answer;
  answer.kind = model::Message::Kind::cancel_delivered;
  answer.to = message.from;
  answer.to_run = message.from_run;
  answer.to_seq = message.from_seq;
  answer.from = message.to;
  send(std::move(answer));
  return true;
}

/// Applies what arrived while the execution was parked.
void Engine::deliver_deferred(Live& live, Timestamp now) {
  auto kept = engine::read_kept(store_, options_.shards, live.id);
  if (!kept) {
    log_(LogLevel::error, live.id,
         "kept events wait for the next start: " + kept.error().message());
    return;
  }
  for (Output::Outgoing& outgoing : *kept) deliver(outgoing.row, std::move(outgoing.message), now);
}

/// It closes: nobody will apply them. What is not durable yet goes when it is.
void Engine::remove_kept(const Live& live) {
  const auto kept = engine::read_kept(store_, options_.shards, live.id);
  if (!kept) return;  // the next start takes them away
  for (const Output::Outgoing& outgoing : *kept)
    output_.batch.remove(Table::messages, outgoing.row);
}

/// Effects of a call that a turn has just made.
void Engine::make_call(Live& live, const model::Event& event, std::optional<std::uint32_t> turn) {
  const Timestamp now = live.turn.at;
  std::visit(
      [&](const auto& call) {
        using T = std::decay_t<decltype(call)>;
        if constexpr (std::is_same_v<T, model::TaskScheduled>) {
          schedule_task(live, call, now);
        } else if constexpr (std::is_same_v<T, model::TimerStarted> ||
                             std::is_same_v<T, model::ConditionStarted> ||
                             std::is_same_v<T, model::SignalExpected>) {
          put_timer(live, call.due, call.seq, keys::TimerKind::call);
        } else if constexpr (std::is_same_v<T, model::ChildScheduled>) {
          model::Message message;
          message.kind = model::Message::Kind::start_child;
          message.to = call.workflow + "/" + call.name;
          message.from = live.id;
          message.from_run = live.record.run;
          message.from_seq = call.seq;
          message.payload = call.input.text;
          message.wait_for_result = call.wait_for_result;
          message.timeout = call.timeout;
          send(std::move(message), turn);
        } else if constexpr (std::is_same_v<T, model::SignalSent>) {
          model::Message message;
          message.kind = model::Message::Kind::signal;
          message.to = call.execution_id;
          message.from = live.id;
          message.from_run = live.record.run;
          message.from_seq = call.seq;
          message.name = call.signal;
          message.payload = call.payload.text;
          message.message_id = call.message_id;
          send(std::move(message), turn);
        } else if constexpr (std::is_same_v<T, model::TransactionCalled> ||
                             std::is_same_v<T, model::EntityCalled>) {
          begin_store_call(live, call.seq, now);
        } else if constexpr (std::is_same_v<T, model::CancelSent>) {
          model::Message message;
          message.kind = model::Message::Kind::cancel;
          message.to = call.execution_id;
          message.from = live.id;
          message.from_run = live.record.run;
          message.from_seq = call.seq;
          send(std::move(message));
        } else if constexpr (std::is_same_v<T, model::EventEmitted>) {
          model::StoredEvent emitted;
          emitted.name = call.event;
          emitted.id = call.id;
          emitted.key = call.key;
          emitted.payload = call.payload;
          emitted.id_kept = call.own_id;
          events_->append(std::move(emitted), now);
        } else if constexpr (std::is_same_v<T, model::UpdateSucceeded> ||
                             std::is_same_v<T, model::UpdateFailed>) {
          answer_update(live, call.update_id, event);
        }
      },
      event);
}

Result<std::vector<Output::Outgoing>> read_kept(ports::Store& store, std::uint16_t shards,
                                                std::string_view id) {
  std::vector<Output::Outgoing> kept;
  const std::uint16_t shard = shard_of_id(id, shards);
  const std::string first = keys::message(shard, shard, 0);
  const std::string last = keys::message(shard, shard, std::numeric_limits<std::uint64_t>::max());
  const auto scanned =
      store.scan(Table::messages, {first, last}, [&](std::string_view row, std::string_view value) {
        auto message = model::decode_message(value);
        if (message && message->kind == model::Message::Kind::deferred && message->to == id)
          kept.push_back({std::string(row), std::move(*message)});
        return true;
      });
  if (!scanned) return scanned.error();
  return kept;
}

}  // namespace eventual::engine
