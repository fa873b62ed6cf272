#include "host/handler_runtime.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "base/limits.hpp"
#include "base/random.hpp"
#include "base/unique_id.hpp"
#include "eventual/detail/entity_calls.hpp"
#include "eventual/schema.hpp"
#include "host/endpoints.hpp"
#include "host/random.hpp"
#include "host/requests.hpp"

namespace eventual::host {

using detail::SlotRef;

namespace {

std::exception_ptr to_exception(Error error) {
  try {
    throw_error(std::move(error));
  } catch (...) {
    return std::current_exception();
  }
}

[[noreturn]] void only_in_workflow(std::string_view what) {
  throw Error(std::string(error_names::k_not_allowed),
              std::string(what) + " works only in a workflow");
}

/// The failure of an execution that closed without a result.
Error failure_of(const ports::ExecutionView& view) {
  const std::string id = view.execution.id();
  if (view.error) return *view.error;
  if (view.status == "cancelled") return Cancelled("execution " + id + " was cancelled");
  if (view.status == "timed_out") return Timeout("execution " + id + " took longer than allowed");
  if (view.status == "terminated")
    return Error("Terminated", "execution " + id + " was terminated");
  return Error(std::string(error_names::k_internal), "execution " + id + " is " + view.status);
}

Result<std::string> result_of(const Result<ports::ExecutionView>& view) {
  if (!view) return view.error();
  if (view->status == "succeeded") return view->result_json.value_or("null");
  return failure_of(*view);
}

Timestamp wall_clock() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace

/// Answers that other threads bring.
class HandlerRuntime::Completions {
 public:
  struct Item {
    std::uint64_t id;
    Result<std::string> result;
  };

  void add(std::uint64_t id, Result<std::string> result) {
    const std::lock_guard lock(mutex_);
    items_.push_back({id, std::move(result)});
    arrived_.notify_one();
  }
  std::vector<Item> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }
  bool arrived() {
    const std::lock_guard lock(mutex_);
    return !items_.empty();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !items_.empty(); });
  }
  void wait_for(WaitTime time) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, time, [&] { return !items_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Item> items_;
};

HandlerRuntime::~HandlerRuntime() {
  begin_discard();
  destroy_frames();
  Enter entered(*this);
  pending_.clear();
  timers_.clear();
}

std::string HandlerRuntime::run(const detail::HandlerFunction& handler, std::string_view input_json,
                                detail::HandlerScope& scope) {
  Enter entered(*this);
  return handler(input_json, scope);
}

http::Response HandlerRuntime::run(const Endpoint& endpoint, detail::HandlerScope& scope) {
  Enter entered(*this);
  return endpoint.answer(scope);
}

const AttemptScope* HandlerRuntime::current_attempt() noexcept {
  const auto* runtime = dynamic_cast<const HandlerRuntime*>(Runtime::current());
  return runtime == nullptr ? nullptr : runtime->attempt_;
}

SlotRef HandlerRuntime::pending(detail::DecodeFunction decode, std::uint64_t& id) {
  if (completions_ == nullptr) completions_ = std::make_shared<Completions>();
  SlotRef slot = make_slot(decode);
  id = next_pending_++;
  pending_.emplace(id, slot);
  return slot;
}

SlotRef HandlerRuntime::call_outside(detail::DecodeFunction decode,
                                     const std::function<void(Complete)>& begin) {
  if (discarding()) return make_slot(decode);
  std::uint64_t id = 0;
  SlotRef slot = pending(decode, id);
  begin([completions = completions_, id](Result<std::string> result) {
    completions->add(id, std::move(result));
  });
  if (host_.time != nullptr) {
    while (!settled(slot.index())) {
      completions_->wait();
      take_completions();
    }
  }
  return slot;
}

std::optional<std::string> HandlerRuntime::next_outside_key() {
  if (attempt_ == nullptr || attempt_->idempotency_key.empty()) return std::nullopt;
  return fmt::format("{}/{}", attempt_->idempotency_key, attempt_->outside_keys++);
}

SlotRef HandlerRuntime::settled_now() {
  SlotRef slot = make_slot();
  settle_json(slot.index(), "null");
  return slot;
}

