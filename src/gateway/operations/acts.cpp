// What is done to an execution: cancel, terminate, pause, resume, retry, fork.
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/reply.hpp"
#include "gateway/operations/request.hpp"

namespace eventual::gateway::operations {
namespace {

void cancel(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::ExecutionRef execution = execution_of(request);
  std::string id = execution.id();
  context.operations.cancel(std::move(execution), acted(respond, std::move(id)));
}

void terminate(const Context& context, const http::Request& request,
               const SharedResponder& respond) {
  ports::ExecutionRef execution = execution_of(request);
  std::string reason = reason_of(request);
  std::string id = execution.id();
  context.operations.terminate(std::move(execution), std::move(reason),
                               acted(respond, std::move(id)));
}

void pause(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::ExecutionRef execution = execution_of(request);
  std::string reason = reason_of(request);
  std::string id = execution.id();
  context.operations.pause(std::move(execution), std::move(reason), acted(respond, std::move(id)));
}

void resume(const Context& context, const http::Request& request, const SharedResponder& respond) {
  ports::ExecutionRef execution = execution_of(request);
  std::string id = execution.id();
  context.operations.resume(std::move(execution), acted(respond, std::move(id)));
}

void retry(const Context& context, const http::Request& request, const SharedResponder& respond) {
  context.operations.retry(execution_of(request), started(respond));
}

void fork(const Context& context, const http::Request& request, const SharedResponder& respond) {
  const Json body = object_body_of(request);
  ports::ForkRequest fork;
  fork.execution = execution_of(request);
  if (const Json* name = body.find("name"); name != nullptr && !name->is_null())
    fork.name = text_member(body, "name");
  const Json* seq = body.find("seq");
  if (seq == nullptr || !seq->is_integer() || seq->dump().front() == '-' ||
      seq->as_uint64() > std::numeric_limits<std::uint32_t>::max()) {
    throw bad_member("/seq", "must be the number of a call");
  }
  fork.seq = static_cast<std::uint32_t>(seq->as_uint64());
  context.operations.fork(std::move(fork), started(respond));
}

}  // namespace

void add_acts(Endpoints& endpoints) {
  endpoints.insert(
      endpoints.end(),
      {
          {http::Method::post, "/_eventual/executions/:workflow/:name/cancel", "cancel", &cancel},
          {http::Method::post, "/_eventual/executions/:workflow/:name/terminate", "terminate",
           &terminate},
          {http::Method::post, "/_eventual/executions/:workflow/:name/pause", "pause", &pause},
          {http::Method::post, "/_eventual/executions/:workflow/:name/resume", "resume", &resume},
          {http::Method::post, "/_eventual/executions/:workflow/:name/retry", "retry", &retry},
          {http::Method::post, "/_eventual/executions/:workflow/:name/fork", "fork", &fork},
      });
}

}  // namespace eventual::gateway::operations
