// What happens in the service, as server-sent events.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/change_feed.hpp"
#include "gateway/error_response.hpp"
#include "gateway/operations/endpoint.hpp"
#include "gateway/operations/request.hpp"
#include "gateway/pipe.hpp"

namespace eventual::gateway::operations {
namespace {

void choose_kinds(std::string_view kinds, FeedRequest& wanted) {
  wanted.executions = wanted.history = wanted.events = wanted.log = false;
  while (!kinds.empty()) {
    const std::string_view kind = kinds.substr(0, kinds.find(','));
    kinds.remove_prefix(std::min(kind.size() + 1, kinds.size()));
    if (kind == "executions") {
      wanted.executions = true;
    } else if (kind == "history") {
      wanted.history = true;
    } else if (kind == "events") {
      wanted.events = true;
    } else if (kind == "log") {
      wanted.log = true;
    } else {
      throw bad_parameter("kinds",
                          "must be executions, history, events and log, with commas between them");
    }
  }
}

FeedRequest request_of(const http::Request& request) {
  FeedRequest wanted;
  const std::string_view kinds = http::find(request.query, "kinds");
  if (!kinds.empty()) choose_kinds(kinds, wanted);
  wanted.workflow = http::find(request.query, "workflow");
  wanted.execution_id = http::find(request.query, "execution_id");
  wanted.least = log_level_of(request);
  return wanted;
}

void stream(const Context& context, const http::Request& request, const SharedResponder& respond) {
  if (context.options.feed == nullptr) {
    return (*respond)(error_response(404, error_names::k_not_found, "nothing is streamed here"));
  }
  FeedRequest wanted = request_of(request);
  if (!context.options.feed->has_room()) {
    return (*respond)(
        error_response(429, error_names::k_limit_exceeded,
                       fmt::format("at most {} streams are open at a time, and so many are",
                                   ChangeFeed::k_watchers_max)));
  }
  const auto pipe = respond->begin({.status = 200,
                                    .headers = {{"content-type", "text/event-stream"},
                                                {"cache-control", "no-store"},
                                                {"x-accel-buffering", "no"}},
                                    .body = {}},
                                   true);
  if (pipe != nullptr && !context.options.feed->watch(pipe, std::move(wanted))) pipe->finish(true);
}

}  // namespace

void add_stream(Endpoints& endpoints) {
  endpoints.push_back({http::Method::get, "/_eventual/stream", "stream", &stream});
}

}  // namespace eventual::gateway::operations
