// What the groups of operations endpoints are made of: a method, a path and who answers.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "eventual/http.hpp"
#include "gateway/operations_api.hpp"
#include "gateway/server.hpp"
#include "ports/operations.hpp"

namespace eventual::gateway::operations {

/// A responder that many may hold, as copyable callbacks need; the first answer counts.
using SharedResponder = std::shared_ptr<Responder>;

struct Context;

/// Answers one request, now or later. Throws an Error for one that is not as it should be.
using Answer = void (*)(const Context& context, const http::Request& request,
                        const SharedResponder& respond);

struct Endpoint {
  http::Method method = http::Method::get;
  std::string_view pattern;  ///< a literal
  std::string_view name;     ///< a literal
  Answer answer = nullptr;
  bool open = false;  ///< answers without the admin token
};
using Endpoints = std::vector<Endpoint>;

/// What the endpoints work with; it outlives them and every answer that is not given yet.
struct Context {
  ports::Operations& operations;
  const OperationsApiOptions& options;

  /// Answers with what `read` gives, which may block; 503 when too many wait.
  void read_blocking(const SharedResponder& respond, std::function<http::Response()> read) const;
};

// One file each, of the same name.
void add_service(Endpoints& endpoints);
void add_executions(Endpoints& endpoints);
void add_acts(Endpoints& endpoints);
void add_logs(Endpoints& endpoints);
void add_messages(Endpoints& endpoints);
void add_stream(Endpoints& endpoints);
void add_schedules(Endpoints& endpoints);
void add_tasks(Endpoints& endpoints);
void add_entities(Endpoints& endpoints);
void add_events(Endpoints& endpoints);

}  // namespace eventual::gateway::operations
