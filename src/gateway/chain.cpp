// Middleware at run time: one stage after the other, and what their failures answer.
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "eventual/detail/endpoint.hpp"
#include "eventual/detail/middleware.hpp"
#include "eventual/detail/runtime.hpp"
#include "gateway/error_response.hpp"

namespace eventual::detail {
namespace {

void log_failure(const std::string& message) {
  if (Runtime* runtime = Runtime::current()) runtime->log(LogLevel::error, message);
}

std::string what_runs(const HandlerScope& scope) {
  return scope.request == nullptr
             ? std::string("the handler")
             : std::string(http::to_string(scope.request->method)) + " " + scope.request->path;
}

http::Response failure_response(HandlerScope& scope, const std::exception_ptr& thrown) {
  if (scope.failure != nullptr) *scope.failure = describe(thrown);
  try {
    std::rethrow_exception(thrown);
  } catch (const http::HttpError& error) {
    http::Response response = gateway::error_response(error.status(), error.name(), error.message(),
                                                      error.details_json());
    for (const auto& field : error.headers()) response.headers.push_back(field);
    return response;
  } catch (const Error& error) {
    return gateway::error_response(error);
  } catch (const OutputMismatch& mismatch) {
    log_failure(what_runs(scope) + ": its answer does not match its type and was not sent: " +
                mismatch.error().message() + " " + mismatch.error().details_json());
    return gateway::error_response(500, error_names::k_internal,
                                   "the answer does not match its schema");
  } catch (...) {
    const Error error = describe(std::current_exception());
    log_failure(what_runs(scope) + " failed: " + error.name() + ": " + error.message());
    return gateway::error_response(500, error_names::k_internal, "the request failed");
  }
}

}  // namespace

http::Response Stage::run(HandlerScope& scope) {
  if (std::exchange(entered_, true)) {
    throw std::logic_error("a middleware went on twice: http::Next is called once");
  }
  const ProvidedValue* const values = scope.values;
  http::Response response;
  try {
    if (next_ == chain_.size()) {
      response = last_(scope);
    } else {
      Stage after(chain_, last_, next_ + 1);
      response = chain_[next_]->run(scope, after);
    }
  } catch (...) {
    response = failure_response(scope, std::current_exception());
  }
  scope.values = values;
  return response;
}

void* find_value(const HandlerScope& scope, std::type_index type) noexcept {
  const ProvidedValue* value = scope.values;
  while (value != nullptr && value->type != type) value = value->outer;
  return value == nullptr ? nullptr : value->object;
}

}  // namespace eventual::detail
