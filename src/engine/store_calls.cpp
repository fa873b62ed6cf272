// Calls of workflows on entities: recorded, then performed by a worker as a transaction of its own.
//
// A call that writes has a row from the turn that makes it to the turn that has its answer. The
// transaction changes that row from open to done, so it happens once, whoever performs it and
// however often.
#include <utility>

#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "engine/imported_story.hpp"
#include "model/entities.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

/// Before a call is tried again that could not be.
constexpr Duration k_store_call_pause{1'000};

detail::EntityRequest request_of(const model::EntityCalled& call) {
  detail::EntityRequest request;
  using Operation = detail::EntityRequest::Operation;
  request.operation = call.operation == "put"      ? Operation::put
                      : call.operation == "remove" ? Operation::remove
                      : call.operation == "query"  ? Operation::query
                      : call.operation == "scan"   ? Operation::scan
                                                   : Operation::get;
  request.entity = call.entity;
  request.index = call.index;
  if (call.key) request.key = call.key->text;
  if (call.value) request.value = call.value->text;
  request.expected_version = call.expected_version;
  if (call.condition) request.condition = call.condition->text;
  if (call.select) request.select = call.select->text;
  request.limit = call.limit.value_or(request.limit);
  request.cursor = call.cursor;
  request.descending = call.descending.value_or(false);
  request.keep_version = call.keep_version.value_or(false);
  return request;
}

}  // namespace

/// The call's own name. A retry goes on with the calls of the run before it; a fork makes its own.
std::string Engine::store_call_name(const Live& live, std::uint32_t seq, const OpenCall& call) {
  const bool of_earlier_run = call.made_by.compare(0, live.id.size() + 1, live.id + "/") == 0;
  return (of_earlier_run ? call.made_by : live.id + "/" + std::to_string(live.record.run)) + "/" +
         std::to_string(seq);
}

/// A call that the turn being ended has made.
void Engine::begin_store_call(Live& live, std::uint32_t seq, Timestamp now) {
  OpenCall& call = live.calls.at(seq);
  if (writes_store(*call.store_call)) {
    const std::string row = keys::open_store_call(store_call_name(live, seq, call));
    bool known = false;
    if (!call.made_by.empty()) {  // an earlier run may have made it, and it may be done
      const auto stored = store_.get(Table::dedupe, row);
      if (!stored) {
        log_(LogLevel::error, live.id, "a call waits: " + stored.error().message());
        return again_later(live, seq, now);
      }
      known = stored->has_value();
    }
    if (!known) output_.batch.put(Table::dedupe, row, model::encode(model::OpenStoreCall{}));
  }
  perform_store_call(live, seq, call);
}

void Engine::perform_store_call(Live& live, std::uint32_t seq, const OpenCall& call) {
  StoreCall effect;
  effect.execution_id = live.id;
  effect.run = live.record.run;
  effect.seq = seq;
  effect.name = store_call_name(live, seq, call);
  effect.writes = writes_store(*call.store_call);
  if (const auto* transaction = std::get_if<model::TransactionCalled>(&*call.store_call)) {
    effect.transaction = transaction->transaction;
    effect.input = transaction->input.text;
  } else {
    effect.entity = request_of(std::get<model::EntityCalled>(*call.store_call));
  }
  output_.store_calls.push_back(std::move(effect));
}

void Engine::again_later(const Live& live, std::uint32_t seq, Timestamp now) {
  put_soft_timer(now + k_store_call_pause,
                 {SoftTimer::Kind::store_call, live.id, live.record.run, seq, 0});
}

Engine::OpenCall* Engine::find_store_call(Live& live, std::uint32_t run, std::uint32_t seq) {
  if (live.record.run != run || (live.executor != nullptr && live.executor->closing()))
    return nullptr;
  const auto found = live.calls.find(seq);
  if (found == live.calls.end() || found->second.kind != OpenCall::Kind::store_call) return nullptr;
  return &found->second;
}

/// A call that could not be tried is tried again.
void Engine::store_call_due(const SoftTimer& timer, Timestamp now) {
  auto loaded = load(timer.execution_id, now);
  if (!loaded) return;
  Live& live = **loaded;
  if (find_store_call(live, timer.run, timer.seq) == nullptr) return;
  if (live.record.status != model::Status::running) {
    not_taken_up_.insert(live.id);
    return;
  }
  begin_store_call(live, timer.seq, now);
}

void Engine::store_call_finished(StoreCallResult result, Timestamp now) {
  auto loaded = load(result.execution_id, now);
  if (!loaded) {
    log_(LogLevel::warn, result.execution_id,
         "the result of a call was dropped: " + loaded.error().message());
    return;
  }
  Live& live = **loaded;
  if (live.record.run == result.run && live.unreadable)
    not_taken_up_.insert(live.id);  // what cannot be kept is asked for again when it goes on
  OpenCall* const call = find_store_call(live, result.run, result.seq);
  if (call == nullptr) return;
  if (result.again) return again_later(live, result.seq, now);
  begin_turn(live, now);
  if (writes_store(*call->store_call))
    output_.batch.remove(Table::dedupe,
                         keys::open_store_call(store_call_name(live, result.seq, *call)));
  const bool transaction = std::holds_alternative<model::TransactionCalled>(*call->store_call);
  forget_call(live, result.seq);
  model::Event answer;
  if (result.result) {
    model::JsonText json{std::move(*result.result)};
    if (transaction) {
      answer = model::TransactionSucceeded{result.seq, std::move(json)};
    } else {
      answer = model::EntitySucceeded{result.seq, std::move(json)};
    }
  } else {
    model::ErrorRecord error(result.result.error());
    if (transaction) {
      answer = model::TransactionFailed{result.seq, std::move(error)};
    } else {
      answer = model::EntityFailed{result.seq, std::move(error)};
    }
  }
  conclude(live, std::move(answer), now);
}

/// Takes a transaction's writes into this round. What it sends gets its rows here: their numbers
/// are the engine's.
void Engine::add_part(Part part) {
  if (!part.events.empty()) {
    if (auto placed = events_->place(part); !placed)
      return reply(std::move(part.done), Result<bool>(placed.error()));
  }
  for (OutgoingSignal& signal : part.signals) {
    model::Message message;
    message.kind = model::Message::Kind::signal;
    message.to = std::move(signal.execution_id);
    message.name = std::move(signal.signal);
    message.payload = std::move(signal.payload);
    message.message_id = std::move(signal.message_id);
    const std::uint16_t shard = shard_of(message.to);
    std::string row = keys::message(shard, shard, next_message_++);
    part.batch.put(Table::messages, row, model::encode(message));
    part.messages.push_back({std::move(row), std::move(message)});
  }
  part.signals.clear();
  output_.parts.push_back(std::move(part));
}

}  // namespace eventual::engine
