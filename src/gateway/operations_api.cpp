#include "gateway/operations_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "gateway/blocking_pool.hpp"
#include "gateway/error_response.hpp"
#include "gateway/execution_json.hpp"
#include "gateway/router.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway {
namespace {

constexpr std::string_view k_prefix = "/_eventual/";
constexpr std::uint32_t k_list_limit_default = 100;
constexpr std::uint32_t k_list_limit_max = 1000;
constexpr std::uint32_t k_history_limit_default = 1000;
constexpr std::uint32_t k_history_limit_max = 10'000;
constexpr std::size_t k_blocking_threads = 2;
constexpr std::size_t k_blocking_jobs_max = 1024;

Error invalid_input(std::string message, std::string details = {}) {
  return {std::string(error_names::k_invalid_input), std::move(message), std::move(details)};
}

/// One bad query parameter.
Error bad_parameter(std::string_view name, std::string_view reason) {
  std::string details = "[";
  details += ObjectWriter().text("parameter", name).text("reason", reason).finish();
  return invalid_input(fmt::format("the query parameter {} {}", name, reason), details + "]");
}

/// One bad member of a body.
Error bad_member(std::string_view pointer, std::string_view reason) {
  std::string details = "[";
  details += ObjectWriter().text("pointer", pointer).text("reason", reason).finish();
  return invalid_input(fmt::format("{} {}", pointer.empty() ? "the body" : pointer, reason),
                       details + "]");
}

/// A whole number from the query; `fallback` when it is absent. Throws InvalidInput, which handle()
/// answers.
std::uint64_t number_parameter(const http::Request& request, std::string_view name,
                               std::uint64_t fallback, std::uint64_t min, std::uint64_t max) {
  const std::string_view text = http::find(request.query, name);
  if (text.empty()) return fallback;
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    throw bad_parameter(name, fmt::format("must be a whole number from {} to {}", min, max));
  }
  return value;
}

std::string require_name(std::string_view what, std::string_view text) {
  if (text.empty() || text.find('/') != std::string_view::npos) {
    throw invalid_input(fmt::format("the {} in the path must be a name without a slash", what));
  }
  return std::string(text);
}

ports::ExecutionRef execution_of(const http::Request& request) {
  return {.workflow = require_name("workflow", http::find(request.path_parameters, "workflow")),
          .name = require_name("execution name", http::find(request.path_parameters, "name")),
          .run = static_cast<std::uint32_t>(
              number_parameter(request, "run", 0, 1, std::numeric_limits<std::uint32_t>::max()))};
}

/// The body as JSON; `fallback` when there is none.
Json body_of(const http::Request& request, Json fallback) {
  if (trim(request.body).empty()) return fallback;
  Result<Json> body = Json::parse(request.body);
  if (!body) {
    throw invalid_input("the body is not JSON: " + body.error().message(),
                        body.error().details_json());
  }
  return std::move(body).value();
}

Json object_body_of(const http::Request& request) {
  Json body = body_of(request, Json::object());
  if (!body.is_object()) throw bad_member("", "must be an object");
  return body;
}

http::Response answer_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error_response(error);
  } catch (...) {
    return error_response(500, error_names::k_internal, "the request could not be handled");
  }
}

/// A responder that many may hold, as copyable callbacks need; the first answer counts.
using SharedResponder = std::shared_ptr<Responder>;

/// Answers with what `write` makes of the value, or with the error. Never throws.
template <class T, class Write>
ports::Callback<T> reply_with(SharedResponder respond, Write write) {
  return [respond = std::move(respond), write = std::move(write)](Result<T> result) {
    try {
      (*respond)(result ? write(*result) : error_response(result.error()));
    } catch (...) {
      (*respond)(answer_of(std::current_exception()));
    }
  };
}

http::Response with_retry_after(http::Response response) {
  response.headers.emplace_back("retry-after", "1");
  return response;
}

}  // namespace