SlotRef HandlerRuntime::call_task(detail::TaskCall) { only_in_workflow("calling a task"); }

SlotRef HandlerRuntime::call_workflow(detail::WorkflowCall call) {
  if (discarding()) return make_slot(call.decode);
  ports::StartRequest request;
  request.workflow = call.workflow;
  if (!call.name.empty()) request.name = std::move(call.name);
  request.input_json = std::move(call.input);
  if (call.has_timeout) request.timeout = call.timeout;
  if (call.execution_id != nullptr) only_in_workflow("start_child()");
  if (!call.signal.empty()) {
    request.signal = ports::StartRequest::Signal{
        std::string(call.signal), std::move(call.signal_payload), std::move(call.signal_id)};
  }
  std::uint64_t id = 0;
  SlotRef slot = pending(call.decode, id);
  host_.operations.start(
      std::move(request), [completions = completions_, id, wait = call.wait_for_result,
                           operations = &host_.operations](Result<ports::StartReply> reply) {
        if (!reply) return completions->add(id, reply.error());
        if (!wait) return completions->add(id, to_json(reply->execution_id));
        Result<ports::ExecutionRef> execution = ports::parse_execution_id(reply->execution_id);
        if (!execution) return completions->add(id, execution.error());
        operations->wait_closed(*execution, k_forever,
                                [completions, id](Result<ports::ExecutionView> view) {
                                  completions->add(id, result_of(view));
                                });
      });
  return slot;
}

SlotRef HandlerRuntime::wait_result(std::string_view execution_id, detail::DecodeFunction decode,
                                    std::source_location) {
  if (discarding()) return make_slot(decode);
  const Result<ports::ExecutionRef> execution = ports::parse_execution_id(execution_id);
  if (!execution) {
    SlotRef slot = make_slot(decode);
    settle_error(slot.index(), to_exception(execution.error()));
    return slot;
  }
  std::uint64_t id = 0;
  SlotRef slot = pending(decode, id);
  host_.operations.wait_closed(*execution, k_forever,
                               [completions = completions_, id](Result<ports::ExecutionView> view) {
                                 completions->add(id, result_of(view));
                               });
  return slot;
}

SlotRef HandlerRuntime::send_signal(detail::SignalSend send) {
  if (discarding()) return make_slot();
  Result<ports::ExecutionRef> execution = ports::parse_execution_id(send.execution_id);
  if (execution && host_.declarations.find_signal(send.signal) == nullptr) {
    execution = Error(std::string(error_names::k_not_found),
                      fmt::format("signal {} is not declared", send.signal));
  }
  if (!execution) {
    SlotRef slot = make_slot();
    settle_error(slot.index(), to_exception(execution.error()));
    return slot;
  }
  if (attempt_ != nullptr && !send.immediate) {
    attempt_->signals.push_back({std::move(send.execution_id), std::string(send.signal),
                                 std::move(send.payload), std::move(send.message_id)});
    return settled_now();
  }
  std::uint64_t id = 0;
  SlotRef slot = pending(nullptr, id);
  host_.operations.signal({.execution = std::move(*execution),
                           .signal = std::string(send.signal),
                           .payload_json = std::move(send.payload),
                           .message_id = std::move(send.message_id)},
                          [completions = completions_, id](const Result<bool>& sent) {
                            completions->add(id, sent ? Result<std::string>("null")
                                                      : Result<std::string>(sent.error()));
                          });
  return slot;
}

SlotRef HandlerRuntime::emit_event(detail::EmitCall call) {
  if (discarding()) return make_slot();
  host_.require_fits(call.payload.size(), "the payload of event " + std::string(call.event));
  std::string payload = detail::checked_event(host_.declarations, call);
  const bool own_id = !call.id.empty();
  if (attempt_ != nullptr) {
    if (attempt_->emitted >= base::k_events_per_request_max) {
      throw Error(
          std::string(error_names::k_limit_exceeded),
          fmt::format("one attempt emits at most {} events", base::k_events_per_request_max));
    }
    // The same in every attempt, so that what an attempt emits at once is taken once.
    const std::uint32_t number = attempt_->emitted++;
    if (!own_id) call.id = fmt::format("~{}/{}", attempt_->idempotency_key, number);
    if (!call.immediate) {
      model::StoredEvent event;
      event.name = call.event;
      event.id = std::move(call.id);
      event.key = std::move(call.key);
      event.payload.text = std::move(payload);
      event.id_kept = own_id;
      attempt_->events.push_back(std::move(event));
      return settled_now();
    }
  }
  ports::EmitRequest request;
  request.events.push_back({std::string(call.event),
                            std::move(payload),
                            std::move(call.id),
                            std::move(call.key),
                            {},
                            true});
  std::uint64_t id = 0;
  SlotRef slot = pending(nullptr, id);
  host_.operations.emit(std::move(request), [completions = completions_,
                                             id](const Result<ports::EmitReply>& taken) {
    completions->add(id, taken ? Result<std::string>("null") : Result<std::string>(taken.error()));
  });
  return slot;
}

