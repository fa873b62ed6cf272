// Schedules: reading them, pause, resume, trigger, backfill.
#include <string>
#include <utility>
#include <vector>

#include "gateway/execution_json.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/reply.hpp"
#include "gateway/operations/request.hpp"

namespace eventual::gateway::operations {
namespace {

std::string schedule_of(const http::Request& request) {
  return require_name("schedule", http::find(request.path_parameters, "schedule"));
}

void act_on_schedule(const Context& context, ports::ScheduleAct::Kind kind,
                     const http::Request& request, ports::ScheduleAct act,
                     const SharedResponder& respond) {
  act.kind = kind;
  act.schedule = schedule_of(request);
  std::string name = act.schedule;
  context.operations.act_on_schedule(
      std::move(act),
      reply_with<ports::ScheduleReply>(
          respond, [name = std::move(name)](const ports::ScheduleReply& reply) {
            Json ids = Json::array();
            for (const std::string& id : reply.started) ids.push_back(id);
            return json_response(
                200, ObjectWriter().text("schedule", name).raw("started", ids.dump()).finish());
          }));
}

void schedules(const Context& context, const http::Request&, const SharedResponder& respond) {
  context.operations.schedules({}, reply_with<std::vector<ports::ScheduleView>>(
                                       respond, [](const std::vector<ports::ScheduleView>& views) {
                                         return json_response(200, schedules_json(views));
                                       }));
}

void schedule(const Context& context, const http::Request& request,
              const SharedResponder& respond) {
  context.operations.schedules(schedule_of(request),
                               reply_with<std::vector<ports::ScheduleView>>(
                                   respond, [](const std::vector<ports::ScheduleView>& views) {
                                     return json_response(200, schedule_json(views.at(0)));
                                   }));
}

void pause_schedule(const Context& context, const http::Request& request,
                    const SharedResponder& respond) {
  ports::ScheduleAct act;
  act.reason = reason_of(request);
  act_on_schedule(context, ports::ScheduleAct::Kind::pause, request, std::move(act), respond);
}

void resume_schedule(const Context& context, const http::Request& request,
                     const SharedResponder& respond) {
  act_on_schedule(context, ports::ScheduleAct::Kind::resume, request, {}, respond);
}

void trigger_schedule(const Context& context, const http::Request& request,
                      const SharedResponder& respond) {
  act_on_schedule(context, ports::ScheduleAct::Kind::trigger, request, {}, respond);
}

void backfill_schedule(const Context& context, const http::Request& request,
                       const SharedResponder& respond) {
  const Json body = object_body_of(request);
  const auto time = [&](std::string_view name) {
    const Json* given = body.find(name);
    const std::string pointer = "/" + std::string(name);
    if (given == nullptr || !given->is_string()) throw bad_member(pointer, "must be a time");
    const Result<Timestamp> parsed = parse_iso8601(given->as_string());
    if (!parsed) throw bad_member(pointer, parsed.error().message());
    return *parsed;
  };
  ports::ScheduleAct act;
  act.from = time("from");
  act.to = time("to");
  act_on_schedule(context, ports::ScheduleAct::Kind::backfill, request, std::move(act), respond);
}

}  // namespace

void add_schedules(Endpoints& endpoints) {
  endpoints.insert(endpoints.end(),
                   {
                       {http::Method::get, "/_eventual/schedules", "schedules", &schedules},
                       {http::Method::get, "/_eventual/schedules/:schedule", "schedule", &schedule},
                       {http::Method::post, "/_eventual/schedules/:schedule/pause",
                        "pause_schedule", &pause_schedule},
                       {http::Method::post, "/_eventual/schedules/:schedule/resume",
                        "resume_schedule", &resume_schedule},
                       {http::Method::post, "/_eventual/schedules/:schedule/trigger",
                        "trigger_schedule", &trigger_schedule},
                       {http::Method::post, "/_eventual/schedules/:schedule/backfill",
                        "backfill_schedule", &backfill_schedule},
                   });
}

}  // namespace eventual::gateway::operations