class OperationsApi::Impl {
 public:
  Impl(ports::Operations& operations, OperationsApiOptions options)
      : operations_(operations), options_(std::move(options)) {
    if (!options_.run_blocking) {
      pool_.emplace(k_blocking_threads, k_blocking_jobs_max);
      options_.run_blocking = [this](std::function<void()> job) {
        return pool_->post(std::move(job));
      };
    }
    for (std::size_t i = 0; i < std::size(k_endpoints); ++i) {
      const Endpoint& endpoint = k_endpoints[i];
      router_.add(endpoint.method, endpoint.pattern, endpoint.name, i).value();
    }
  }

  void handle(http::Request request, Responder respond) {
    const std::string_view path = raw_path(request.raw_target);
    Match match = router_.match(request.method, path);
    const bool open = match.kind == Match::Kind::found && k_endpoints[match.index].open;
    if (!open && !authorized(request)) return respond(unauthorized());
    if (match.kind != Match::Kind::found) return respond(answer_unmatched(match));
    request.path_parameters = std::move(match.path_parameters);
    const auto shared = std::make_shared<Responder>(std::move(respond));
    try {
      (this->*k_endpoints[match.index].handle)(request, shared);
    } catch (...) {
      (*shared)(answer_of(std::current_exception()));
    }
  }

  bool authorized(const http::Request& request) const {
    if (options_.admin_token.empty()) return true;
    const std::string_view header = http::find(request.headers, "authorization");
    constexpr std::string_view k_scheme = "Bearer ";
    return header.size() > k_scheme.size() &&
           equals_ignoring_case(header.substr(0, k_scheme.size()), k_scheme) &&
           equals_in_constant_time(options_.admin_token, trim(header.substr(k_scheme.size())));
  }

 private:
  struct Endpoint {
    http::Method method;
    std::string_view pattern;
    std::string_view name;
    void (Impl::*handle)(const http::Request&, const SharedResponder&);
    bool open = false;  ///< answers without the admin token
  };
  static const Endpoint k_endpoints[25];

  static http::Response answer_unmatched(const Match& match) {
    switch (match.kind) {
      case Match::Kind::options: {
        http::Response response{.status = 204, .headers = {}, .body = {}};
        response.headers.emplace_back("allow", match.allow);
        return response;
      }
      case Match::Kind::not_allowed: {
        http::Response response =
            error_response(405, error_names::k_not_allowed, "this path does not take this method");
        response.headers.emplace_back("allow", match.allow);
        return response;
      }
      default:
        return error_response(404, error_names::k_not_found, "there is nothing at this path");
    }
  }

