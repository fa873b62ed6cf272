// Starting, listing and reading executions.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "gateway/execution_json.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/reply.hpp"
#include "gateway/operations/request.hpp"

namespace eventual::gateway::operations {
namespace {

constexpr std::uint32_t k_list_limit_default = 100;
constexpr std::uint32_t k_list_limit_max = 1000;
constexpr std::uint32_t k_history_limit_default = 1000;
constexpr std::uint32_t k_history_limit_max = 10'000;

ports::StartRequest::Signal signal_of(const Json& json, const http::Request& request) {
  if (!json.is_object()) throw bad_member("/signal", "must be an object");
  const Json* name = json.find("name");
  if (name == nullptr || !name->is_string()) throw bad_member("/signal/name", "must be a string");
  ports::StartRequest::Signal signal;
  signal.name = name->as_string();
  if (const Json* payload = json.find("payload")) signal.payload_json = payload->dump();
  signal.message_id = http::find(request.headers, "idempotency-key");
  return signal;
}

void start(const Context& context, const http::Request& request, const SharedResponder& respond) {
  Json body = object_body_of(request);
  ports::StartRequest start;
  start.workflow = require_name("workflow", http::find(request.path_parameters, "workflow"));
  if (const Json* input = body.find("input")) start.input_json = input->dump();
  if (const Json* name = body.find("name"); name != nullptr && !name->is_null()) {
    if (!name->is_string()) throw bad_member("/name", "must be a string");
    start.name = name->as_string();
  }
  if (const Json* timeout = body.find("timeout_ms"); timeout != nullptr && !timeout->is_null()) {
    if (!timeout->is_integer() || *timeout == Json(0) || timeout->dump().front() == '-' ||
        timeout->as_uint64() > static_cast<std::uint64_t>(INT64_MAX)) {
      throw bad_member("/timeout_ms", "must be a whole number of at least 1");
    }
    start.timeout = Duration(timeout->as_int64());
  }
  if (const Json* signal = body.find("signal"); signal != nullptr && !signal->is_null()) {
    start.signal = signal_of(*signal, request);
  }
  context.operations.start(std::move(start), started(respond));
}

void list(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::ListRequest list;
  list.workflow = http::find(request.query, "workflow");
  list.status = http::find(request.query, "status");
  if (!list.status.empty() && !is_status(list.status)) {
    throw bad_parameter("status", "is not the name of a status");
  }
  list.limit = static_cast<std::uint32_t>(
      number_parameter(request, "limit", k_list_limit_default, 1, k_list_limit_max));
  list.cursor = http::find(request.query, "cursor");
  context.read_blocking(respond, [&context, list = std::move(list)] {
    const Result<ports::ListReply> reply = context.operations.list(list);
    return reply ? json_response(200, list_json(*reply)) : error_response(reply.error());
  });
}

void describe(const Context& context, const http::Request& request,
              const SharedResponder& respond) {
  context.operations.describe(execution_of(request),
                              reply_with<ports::ExecutionView>(respond, [](const auto& view) {
                                return json_response(200, execution_json(view, true));
                              }));
}

void history(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::HistoryRequest history;
  history.execution = execution_of(request);
  history.limit = static_cast<std::uint32_t>(
      number_parameter(request, "limit", k_history_limit_default, 1, k_history_limit_max));
  history.cursor = http::find(request.query, "cursor");
  context.read_blocking(respond, [&context, history = std::move(history)] {
    const Result<ports::HistoryReply> reply = context.operations.history(history);
    return reply ? json_response(200, history_json(*reply)) : error_response(reply.error());
  });
}

/// The history as a file, in pages of whole turns.
void export_history(const Context& context, const http::Request& request,
                    const SharedResponder& respond) {
  ports::HistoryRequest history;
  history.execution = execution_of(request);
  history.limit = static_cast<std::uint32_t>(
      number_parameter(request, "limit", k_history_limit_default, 1, k_history_limit_max));
  history.cursor = http::find(request.query, "cursor");
  context.read_blocking(respond, [&context, history = std::move(history)] {
    Result<std::string> page = context.operations.export_history(history);
    return page ? json_response(200, std::move(*page)) : error_response(page.error());
  });
}

void result(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::ExecutionRef execution = execution_of(request);
  const auto wait_ms =
      number_parameter(request, "wait_ms", 0, 0, std::numeric_limits<std::int64_t>::max());
  const Duration wait =
      std::min(Duration(static_cast<std::int64_t>(wait_ms)), context.options.result_wait_max);
  if (wait > Duration(0)) respond->mark_waiting();
  context.operations.wait_closed(
      std::move(execution), wait, reply_with<ports::ExecutionView>(respond, [](const auto& view) {
        return json_response(is_closed(view.status) ? 200 : 202, result_json(view));
      }));
}

}  // namespace

void add_executions(Endpoints& endpoints) {
  endpoints.insert(
      endpoints.end(),
      {
          {http::Method::post, "/_eventual/workflows/:workflow/executions", "start", &start},
          {http::Method::get, "/_eventual/executions", "list", &list},
          {http::Method::get, "/_eventual/executions/:workflow/:name", "describe", &describe},
          {http::Method::get, "/_eventual/executions/:workflow/:name/history", "history", &history},
          {http::Method::get, "/_eventual/executions/:workflow/:name/export", "export",
           &export_history},
          {http::Method::get, "/_eventual/executions/:workflow/:name/result", "result", &result},
      });
}

}  // namespace eventual::gateway::operations
