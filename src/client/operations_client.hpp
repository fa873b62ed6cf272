// The operations of a running service (docs/http.md), over HTTP. Answers are the JSON documents of
// that page.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/http_client.hpp"
#include "eventual/json.hpp"
#include "eventual/time.hpp"
#include "ports/operations.hpp"

namespace eventual::client {

/// One page of a list.
struct Page {
  std::uint32_t limit = 100;
  std::string cursor{};  ///< empty: the first
};

/// Thread rule: any thread may call. Every call blocks, and fails as the server does or with
/// Unreachable or ConnectionLost. Starts with a name, signals and updates with an id, and reads are
/// repeated when the connection is lost.
class OperationsClient {
 public:
  /// `http` must outlive this object.
  explicit OperationsClient(HttpClient& http) : http_(http) {}

  HttpClient& http() noexcept { return http_; }

  Result<Json> health();  ///< also of a service that is not ready
  Result<Json> manifest();

  Result<Json> start(const ports::StartRequest& request);
  Result<Json> list(std::string_view workflow, std::string_view status, const Page& page);
  Result<Json> describe(const ports::ExecutionRef& execution);
  Result<Json> history(const ports::ExecutionRef& execution, const Page& page);
  /// Waits at most `wait` for the end (the server cuts it to a minute); `status` tells whether it
  /// came.
  Result<Json> result(const ports::ExecutionRef& execution, Duration wait);

  Result<Json> signal(const ports::SignalRequest& request);
  Result<Json> query(const ports::ExecutionRef& execution, std::string_view query,
                     std::string_view input_json);
  Result<Json> update(const ports::UpdateRequest& request);

  Result<Json> cancel(const ports::ExecutionRef& execution);
  Result<Json> terminate(const ports::ExecutionRef& execution, std::string_view reason);
  Result<Json> pause(const ports::ExecutionRef& execution, std::string_view reason);
  Result<Json> resume(const ports::ExecutionRef& execution);
  Result<Json> retry(const ports::ExecutionRef& execution);
  Result<Json> fork(const ports::ForkRequest& request);

  Result<Json> task_success(std::string_view token, std::string_view result_json);
  Result<Json> task_failure(std::string_view token, const Error& error);
  Result<Json> task_heartbeat(std::string_view token, std::string_view details_json);

  Result<Json> schedules();
  Result<Json> schedule(std::string_view name);
  Result<Json> act_on_schedule(const ports::ScheduleAct& act);

  /// A command, by RPC.
  Result<Json> invoke(std::string_view command, std::string_view input_json);

  /// What the calls above are made of, for endpoints that have none of their own. An answer without
  /// a body is null.
  Result<Json> get(std::string target);
  Result<Json> post(std::string target, std::string body, bool repeatable = false,
                    std::string_view idempotency_key = {});

 private:
  HttpClient& http_;
};

/// "/_eventual/executions/<workflow>/<name><rest>", encoded, with ?run= where a run is named.
std::string execution_target(const ports::ExecutionRef& execution, std::string_view rest = {});

/// Puts a target together with its query, in order.
class Target {
 public:
  explicit Target(std::string path) : text_(std::move(path)) {
    separator_ = text_.find('?') == std::string::npos ? '?' : '&';
  }
  /// Leaves empty values out.
  Target& with(std::string_view name, std::string_view value);
  Target& with(std::string_view name, std::uint64_t value);
  std::string text() const { return text_; }

 private:
  std::string text_;
  char separator_ = '?';
};

}  // namespace eventual::client
