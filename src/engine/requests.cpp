// Requests to one execution that is there: signal, cancel, terminate, pause, resume.
#include <utility>

#include "engine/engine.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

void Engine::signal(ports::SignalRequest request, ports::Callback<bool> done, Timestamp now) {
  if (request.execution.run != 0) {
    const auto loaded = load(request.execution.id(), now);
    if (loaded && (*loaded)->record.run != request.execution.run) {
      const auto received = request.message_id.empty() ? Result<bool>(false)
                                                       : has_received(**loaded, request.message_id);
      if (received && !*received)
        return reply(std::move(done), Result<bool>(closed_error(request.execution.id())));
      return reply(std::move(done), received);
    }
  }
  const auto taken =
      take_signal(request.execution.id(), request.signal, std::move(request.payload_json),
                  std::move(request.message_id), now);
  reply(std::move(done), taken ? Result<bool>(true) : Result<bool>(taken.error()));
}

template <class Act>
void Engine::act_on_open(const ports::ExecutionRef& execution, ports::Callback<bool> done,
                         Timestamp now, Act&& act) {
  auto loaded = load(execution.id(), now);
  if (!loaded) return reply(std::move(done), Result<bool>(loaded.error()));
  Live& live = **loaded;
  if (model::is_closed(live.record.status) ||
      (live.executor != nullptr && live.executor->closing()) ||
      (execution.run != 0 && execution.run < live.record.run)) {
    return reply(std::move(done), Result<bool>(closed_error(live.id)));
  }
  if (execution.run > live.record.run) {
    return reply(std::move(done), Result<bool>(not_found("execution " + live.id + " has no run " +
                                                         std::to_string(execution.run))));
  }
  reply(std::move(done), act(live));
}

void Engine::cancel(const ports::ExecutionRef& execution, ports::Callback<bool> done,
                    Timestamp now) {
  act_on_open(execution, std::move(done), now, [&](Live& live) -> Result<bool> {
    request_cancel(live, now);
    return true;
  });
}

void Engine::request_cancel(Live& live, Timestamp now) {
  if (std::exchange(live.cancel_requested, true)) return;
  if (!accepts(live)) {
    defer(live, model::CancelRequested{});
  } else {
    apply(live, model::CancelRequested{}, now);
  }
}

void Engine::terminate(const ports::ExecutionRef& execution, std::string reason,
                       ports::Callback<bool> done, Timestamp now) {
  act_on_open(execution, std::move(done), now, [&](Live& live) -> Result<bool> {
    if (!close_now(live, model::ExecutionTerminated{std::move(reason)}, now))
      return closed_error(live.id);
    return true;
  });
}

void Engine::pause(const ports::ExecutionRef& execution, std::string reason,
                   ports::Callback<bool> done, Timestamp now) {
  act_on_open(execution, std::move(done), now, [&](Live& live) -> Result<bool> {
    if (live.in_turn) finish_turn(live);  // what it has decided stands
    if (model::is_closed(live.record.status)) return closed_error(live.id);
    if (live.record.status == model::Status::paused) return false;
    if (live.record.status != model::Status::running) {
      return Error(std::string(error_names::k_not_allowed),
                   "execution " + live.id + " is parked: " + live.record.reason.message);
    }
    begin_turn(live, now);
    live.record.status = model::Status::paused;
    live.record.reason = model::ErrorRecord(Error(std::string(k_paused_reason), reason));
    live.record_changed = true;
    live.parked_at = live.turn.at;
    live.turn.events.push_back(model::ExecutionPaused{std::move(reason)});
    return true;
  });
}

void Engine::resume(const ports::ExecutionRef& execution, ports::Callback<bool> done,
                    Timestamp now) {
  if (marker_ != nullptr && marker_->crashes({execution.id(), 1}) >= options_.crashes_max) {
    auto loaded = load(execution.id(), now);
    if (!loaded &&
        loaded.error().name() == error_names::k_not_found) {  // it crashed before it was recorded
      marker_->forgive(execution.id());
      return reply(std::move(done), Result<bool>(true));
    }
  }
  act_on_open(execution, std::move(done), now, [&](Live& live) -> Result<bool> {
    const bool paused = live.record.status == model::Status::paused;
    if (!paused && live.record.status != model::Status::parked) return false;
    if (paused && live.in_turn) finish_turn(live);
    if (live.in_turn)
      return Error(std::string(error_names::k_unavailable),
                   "it is being parked right now: try again");
    if (marker_ != nullptr) marker_->forgive(live.id);
    return unpark(live, now);
  });
}

}  // namespace eventual::engine