SlotRef HandlerRuntime::act_on_execution(detail::ExecutionAct act) {
  if (discarding()) return make_slot(act.decode);
  Result<ports::ExecutionRef> execution = ports::parse_execution_id(act.execution_id);
  if (!execution) {
    SlotRef slot = make_slot(act.decode);
    settle_error(slot.index(), to_exception(execution.error()));
    return slot;
  }
  execution->run = act.run;
  std::uint64_t id = 0;
  SlotRef slot = pending(act.decode, id);
  const auto acted = [completions = completions_, id](const Result<bool>& done) {
    completions->add(id, done ? Result<std::string>("null") : Result<std::string>(done.error()));
  };
  const auto began = [completions = completions_, id](const Result<ports::StartReply>& reply) {
    completions->add(id, reply ? Result<std::string>(to_json(reply->execution_id))
                               : Result<std::string>(reply.error()));
  };
  switch (act.kind) {
    case detail::ExecutionAct::Kind::pause:
      host_.operations.pause(std::move(*execution), std::move(act.text), acted);
      break;
    case detail::ExecutionAct::Kind::resume:
      host_.operations.resume(std::move(*execution), acted);
      break;
    case detail::ExecutionAct::Kind::retry:
      host_.operations.retry(std::move(*execution), began);
      break;
    case detail::ExecutionAct::Kind::fork: {
      ports::ForkRequest request{std::move(*execution), act.seq, std::nullopt};
      if (!act.text.empty()) request.name = std::move(act.text);
      host_.operations.fork(std::move(request), began);
      break;
    }
  }
  return slot;
}

SlotRef HandlerRuntime::act_on_schedule(detail::ScheduleCall call) {
  if (discarding()) return make_slot(call.decode);
  std::uint64_t id = 0;
  SlotRef slot = pending(call.decode, id);
  ports::ScheduleAct act;
  act.kind = static_cast<ports::ScheduleAct::Kind>(call.kind);
  act.schedule = call.schedule;
  act.reason = std::move(call.reason);
  act.from = call.from;
  act.to = call.to;
  host_.operations.act_on_schedule(
      std::move(act), [completions = completions_, id, with_ids = call.decode != nullptr](
                          const Result<ports::ScheduleReply>& reply) {
        if (!reply) return completions->add(id, reply.error());
        completions->add(id, with_ids ? to_json(reply->started) : std::string("null"));
      });
  return slot;
}

SlotRef HandlerRuntime::failed_now(const Error& error, detail::DecodeFunction decode) {
  SlotRef slot = make_slot(decode);
  settle_error(slot.index(), to_exception(error));
  return slot;
}

SlotRef HandlerRuntime::cancel_execution(std::string execution_id, std::source_location) {
  if (discarding()) return make_slot();
  Result<ports::ExecutionRef> execution = ports::parse_execution_id(execution_id);
  if (!execution) return failed_now(execution.error());
  std::uint64_t id = 0;
  SlotRef slot = pending(nullptr, id);
  host_.operations.cancel(
      std::move(*execution), [completions = completions_, id](const Result<bool>& done) {
        const bool over = !done && (done.error().name() == error_names::k_not_found ||
                                    done.error().name() == error_names::k_closed);
        completions->add(
            id, done || over ? Result<std::string>("null") : Result<std::string>(done.error()));
      });
  return slot;
}

