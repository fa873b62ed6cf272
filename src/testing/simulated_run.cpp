// What scenarios and invariants see of a simulated run.
#include <fmt/format.h>

#include <utility>

#include "engine/engine.hpp"
#include "gateway/event_json.hpp"
#include "gateway/execution_json.hpp"
#include "testing/checks.hpp"
#include "testing/simulated_core.hpp"

namespace eventual {

namespace {

using testing::Request;

Request about(Request::Kind kind, const std::string& execution_id) {
  Request request;
  request.kind = kind;
  request.execution_id = execution_id;
  return request;
}

Request about(ports::ScheduleAct::Kind kind, const Schedule& schedule) {
  Request request;
  request.kind = Request::Kind::schedule;
  request.act.kind = kind;
  request.act.schedule = schedule.name();
  return request;
}

}  // namespace

std::uint64_t SimulatedRun::seed() const noexcept { return core_.seed; }
std::uint64_t SimulatedRun::random(std::uint64_t n) { return core_.plan_random.below(n); }
Duration SimulatedRun::random_duration(Duration longest) {
  return Duration(static_cast<std::int64_t>(
      core_.plan_random.below(static_cast<std::uint64_t>(longest.count()))));
}
Timestamp SimulatedRun::now() const noexcept { return core_.now(); }

std::string SimulatedRun::start_json(std::string_view workflow, std::string input_json,
                                     std::string name, Duration after) {
  return send_with_start_json(workflow, std::move(input_json), std::move(name), {}, "null", after);
}

std::string SimulatedRun::send_with_start_json(std::string_view workflow, std::string input_json,
                                               std::string name, std::string_view signal,
                                               std::string payload_json, Duration after) {
  std::string id = std::string(workflow) + "/" + name;
  Request request = about(Request::Kind::start, id);
  request.name = workflow;
  request.json = std::move(input_json);
  request.signal = signal;
  request.payload = std::move(payload_json);
  request.message_id = core_.new_message_id();
  core_.add(std::move(request), after);
  return id;
}

void SimulatedRun::send_json(const std::string& execution_id, std::string_view signal,
                             std::string payload_json, Duration after) {
  Request request = about(Request::Kind::signal, execution_id);
  request.name = signal;
  request.json = std::move(payload_json);
  request.message_id = core_.new_message_id();
  core_.add(std::move(request), after);
}

void SimulatedRun::update_json(const std::string& execution_id, std::string_view update,
                               std::string input_json, Duration after) {
  Request request = about(Request::Kind::update, execution_id);
  request.name = update;
  request.json = std::move(input_json);
  request.message_id = core_.new_message_id();
  core_.add(std::move(request), after);
}

void SimulatedRun::call_json(std::string_view command, std::string input_json, Duration after) {
  Request request;
  request.kind = Request::Kind::call;
  request.name = command;
  request.json = std::move(input_json);
  if (core_.service.declarations().find_command(command) == nullptr) {
    throw Error(std::string(error_names::k_not_found),
                fmt::format("command {} is not declared", command));
  }
  core_.add(std::move(request), after);
}

void SimulatedRun::read_view(const std::string& execution_id, Duration after) {
  core_.add(about(Request::Kind::read_view, execution_id), after);
}
void SimulatedRun::cancel(const std::string& execution_id, Duration after) {
  core_.add(about(Request::Kind::cancel, execution_id), after);
}
void SimulatedRun::terminate(const std::string& execution_id, Duration after) {
  core_.add(about(Request::Kind::terminate, execution_id), after);
}
void SimulatedRun::pause(const std::string& execution_id, Duration after) {
  core_.add(about(Request::Kind::pause, execution_id), after);
}
void SimulatedRun::resume(const std::string& execution_id, Duration after) {
  core_.add(about(Request::Kind::resume, execution_id), after);
}
void SimulatedRun::retry(const std::string& execution_id, Duration after) {
  core_.add(about(Request::Kind::retry, execution_id), after);
}
void SimulatedRun::fork(const std::string& execution_id, std::uint32_t seq, std::string name,
                        Duration after) {
  Request request = about(Request::Kind::fork, execution_id);
  request.seq = seq;
  request.name = std::move(name);
  core_.add(std::move(request), after);
}
void SimulatedRun::trigger(const Schedule& schedule, Duration after) {
  core_.add(about(ports::ScheduleAct::Kind::trigger, schedule), after);
}
void SimulatedRun::pause(const Schedule& schedule, Duration after) {
  core_.add(about(ports::ScheduleAct::Kind::pause, schedule), after);
}
void SimulatedRun::resume(const Schedule& schedule, Duration after) {
  core_.add(about(ports::ScheduleAct::Kind::resume, schedule), after);
}
void SimulatedRun::backfill(const Schedule& schedule, Duration from, Duration to, Duration after) {
  Request request = about(ports::ScheduleAct::Kind::backfill, schedule);
  request.act.from = testing::k_beginning + from;
  request.act.to = testing::k_beginning + to;
  core_.add(std::move(request), after);
}

std::string SimulatedRun::emit_json(std::string_view event, std::string payload_json,
                                    const EmitOptions& emit_options, Duration after) {
  const detail::EventDefinition* declared = core_.service.declarations().find_event(event);
  if (declared == nullptr) {
    throw Error(std::string(error_names::k_not_found),
                fmt::format("event {} is not declared", event));
  }
  Request request;
  request.kind = declared->received ? Request::Kind::receive : Request::Kind::emit;
  request.name = event;
  request.json = std::move(payload_json);
  request.message_id = emit_options.id.empty() ? core_.new_message_id() : emit_options.id;
  request.key = emit_options.key;
  std::string id = request.message_id;
  core_.add(std::move(request), after);
  return id;
}

void SimulatedRun::act_on_dead_letters(const Subscription& subscription, bool redriven,
                                       Duration after) {
  Request request;
  request.kind = Request::Kind::dead_letters;
  request.name = subscription.name();
  request.letters =
      redriven ? ports::DeadLetterAct::Kind::redrive : ports::DeadLetterAct::Kind::discard;
  core_.add(std::move(request), after);
}
void SimulatedRun::redrive(const Subscription& subscription, Duration after) {
  act_on_dead_letters(subscription, true, after);
}
void SimulatedRun::discard(const Subscription& subscription, Duration after) {
  act_on_dead_letters(subscription, false, after);
}

std::vector<Json> SimulatedRun::events() {
  std::vector<Json> events;
  for (const auto& [number, event] : core_.deliveries.log()) {
    events.push_back(Json::object({{"number", number},
                                   {"name", event.name},
                                   {"id", event.id},
                                   {"key", event.key},
                                   {"at", to_iso8601(event.at)},
                                   {"payload", Json::parse(event.payload.text).value()}}));
  }
  return events;
}

std::vector<Json> SimulatedRun::dead_letters() {
  std::vector<Json> letters;
  for (const ports::DeadLetterView& letter : core_.dead_letters())
    letters.push_back(Json::parse(gateway::dead_letter_json(letter)).value());
  return letters;
}

std::vector<std::string> SimulatedRun::executions() {
  return testing::all_executions(core_.store());
}

Json SimulatedRun::view(const std::string& execution_id) {
  return Json::parse(gateway::execution_json(core_.view(execution_id), true)).value();
}

std::vector<Json> SimulatedRun::history(const std::string& execution_id) {
  ports::HistoryRequest request;
  request.execution = ports::parse_execution_id(execution_id).value();
  request.limit = 1'000'000;
  return engine::read_history(core_.store(), engine::Options().shards, request).value().events;
}

}  // namespace eventual
