// Tasks completed from outside, by their token.
#include <string>
#include <utility>

#include "gateway/execution_json.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/reply.hpp"
#include "gateway/operations/request.hpp"

namespace eventual::gateway::operations {
namespace {

/// The token of a body, and what is said with it.
using News = eventual::detail::AttemptNews;

News news_of(const Json& body, News::Kind kind) {
  const Json* token = body.find("token");
  if (token == nullptr || !token->is_string())
    throw bad_member("/token", "must be the token of a task, a string");
  News news;
  news.kind = kind;
  news.token = token->as_string();
  return news;
}

void tell_attempt(const Context& context, News news, const SharedResponder& respond) {
  context.operations.tell_attempt(
      std::move(news), reply_with<bool>(respond, [](bool stop_requested) {
        return json_response(200,
                             ObjectWriter().boolean("stop_requested", stop_requested).finish());
      }));
}

void task_success(const Context& context, const http::Request& request,
                  const SharedResponder& respond) {
  const Json body = object_body_of(request);
  News news = news_of(body, News::Kind::success);
  if (const Json* result = body.find("result")) news.json = result->dump();
  tell_attempt(context, std::move(news), respond);
}

void task_failure(const Context& context, const http::Request& request,
                  const SharedResponder& respond) {
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
  tell_attempt(context, std::move(news), respond);
}

void task_heartbeat(const Context& context, const http::Request& request,
                    const SharedResponder& respond) {
  const Json body = object_body_of(request);
  News news = news_of(body, News::Kind::heartbeat);
  if (const Json* details = body.find("details")) news.json = details->dump();
  tell_attempt(context, std::move(news), respond);
}

}  // namespace

void add_tasks(Endpoints& endpoints) {
  endpoints.insert(
      endpoints.end(),
      {
          // Whoever has a task's token may use it: no admin token is asked for.
          {http::Method::post, "/_eventual/tasks/success", "task success", &task_success, true},
          {http::Method::post, "/_eventual/tasks/failure", "task failure", &task_failure, true},
          {http::Method::post, "/_eventual/tasks/heartbeat", "task heartbeat", &task_heartbeat,
           true},
      });
}

}  // namespace eventual::gateway::operations