SlotRef HandlerRuntime::ask_update(detail::UpdateAsk ask) {
  if (discarding()) return make_slot(ask.decode);
  Result<ports::ExecutionRef> execution = ports::parse_execution_id(ask.execution_id);
  if (!execution) return failed_now(execution.error(), ask.decode);
  std::uint64_t id = 0;
  SlotRef slot = pending(ask.decode, id);
  host_.operations.update({.execution = std::move(*execution),
                           .update = std::string(ask.update),
                           .input_json = std::move(ask.input),
                           .update_id = std::move(ask.update_id)},
                          [completions = completions_, id](Result<ports::UpdateReply> reply) {
                            if (!reply) return completions->add(id, reply.error());
                            if (reply->error) return completions->add(id, *reply->error);
                            completions->add(id, reply->result_json.value_or("null"));
                          });
  return slot;
}

SlotRef HandlerRuntime::ask_query(detail::QueryAsk ask) {
  if (discarding()) return make_slot(ask.decode);
  Result<ports::ExecutionRef> execution = ports::parse_execution_id(ask.execution_id);
  if (!execution) return failed_now(execution.error(), ask.decode);
  execution->run = ask.run;
  std::uint64_t id = 0;
  SlotRef slot = pending(ask.decode, id);
  queries_.emplace(id, std::move(ask));
  host_.operations.published(std::move(*execution),
                             [completions = completions_, id](Result<std::string> view) {
                               completions->add(id, std::move(view));
                             });
  return slot;
}

SlotRef HandlerRuntime::start_timer(Timestamp due, std::source_location) {
  if (discarding()) return make_slot();
  const Timestamp start = now();
  if (due <= start) return settled_now();
  // Farther than the clock reaches is for ever.
  constexpr Duration k_farthest = std::chrono::hours(24 * 365 * 100);
  const Duration wait = std::min<Duration>(due - start, k_farthest);
  SlotRef slot = make_slot();
  timers_.emplace(wait_time() + wait, slot);
  return slot;
}

SlotRef HandlerRuntime::expect_signal(std::string_view, Duration, detail::DecodeFunction,
                                      std::source_location) {
  only_in_workflow("expecting a signal");
}

std::uint64_t HandlerRuntime::add_listener(std::string_view, detail::ListenerFunction,
                                           std::source_location) {
  only_in_workflow("listening to a signal");
}

SlotRef HandlerRuntime::wait_condition(std::function<bool()>, Duration, std::source_location) {
  only_in_workflow("a condition");
}

SlotRef HandlerRuntime::tell_attempt(detail::AttemptNews news) {
  if (discarding()) return make_slot(news.decode);
  std::uint64_t id = 0;
  SlotRef slot = pending(news.decode, id);
  host_.operations.tell_attempt(std::move(news), [completions = completions_,
                                                  id](const Result<bool>& stop_requested) {
    completions->add(id, stop_requested ? Result<std::string>(*stop_requested ? "true" : "false")
                                        : Result<std::string>(stop_requested.error()));
  });
  return slot;
}

SlotRef HandlerRuntime::call_entity(detail::EntityCall call) {
  if (discarding()) return make_slot(call.decode);
  std::uint64_t id = 0;
  SlotRef slot = pending(call.decode, id);
  host_.operations.entity({std::move(call.request), call.item, true},
                          [completions = completions_, id](Result<std::string> result) {
                            completions->add(id, std::move(result));
                          });
  return slot;
}

SlotRef HandlerRuntime::call_transaction(detail::TransactionCall call) {
  if (discarding()) return make_slot(call.decode);
  std::uint64_t id = 0;
  SlotRef slot = pending(call.decode, id);
  host_.operations.transact(
      {std::string(call.transaction), std::move(call.input), std::move(call.id), true},
      [completions = completions_, id](Result<std::string> result) {
        completions->add(id, std::move(result));
      });
  return slot;
}

void HandlerRuntime::cancel_call(std::uint32_t slot, std::source_location) {
  std::erase_if(timers_, [slot](const auto& timer) { return timer.second.index() == slot; });
  std::erase_if(pending_, [slot](const auto& call) { return call.second.index() == slot; });
  settle_error(slot, to_exception(Cancelled("the call was cancelled")));
}

