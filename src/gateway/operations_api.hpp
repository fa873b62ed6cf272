// The operations endpoints: start, list, get, history, result, signal, query, update, cancel,
// terminate, pause, resume, retry, fork, tasks by token, events, health, logs, manifest.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "eventual/http.hpp"
#include "eventual/json.hpp"
#include "gateway/log_lines.hpp"
#include "gateway/server.hpp"
#include "ports/operations.hpp"

namespace eventual::gateway {

class ChangeFeed;

struct OperationsApiOptions {
  std::string admin_token{};         ///< empty: no token is asked for
  Duration result_wait_max{60'000};  ///< a longer wait_ms is cut to this
  std::function<Json()>
      manifest{};  ///< the service's declarations; called on an I/O thread, must not block

  /// What a query answers to a published view; runs where blocking reads do. Absent: there are no
  /// queries.
  std::function<Result<std::string>(std::string_view query, std::string_view view_json,
                                    std::string_view input_json)>
      answer_query{};

  /// The newest lines of the log. Absent: none are kept.
  ReadLog read_log{};

  /// What GET /_eventual/stream tells; it outlives the API. Null: there is no stream.
  ChangeFeed* feed = nullptr;

  std::string event_source{};  ///< of the service's own events as CloudEvents

  /// Where blocking reads run; false means that there is no room. Absent: two threads of the
  /// gateway's own.
  std::function<bool(std::function<void()>)> run_blocking{};
};

/// Answers what lies under "/_eventual/". Any thread may call; does not block.
class OperationsApi {
 public:
  /// `operations` must outlive this object and every answer that is not given yet.
  OperationsApi(ports::Operations& operations, OperationsApiOptions options);
  ~OperationsApi();
  OperationsApi(const OperationsApi&) = delete;
  OperationsApi& operator=(const OperationsApi&) = delete;

  static bool serves(std::string_view raw_path) noexcept;

  /// The answer to requests that are not authorized.
  static http::Response unauthorized();

  void handle(http::Request request, Responder respond);

  /// The request carries the admin token, or none is asked for.
  bool authorized(const http::Request& request) const;

  /// Reads a page of executions where blocking reads run. Unavailable when too many wait there.
  void list(ports::ListRequest request, ports::Callback<ports::ListReply> done) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace eventual::gateway
