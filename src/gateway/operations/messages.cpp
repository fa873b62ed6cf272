// What is said to an execution: signals, queries, updates.
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

void signal(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::SignalRequest signal;
  signal.execution = execution_of(request);
  signal.signal = require_name("signal", http::find(request.path_parameters, "signal"));
  signal.payload_json = body_of(request, Json()).dump();
  signal.message_id = http::find(request.headers, "idempotency-key");
  std::string id = signal.execution.id();
  context.operations.signal(std::move(signal), acted(respond, std::move(id)));
}

void query(const Context& context, const http::Request& request, const SharedResponder& respond) {
  std::string name = require_name("query", http::find(request.path_parameters, "query"));
  std::string input = body_of(request, Json()).dump();
  context.operations.published(
      execution_of(request), [&context, respond, name = std::move(name),
                              input = std::move(input)](Result<std::string> view) mutable {
        if (!view) return (*respond)(error_response(view.error()));
        if (!context.options.answer_query) {
          return (*respond)(
              error_response(404, error_names::k_not_found, "the service has no queries"));
        }
        context.read_blocking(respond, [&context, name = std::move(name), input = std::move(input),
                                        view = std::move(*view)] {
          Result<std::string> answer = context.options.answer_query(name, view, input);
          return answer ? json_response(200, std::move(*answer)) : refusal(answer.error());
        });
      });
}

void update(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::UpdateRequest update;
  update.execution = execution_of(request);
  update.update = require_name("update", http::find(request.path_parameters, "update"));
  update.input_json = body_of(request, Json()).dump();
  update.update_id = http::find(request.headers, "idempotency-key");
  const auto wait_ms = number_parameter(
      request, "wait_ms", static_cast<std::uint64_t>(context.options.result_wait_max.count()), 0,
      std::numeric_limits<std::int64_t>::max());
  update.wait =
      std::min(Duration(static_cast<std::int64_t>(wait_ms)), context.options.result_wait_max);
  if (update.wait > Duration(0)) respond->mark_waiting();
  context.operations.update(std::move(update), [respond](Result<ports::UpdateReply> reply) {
    try {
      if (!reply) return (*respond)(refusal(reply.error()));
      if (reply->error) return (*respond)(refusal(*reply->error));
      ObjectWriter body;
      body.text("update_id", reply->update_id)
          .text("status", reply->result_json ? "completed" : "accepted");
      if (reply->result_json) body.raw("result", *reply->result_json);
      (*respond)(json_response(reply->result_json ? 200 : 202, body.finish()));
    } catch (...) {
      (*respond)(answer_of(std::current_exception()));
    }
  });
}

}  // namespace

void add_messages(Endpoints& endpoints) {
  endpoints.insert(endpoints.end(),
                   {
                       {http::Method::post, "/_eventual/executions/:workflow/:name/signals/:signal",
                        "signal", &signal},
                       {http::Method::post, "/_eventual/executions/:workflow/:name/queries/:query",
                        "query", &query},
                       {http::Method::post, "/_eventual/executions/:workflow/:name/updates/:update",
                        "update", &update},
                   });
}

}  // namespace eventual::gateway::operations