void HandlerRuntime::defer_compensations(std::vector<std::function<SlotRef()>> undo_in_order) {
  // Called from a destructor: an exception would end the process.
  log(LogLevel::error, fmt::format("a saga works only in a workflow: {} compensations were dropped",
                                   undo_in_order.size()));
}

HandlerRuntime::WaitTime HandlerRuntime::wait_time() const {
  if (host_.time == nullptr) return host_.clock->now();
  return host_.time->now().time_since_epoch();
}

Timestamp HandlerRuntime::now() { return host_.time == nullptr ? wall_clock() : host_.time->now(); }

std::uint64_t HandlerRuntime::random_u64() {
  return host_.time == nullptr ? system_random_u64() : host_.time->random_u64();
}

std::string HandlerRuntime::make_id() {
  base::Random random(random_u64());
  return base::unique_id(now(), random);
}

std::string_view HandlerRuntime::execution_id() const {
  if (attempt_ == nullptr || attempt_->execution_id.starts_with('~')) return {};  // no execution's
  return attempt_->execution_id;
}

std::uint32_t HandlerRuntime::run() const { return attempt_ == nullptr ? 0 : attempt_->run; }

void HandlerRuntime::log(LogLevel level, std::string_view message) {
  if (!discarding() && host_.log) host_.log(level, execution_id(), message);
}

void HandlerRuntime::unobserved_failure(const std::exception_ptr& error) noexcept {
  const Error failure = describe(error);
  log(LogLevel::warn,
      "a coroutine that nobody awaits failed: " + failure.name() + ": " + failure.message());
}

bool HandlerRuntime::take_completions() {
  if (completions_ == nullptr || pending_.empty()) return false;
  bool any = false;
  for (Completions::Item& item : completions_->take()) {
    const auto found = pending_.find(item.id);
    if (found == pending_.end()) continue;
    const SlotRef slot = std::move(found->second);
    pending_.erase(found);
    if (const auto query = queries_.find(item.id); query != queries_.end()) {
      const detail::QueryAsk ask = std::move(query->second);
      queries_.erase(query);
      if (item.result)
        item.result = answer_query(host_.declarations, ask.query, *item.result, ask.input);
    }
    if (item.result) {
      settle_json(slot.index(), std::move(*item.result));
    } else {
      settle_error(slot.index(), to_exception(item.result.error()));
    }
    any = true;
  }
  return any;
}

bool HandlerRuntime::fire_timers() {
  bool any = false;
  while (!timers_.empty() && timers_.begin()->first <= wait_time()) {
    const SlotRef slot = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    settle_json(slot.index(), "null");
    any = true;
  }
  return any;
}

void HandlerRuntime::wait() {
  if (completions_ == nullptr) completions_ = std::make_shared<Completions>();
  if (host_.time != nullptr) {
    std::optional<Timestamp> due;
    if (!timers_.empty()) {
      due = Timestamp(std::chrono::duration_cast<Duration>(timers_.begin()->first));
    }
    host_.time->wait(due, [this] { return completions_->arrived(); });
    return;
  }
  const Blocking blocking(host_.compensation);
  if (timers_.empty()) {
    completions_->wait();
  } else {
    completions_->wait_for(timers_.begin()->first - wait_time());
  }
}

void HandlerRuntime::wait_outside(const std::function<void()>& call) {
  const Blocking blocking(host_.compensation);
  call();
}

void HandlerRuntime::block_until_settled(std::uint32_t slot) {
  for (;;) {
    drain();
    if (settled(slot)) return;
    // Both are asked: neither starves the other.
    const bool completed = take_completions();
    if (fire_timers() || completed) continue;
    if (discarding() || (pending_.empty() && timers_.empty())) {
      throw Error(std::string(error_names::k_not_allowed),
                  "get() would wait for ever: nothing that it depends on is under way");
    }
    wait();
  }
}

}  // namespace eventual::host

namespace eventual {

std::string idempotency_key() {
  const host::AttemptScope* attempt = host::HandlerRuntime::current_attempt();
  if (attempt == nullptr) {
    throw Error(std::string(error_names::k_not_allowed),
                "idempotency_key() works only in a task that a workflow called, and in a "
                "subscription's handler");
  }
  return std::string(attempt->idempotency_key);
}

}  // namespace eventual
