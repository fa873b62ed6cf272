// Calls of Slack's Web API and answers to response URLs, on the thread of a task.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "client/http_client.hpp"
#include "state.hpp"

namespace eventual::slack {
namespace {

constexpr Duration k_answer_timeout{30'000};
constexpr Duration k_retry_after_default{30'000};  // where Slack does not say how long

std::unique_ptr<client::HttpClient> client_for(const std::string& url, const Secret& token) {
  client::HttpClientOptions options;
  options.answer_timeout = k_answer_timeout;
  if (token) options.bearer_token = token.value();
  return client::HttpClient::make(url, std::move(options)).value();
}

Json details_of(std::string_view method, std::string_view error) {
  return Json::object({{"method", method}, {"error", error}});
}

/// How long Slack asks to wait.
Duration retry_after_of(const http::Response& response) {
  const std::string_view text = http::find(response.headers, "retry-after");
  std::uint32_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || code != std::errc() || end != text.data() + text.size()) {
    return k_retry_after_default;
  }
  return std::chrono::seconds(seconds);
}

/// What Slack itself says may work when it is tried again.
bool is_passing(std::string_view error) {
  constexpr std::array k_passing{"internal_error", "fatal_error", "service_unavailable",
                                 "request_timeout", "team_added_to_org"};
  return std::find(k_passing.begin(), k_passing.end(), error) != k_passing.end();
}

Error rate_limited(std::string_view method, Duration after) {
  Json details = details_of(method, "ratelimited");
  details.set("retry_after_ms", after.count());
  return {"RateLimited",
          fmt::format("Slack takes no more calls of {} for {} ms", method, after.count()),
          details.dump()};
}

/// The answer to a request, whose refusals by status are thrown.
http::Response sent(client::HttpClient& http, std::string_view method,
                    client::ClientRequest request) {
  request.method = http::Method::post;
  request.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  Result<http::Response> response = http.send(std::move(request));
  if (!response) {
    throw Error(std::string(error_names::k_unavailable), response.error().message(),
                response.error().details_json());
  }
  if (response->status == 429) throw rate_limited(method, retry_after_of(*response));
  if (response->status >= 500) {
    throw Error(std::string(error_names::k_unavailable),
                fmt::format("Slack answered {} with status {}", method, response->status));
  }
  return std::move(*response);
}

[[noreturn]] void refuse(std::string_view method, std::string_view error) {
  const std::string details = details_of(method, error).dump();
  if (is_passing(error)) {
    throw Error(std::string(error_names::k_unavailable),
                fmt::format("Slack cannot do {} now: {}", method, error), details);
  }
  throw Error("SlackError", fmt::format("Slack refused {}: {}", method, error), details);
}

}  // namespace

Json Slack::State::call_api(const std::string& method, const Json& arguments) const {
  const auto http = client_for(options.api_url, options.token);
  const http::Response response =
      sent(*http, method,
           {.target = "/" + method, .body = arguments.is_null() ? "{}" : arguments.dump()});
  Result<Json> answer = Json::parse(response.body);
  if (!answer || !(*answer)["ok"].is_boolean()) {
    refuse(method,
           fmt::format("an answer with status {} that is none of Slack's", response.status));
  }
  if ((*answer)["ok"].as_bool()) return std::move(*answer);
  const Json& error = (*answer)["error"];
  const std::string name = error.is_string() ? error.as_string() : "unknown_error";
  if (name == "ratelimited") throw rate_limited(method, retry_after_of(response));
  refuse(method, name);
}

void Slack::State::reply(const Reply& reply) const {
  Json message = Json::object({{"text", reply.text}});
  if (!reply.blocks.is_null()) message.set("blocks", reply.blocks);
  message.set("response_type", reply.in_channel ? "in_channel" : "ephemeral");
  if (reply.replace_original) message.set("replace_original", true);
  if (reply.delete_original) message.set("delete_original", true);
  // The URL is the permission: the token stays here.
  const auto http = client_for(reply.response_url, Secret());
  const http::Response response = sent(*http, "response_url", {.body = message.dump()});
  if (response.status >= 400) {
    refuse("response_url", fmt::format("status {}: {}", response.status,
                                       std::string_view(response.body).substr(0, 200)));
  }
}

}  // namespace eventual::slack