  void health(const http::Request&, const SharedResponder& respond) {
    const ports::Health health = operations_.health();
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

  void manifest(const http::Request&, const SharedResponder& respond) {
    const Json manifest = options_.manifest ? options_.manifest() : Json::object();
    (*respond)(json_response(200, manifest.dump()));
  }

  void start(const http::Request& request, const SharedResponder& respond) {
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
    operations_.start(std::move(start), started(respond));
  }

  /// An execution, or a run of one, began.
  static ports::Callback<ports::StartReply> started(const SharedResponder& respond) {
    return reply_with<ports::StartReply>(respond, [](const ports::StartReply& reply) {
      http::Response response = json_response(reply.already_running ? 200 : 201,
                                              ObjectWriter()
                                                  .text("execution_id", reply.execution_id)
                                                  .number("run", reply.run)
                                                  .boolean("already_running", reply.already_running)
                                                  .finish());
      if (const auto ref = ports::parse_execution_id(reply.execution_id); ref) {
        response.headers.emplace_back(
            "location", fmt::format("/_eventual/executions/{}/{}", percent_encode((*ref).workflow),
                                    percent_encode((*ref).name)));
      }
      return response;
    });
  }

  void list(const http::Request& request, const SharedResponder& respond) {
    ports::ListRequest list;
    list.workflow = http::find(request.query, "workflow");
    list.status = http::find(request.query, "status");
    if (!list.status.empty() && !is_status(list.status)) {
      throw bad_parameter("status", "is not the name of a status");
    }
    list.limit = static_cast<std::uint32_t>(
        number_parameter(request, "limit", k_list_limit_default, 1, k_list_limit_max));
    list.cursor = http::find(request.query, "cursor");
    read_blocking(respond, [this, list = std::move(list)] {
      const Result<ports::ListReply> reply = operations_.list(list);
      return reply ? json_response(200, list_json(*reply)) : error_response(reply.error());
    });
  }

  void history(const http::Request& request, const SharedResponder& respond) {
    ports::HistoryRequest history;
    history.execution = execution_of(request);
    history.limit = static_cast<std::uint32_t>(
        number_parameter(request, "limit", k_history_limit_default, 1, k_history_limit_max));
    history.cursor = http::find(request.query, "cursor");
    read_blocking(respond, [this, history = std::move(history)] {
      const Result<ports::HistoryReply> reply = operations_.history(history);
      return reply ? json_response(200, history_json(*reply)) : error_response(reply.error());
    });
  }

  void describe(const http::Request& request, const SharedResponder& respond) {
    operations_.describe(execution_of(request),
                         reply_with<ports::ExecutionView>(respond, [](const auto& view) {
                           return json_response(200, execution_json(view, true));
                         }));
  }

  void result(const http::Request& request, const SharedResponder& respond) {
    ports::ExecutionRef execution = execution_of(request);
    const auto wait_ms =
        number_parameter(request, "wait_ms", 0, 0, std::numeric_limits<std::int64_t>::max());
    const Duration wait =
        std::min(Duration(static_cast<std::int64_t>(wait_ms)), options_.result_wait_max);
    if (wait > Duration(0)) respond->mark_waiting();
    operations_.wait_closed(
        std::move(execution), wait, reply_with<ports::ExecutionView>(respond, [](const auto& view) {
          return json_response(is_closed(view.status) ? 200 : 202, result_json(view));
        }));
  }

  void signal(const http::Request& request, const SharedResponder& respond) {
    ports::SignalRequest signal;
    signal.execution = execution_of(request);
    signal.signal = require_name("signal", http::find(request.path_parameters, "signal"));
    signal.payload_json = body_of(request, Json()).dump();
    signal.message_id = http::find(request.headers, "idempotency-key");
    std::string id = signal.execution.id();
    operations_.signal(std::move(signal), acted(respond, std::move(id)));
  }

  static ports::StartRequest::Signal signal_of(const Json& json, const http::Request& request) {
    if (!json.is_object()) throw bad_member("/signal", "must be an object");
    const Json* name = json.find("name");
    if (name == nullptr || !name->is_string()) throw bad_member("/signal/name", "must be a string");
    ports::StartRequest::Signal signal;
    signal.name = name->as_string();
    if (const Json* payload = json.find("payload")) signal.payload_json = payload->dump();
    signal.message_id = http::find(request.headers, "idempotency-key");
    return signal;
  }

  void query(const http::Request& request, const SharedResponder& respond) {
    std::string name = require_name("query", http::find(request.path_parameters, "query"));
    std::string input = body_of(request, Json()).dump();
    operations_.published(
        execution_of(request), [this, respond, name = std::move(name),
                                input = std::move(input)](Result<std::string> view) mutable {
          if (!view) return (*respond)(error_response(view.error()));
          if (!options_.answer_query) {
            return (*respond)(
                error_response(404, error_names::k_not_found, "the service has no queries"));
          }
          read_blocking(respond, [this, name = std::move(name), input = std::move(input),
                                  view = std::move(*view)] {
            Result<std::string> answer = options_.answer_query(name, view, input);
            return answer ? json_response(200, std::move(*answer)) : refusal(answer.error());
          });
        });
  }

  void update(const http::Request& request, const SharedResponder& respond) {
    ports::UpdateRequest update;
    update.execution = execution_of(request);
    update.update = require_name("update", http::find(request.path_parameters, "update"));
    update.input_json = body_of(request, Json()).dump();
    update.update_id = http::find(request.headers, "idempotency-key");
    const auto wait_ms = number_parameter(
        request, "wait_ms", static_cast<std::uint64_t>(options_.result_wait_max.count()), 0,
        std::numeric_limits<std::int64_t>::max());
    update.wait = std::min(Duration(static_cast<std::int64_t>(wait_ms)), options_.result_wait_max);
    if (update.wait > Duration(0)) respond->mark_waiting();
    operations_.update(std::move(update), [respond](Result<ports::UpdateReply> reply) {
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

  /// The service's own errors are no failure of the server: the execution's state does not allow
  /// it.
  static http::Response refusal(const Error& error) {
    const int status = status_of(error.name());
    const bool own = status == 500 && error.name() != error_names::k_internal &&
                     error.name() != error_names::k_corrupt;
    return error_response(own ? 409 : status, error.name(), error.message(), error.details_json());
  }

  void cancel(const http::Request& request, const SharedResponder& respond) {
    ports::ExecutionRef execution = execution_of(request);
    std::string id = execution.id();
    operations_.cancel(std::move(execution), acted(respond, std::move(id)));
  }

  void terminate(const http::Request& request, const SharedResponder& respond) {
    ports::ExecutionRef execution = execution_of(request);
    std::string reason = reason_of(request);
    std::string id = execution.id();
    operations_.terminate(std::move(execution), std::move(reason), acted(respond, std::move(id)));
  }

  void pause(const http::Request& request, const SharedResponder& respond) {
    ports::ExecutionRef execution = execution_of(request);
    std::string reason = reason_of(request);
    std::string id = execution.id();
    operations_.pause(std::move(execution), std::move(reason), acted(respond, std::move(id)));
  }

  void resume(const http::Request& request, const SharedResponder& respond) {
    ports::ExecutionRef execution = execution_of(request);
    std::string id = execution.id();
    operations_.resume(std::move(execution), acted(respond, std::move(id)));
  }

  void retry(const http::Request& request, const SharedResponder& respond) {
    operations_.retry(execution_of(request), started(respond));
  }

  void fork(const http::Request& request, const SharedResponder& respond) {
    const Json body = object_body_of(request);
    ports::ForkRequest fork;
    fork.execution = execution_of(request);
    if (const Json* name = body.find("name"); name != nullptr && !name->is_null()) {
      if (!name->is_string()) throw bad_member("/name", "must be a string");
      fork.name = name->as_string();
    }
    const Json* seq = body.find("seq");
    if (seq == nullptr || !seq->is_integer() || seq->dump().front() == '-' ||
        seq->as_uint64() > std::numeric_limits<std::uint32_t>::max()) {
      throw bad_member("/seq", "must be the number of a call");
    }
    fork.seq = static_cast<std::uint32_t>(seq->as_uint64());
    operations_.fork(std::move(fork), started(respond));
  }

  void schedules(const http::Request&, const SharedResponder& respond) {
    operations_.schedules({}, reply_with<std::vector<ports::ScheduleView>>(
                                  respond, [](const std::vector<ports::ScheduleView>& views) {
                                    return json_response(200, schedules_json(views));
                                  }));
  }

  void schedule(const http::Request& request, const SharedResponder& respond) {
    operations_.schedules(schedule_of(request),
                          reply_with<std::vector<ports::ScheduleView>>(
                              respond, [](const std::vector<ports::ScheduleView>& views) {
                                return json_response(200, schedule_json(views.at(0)));
                              }));
  }

  void pause_schedule(const http::Request& request, const SharedResponder& respond) {
    ports::ScheduleAct act;
    act.reason = reason_of(request);
    act_on_schedule(ports::ScheduleAct::Kind::pause, request, std::move(act), respond);
  }

  void resume_schedule(const http::Request& request, const SharedResponder& respond) {
    act_on_schedule(ports::ScheduleAct::Kind::resume, request, {}, respond);
  }

  void trigger_schedule(const http::Request& request, const SharedResponder& respond) {
    act_on_schedule(ports::ScheduleAct::Kind::trigger, request, {}, respond);
  }

  void backfill_schedule(const http::Request& request, const SharedResponder& respond) {
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
    act_on_schedule(ports::ScheduleAct::Kind::backfill, request, std::move(act), respond);
  }

  void act_on_schedule(ports::ScheduleAct::Kind kind, const http::Request& request,
                       ports::ScheduleAct act, const SharedResponder& respond) {
    act.kind = kind;
    act.schedule = schedule_of(request);
    std::string name = act.schedule;
    operations_.act_on_schedule(
        std::move(act),
        reply_with<ports::ScheduleReply>(
            respond, [name = std::move(name)](const ports::ScheduleReply& reply) {
              Json ids = Json::array();
              for (const std::string& id : reply.started) ids.push_back(id);
              return json_response(
                  200, ObjectWriter().text("schedule", name).raw("started", ids.dump()).finish());
            }));
  }

  static std::string schedule_of(const http::Request& request) {
    return require_name("schedule", http::find(request.path_parameters, "schedule"));
  }

  static std::string reason_of(const http::Request& request) {
    const Json body = object_body_of(request);
    const Json* given = body.find("reason");
    if (given == nullptr || given->is_null()) return {};
    if (!given->is_string()) throw bad_member("/reason", "must be a string");
    return given->as_string();
  }

  /// The token of a body, and what is said with it.
  using News = eventual::detail::AttemptNews;
  static News news_of(const Json& body, News::Kind kind) {
    const Json* token = body.find("token");
    if (token == nullptr || !token->is_string())
      throw bad_member("/token", "must be the token of a task, a string");
    News news;
    news.kind = kind;
    news.token = token->as_string();
    return news;
  }

  void tell_attempt(News news, const SharedResponder& respond) {
    operations_.tell_attempt(
        std::move(news), reply_with<bool>(respond, [](bool stop_requested) {
          return json_response(200,
                               ObjectWriter().boolean("stop_requested", stop_requested).finish());
        }));
  }

  void task_success(const http::Request& request, const SharedResponder& respond) {
    const Json body = object_body_of(request);
    News news = news_of(body, News::Kind::success);
    if (const Json* result = body.find("result")) news.json = result->dump();
    tell_attempt(std::move(news), respond);
  }

  void task_failure(const http::Request& request, const SharedResponder& respond) {
    const Json body = object_body_of(request);
    News news = news_of(body, News::Kind::failure);
    const Json* error = body.find("error");
    if (error == nullptr || !error->is_object()) throw bad_member("/error", "must be an object");
    const Json* name = error->find("name");
    if (name == nullptr || !name->is_string() || name->as_string().empty())
      throw bad_member("/error/name", "must be a string that is not empty");
    const Json* message = error->find("message");
    if (message != nullptr && !message->is_string())
      throw bad_member("/error/message", "must be a string");
    const Json* details = error->find("details");
    news.error = Error(name->as_string(), message != nullptr ? message->as_string() : std::string(),
                       details != nullptr && !details->is_null() ? details->dump() : std::string());
    tell_attempt(std::move(news), respond);
  }

  void task_heartbeat(const http::Request& request, const SharedResponder& respond) {
    const Json body = object_body_of(request);
    News news = news_of(body, News::Kind::heartbeat);
    if (const Json* details = body.find("details")) news.json = details->dump();
    tell_attempt(std::move(news), respond);
  }

  static ports::Callback<bool> acted(const SharedResponder& respond, std::string execution_id) {
    return reply_with<bool>(respond, [id = std::move(execution_id)](bool) {
      return json_response(200, ObjectWriter().text("execution_id", id).finish());
    });
  }

  void read_blocking(const SharedResponder& respond, std::function<http::Response()> read) {
    const bool accepted = options_.run_blocking([respond, read = std::move(read)] {
      try {
        (*respond)(read());
      } catch (...) {
        (*respond)(answer_of(std::current_exception()));
      }
    });
    if (!accepted) {
      (*respond)(error_response(503, error_names::k_unavailable, "too many reads are waiting"));
    }
  }

  ports::Operations& operations_;
  OperationsApiOptions options_;
  Router router_;
  std::optional<BlockingPool> pool_;
};

const OperationsApi::Impl::Endpoint OperationsApi::Impl::k_endpoints[25] = {
    {http::Method::get, "/_eventual/health", "health", &Impl::health, true},
    {http::Method::get, "/_eventual/manifest", "manifest", &Impl::manifest},
    {http::Method::post, "/_eventual/workflows/:workflow/executions", "start", &Impl::start},
    {http::Method::get, "/_eventual/executions", "list", &Impl::list},
    {http::Method::get, "/_eventual/executions/:workflow/:name", "describe", &Impl::describe},
    {http::Method::get, "/_eventual/executions/:workflow/:name/history", "history", &Impl::history},
    {http::Method::get, "/_eventual/executions/:workflow/:name/result", "result", &Impl::result},
    {http::Method::post, "/_eventual/executions/:workflow/:name/signals/:signal", "signal",
     &Impl::signal},
    {http::Method::post, "/_eventual/executions/:workflow/:name/queries/:query", "query",
     &Impl::query},
    {http::Method::post, "/_eventual/executions/:workflow/:name/updates/:update", "update",
     &Impl::update},
    {http::Method::post, "/_eventual/executions/:workflow/:name/cancel", "cancel", &Impl::cancel},
    {http::Method::post, "/_eventual/executions/:workflow/:name/terminate", "terminate",
     &Impl::terminate},
    {http::Method::post, "/_eventual/executions/:workflow/:name/pause", "pause", &Impl::pause},
    {http::Method::post, "/_eventual/executions/:workflow/:name/resume", "resume", &Impl::resume},
    {http::Method::post, "/_eventual/executions/:workflow/:name/retry", "retry", &Impl::retry},
    {http::Method::post, "/_eventual/executions/:workflow/:name/fork", "fork", &Impl::fork},
    {http::Method::get, "/_eventual/schedules", "schedules", &Impl::schedules},
    {http::Method::get, "/_eventual/schedules/:schedule", "schedule", &Impl::schedule},
    {http::Method::post, "/_eventual/schedules/:schedule/pause", "pause_schedule",
     &Impl::pause_schedule},
    {http::Method::post, "/_eventual/schedules/:schedule/resume", "resume_schedule",
     &Impl::resume_schedule},
    {http::Method::post, "/_eventual/schedules/:schedule/trigger", "trigger_schedule",
     &Impl::trigger_schedule},
    {http::Method::post, "/_eventual/schedules/:schedule/backfill", "backfill_schedule",
     &Impl::backfill_schedule},
    // Whoever has a task's token may use it: no admin token is asked for.
    {http::Method::post, "/_eventual/tasks/success", "task success", &Impl::task_success, true},
    {http::Method::post, "/_eventual/tasks/failure", "task failure", &Impl::task_failure, true},
    {http::Method::post, "/_eventual/tasks/heartbeat", "task heartbeat", &Impl::task_heartbeat,
     true},
};

OperationsApi::OperationsApi(ports::Operations& operations, OperationsApiOptions options)
    : impl_(std::make_unique<Impl>(operations, std::move(options))) {}
OperationsApi::~OperationsApi() = default;

bool OperationsApi::serves(std::string_view raw_path) noexcept {
  return raw_path.starts_with(k_prefix);
}

bool OperationsApi::authorized(const http::Request& request) const {
  return impl_->authorized(request);
}

http::Response OperationsApi::unauthorized() {
  http::Response response =
      error_response(401, "Unauthorized", "this endpoint needs the admin token");
  response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

void OperationsApi::handle(http::Request request, Responder respond) {
  impl_->handle(std::move(request), std::move(respond));
}

}  // namespace eventual::gateway
