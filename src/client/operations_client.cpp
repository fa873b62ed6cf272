#include "client/operations_client.hpp"

#include <fmt/format.h>

#include <utility>

#include "gateway/text.hpp"

namespace eventual::client {
namespace {

using gateway::percent_encode;

Json parsed_or_text(std::string_view json) {
  Result<Json> parsed = Json::parse(json);
  return parsed ? std::move(*parsed) : Json(json);
}

Result<Json> answer_of(Result<http::Response> response) {
  if (!response) return std::move(response).error();
  if (response->status >= 400) return error_of(*response);
  if (response->body.empty()) return Json();
  Result<Json> body = Json::parse(response->body);
  if (!body) {
    return Error(std::string(error_names::k_internal),
                 "the answer is no JSON: is this a service of Eventual?");
  }
  return body;
}

std::string reason_body(std::string_view reason) {
  return reason.empty() ? std::string() : Json::object({{"reason", reason}}).dump();
}

std::string schedule_target(std::string_view schedule, std::string_view rest = {}) {
  return fmt::format("/_eventual/schedules/{}{}", percent_encode(schedule), rest);
}

}  // namespace

Target& Target::with(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += std::exchange(separator_, '&');
  text_ += name;
  text_ += '=';
  text_ += percent_encode(value);
  return *this;
}

Target& Target::with(std::string_view name, std::uint64_t value) {
  return with(name, std::to_string(value));
}

std::string execution_target(const ports::ExecutionRef& execution, std::string_view rest) {
  Target target(fmt::format("/_eventual/executions/{}/{}{}", percent_encode(execution.workflow),
                            percent_encode(execution.name), rest));
  if (execution.run > 0) target.with("run", execution.run);
  return target.text();
}

Result<Json> OperationsClient::get(std::string target) {
  return answer_of(http_.send({.method = http::Method::get, .target = std::move(target)}));
}

Result<Json> OperationsClient::post(std::string target, std::string body, bool repeatable,
                                    std::string_view idempotency_key) {
  ClientRequest request{.method = http::Method::post,
                        .target = std::move(target),
                        .body = std::move(body),
                        .repeatable = repeatable || !idempotency_key.empty()};
  if (!idempotency_key.empty()) request.headers.emplace_back("Idempotency-Key", idempotency_key);
  return answer_of(http_.send(std::move(request)));
}

Result<Json> OperationsClient::health() {
  Result<http::Response> response =
      http_.send({.method = http::Method::get, .target = "/_eventual/health"});
  if (response && response->status == 503) {
    Result<Json> body = Json::parse(response->body);
    if (body && (*body)["ready"].is_boolean()) return body;
  }
  return answer_of(std::move(response));
}

Result<Json> OperationsClient::manifest() { return get("/_eventual/manifest"); }

Result<Json> OperationsClient::start(const ports::StartRequest& request) {
  Json body = Json::object({{"input", parsed_or_text(request.input_json)}});
  if (request.name) body.set("name", *request.name);
  if (request.timeout) body.set("timeout_ms", request.timeout->count());
  std::string key;
  if (request.signal) {
    body.set("signal", Json::object({{"name", request.signal->name},
                                     {"payload", parsed_or_text(request.signal->payload_json)}}));
    key = request.signal->message_id;
  }
  const bool repeatable = request.name.has_value() && !request.signal;
  return post(fmt::format("/_eventual/workflows/{}/executions", percent_encode(request.workflow)),
              body.dump(), repeatable, key);
}

Result<Json> OperationsClient::list(std::string_view workflow, std::string_view status,
                                    const Page& page) {
  return get(Target("/_eventual/executions")
                 .with("workflow", workflow)
                 .with("status", status)
                 .with("limit", page.limit)
                 .with("cursor", page.cursor)
                 .text());
}

Result<Json> OperationsClient::describe(const ports::ExecutionRef& execution) {
  return get(execution_target(execution));
}

Result<Json> OperationsClient::history(const ports::ExecutionRef& execution, const Page& page) {
  return get(Target(execution_target(execution, "/history"))
                 .with("limit", page.limit)
                 .with("cursor", page.cursor)
                 .text());
}

Result<Json> OperationsClient::result(const ports::ExecutionRef& execution, Duration wait) {
  return get(Target(execution_target(execution, "/result"))
                 .with("wait_ms", static_cast<std::uint64_t>(wait.count()))
                 .text());
}

Result<Json> OperationsClient::signal(const ports::SignalRequest& request) {
  return post(execution_target(request.execution, "/signals/" + percent_encode(request.signal)),
              request.payload_json, false, request.message_id);
}

Result<Json> OperationsClient::query(const ports::ExecutionRef& execution, std::string_view query,
                                     std::string_view input_json) {
  return post(execution_target(execution, "/queries/" + percent_encode(query)),
              std::string(input_json), true);
}

Result<Json> OperationsClient::update(const ports::UpdateRequest& request) {
  Target target(execution_target(request.execution, "/updates/" + percent_encode(request.update)));
  if (request.wait != k_forever) {
    target.with("wait_ms", static_cast<std::uint64_t>(request.wait.count()));
  }
  return post(target.text(), request.input_json, false, request.update_id);
}

Result<Json> OperationsClient::cancel(const ports::ExecutionRef& execution) {
  return post(execution_target(execution, "/cancel"), {}, true);
}

Result<Json> OperationsClient::terminate(const ports::ExecutionRef& execution,
                                         std::string_view reason) {
  return post(execution_target(execution, "/terminate"), reason_body(reason));
}

Result<Json> OperationsClient::pause(const ports::ExecutionRef& execution,
                                     std::string_view reason) {
  return post(execution_target(execution, "/pause"), reason_body(reason), true);
}

Result<Json> OperationsClient::resume(const ports::ExecutionRef& execution) {
  return post(execution_target(execution, "/resume"), {}, true);
}

Result<Json> OperationsClient::retry(const ports::ExecutionRef& execution) {
  return post(execution_target(execution, "/retry"), {});
}

Result<Json> OperationsClient::fork(const ports::ForkRequest& request) {
  Json body = Json::object({{"seq", request.seq}});
  if (request.name) body.set("name", *request.name);
  return post(execution_target(request.execution, "/fork"), body.dump(), request.name.has_value());
}

Result<Json> OperationsClient::task_success(std::string_view token, std::string_view result_json) {
  return post("/_eventual/tasks/success",
              Json::object({{"token", token}, {"result", parsed_or_text(result_json)}}).dump());
}

Result<Json> OperationsClient::task_failure(std::string_view token, const Error& error) {
  Json body = Json::object({{"name", error.name()}, {"message", error.message()}});
  if (!error.details_json().empty()) body.set("details", parsed_or_text(error.details_json()));
  return post("/_eventual/tasks/failure",
              Json::object({{"token", token}, {"error", std::move(body)}}).dump());
}

Result<Json> OperationsClient::task_heartbeat(std::string_view token,
                                              std::string_view details_json) {
  return post("/_eventual/tasks/heartbeat",
              Json::object({{"token", token}, {"details", parsed_or_text(details_json)}}).dump(),
              true);
}

Result<Json> OperationsClient::schedules() { return get("/_eventual/schedules"); }

Result<Json> OperationsClient::schedule(std::string_view name) {
  return get(schedule_target(name));
}

Result<Json> OperationsClient::act_on_schedule(const ports::ScheduleAct& act) {
  using Kind = ports::ScheduleAct::Kind;
  switch (act.kind) {
    case Kind::pause:
      return post(schedule_target(act.schedule, "/pause"), reason_body(act.reason), true);
    case Kind::resume:
      return post(schedule_target(act.schedule, "/resume"), {}, true);
    case Kind::trigger:
      return post(schedule_target(act.schedule, "/trigger"), {});
    case Kind::backfill:
      break;
  }
  return post(schedule_target(act.schedule, "/backfill"),
              Json::object({{"from", to_iso8601(act.from)}, {"to", to_iso8601(act.to)}}).dump(),
              true);
}

Result<Json> OperationsClient::invoke(std::string_view command, std::string_view input_json) {
  return post(fmt::format("/rpc/{}", percent_encode(command)), std::string(input_json));
}

}  // namespace eventual::client
