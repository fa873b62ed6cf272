// Health and manifest of the service.
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

}  // namespace

void add_service(Endpoints& endpoints) {
  endpoints.insert(endpoints.end(),
                   {
                       {http::Method::get, "/_eventual/health", "health", &health, true},
                       {http::Method::get, "/_eventual/manifest", "manifest", &manifest},
                   });
}

}  // namespace eventual::gateway::operations
