// Health, manifest and backup of the service, and what other services exported.
#include <utility>

#include "gateway/execution_json.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/reply.hpp"
#include "gateway/operations/request.hpp"

namespace eventual::gateway::operations {
namespace {

http::Response with_retry_after(http::Response response) {
  response.headers.emplace_back("retry-after", "1");
  return response;
}

void health(const Context& context, const http::Request&, const SharedResponder& respond) {
  const ports::Health health = context.operations.health();
  ObjectWriter body;
  body.text("status", health.ready ? "ready" : "not_ready")
      .boolean("live", health.live)
      .boolean("ready", health.ready)
      .text("reason", health.reason)
      .raw("details", health.details.dump());
  if (health.ready) return (*respond)(json_response(200, body.finish()));
  body.text("error", error_names::k_unavailable)
      .text("message", health.reason.empty() ? "the service is not ready" : health.reason);
  (*respond)(with_retry_after(json_response(503, body.finish())));
}

void manifest(const Context& context, const http::Request&, const SharedResponder& respond) {
  const Json manifest = context.options.manifest ? context.options.manifest() : Json::object();
  (*respond)(json_response(200, manifest.dump()));
}

void backup(const Context& context, const http::Request& request, const SharedResponder& respond) {
  const Json body = object_body_of(request);
  std::string folder = text_member(body, "folder");
  if (folder.empty()) throw bad_member("/folder", "must be the name of a new folder");
  context.read_blocking(respond, [&context, folder = std::move(folder)] {
    const Result<ports::BackupReply> reply = context.operations.backup(folder);
    if (!reply) return error_response(reply.error());
    return json_response(
        201, ObjectWriter().text("folder", reply->folder).number("bytes", reply->bytes).finish());
  });
}

/// The body is the history, as it was exported.
void import_history(const Context& context, const http::Request& request,
                    const SharedResponder& respond) {
  ports::ImportRequest import{request.body, std::string(http::find(request.query, "name"))};
  context.read_blocking(respond, [&context, import = std::move(import)] {
    const Result<ports::ImportReply> reply = context.operations.import_history(import);
    if (!reply) return refusal(reply.error());
    return json_response(201, ObjectWriter()
                                  .text("execution_id", reply->execution_id)
                                  .number("run", reply->run)
                                  .text("status", reply->status)
                                  .finish());
  });
}

}  // namespace

void add_service(Endpoints& endpoints) {
  endpoints.insert(endpoints.end(),
                   {
                       {http::Method::get, "/_eventual/health", "health", &health, true},
                       {http::Method::get, "/_eventual/manifest", "manifest", &manifest},
                       {http::Method::post, "/_eventual/backup", "backup", &backup},
                       {http::Method::post, "/_eventual/import", "import", &import_history},
                   });
}

}  // namespace eventual::gateway::operations
