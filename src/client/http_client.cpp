#include "client/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "client/connection.hpp"
#include "eventual/json.hpp"

namespace eventual::client {
namespace {

using detail::BeastRequest;
using detail::Connection;
using detail::ErrorCode;
using detail::ResponseParser;

namespace bhttp = boost::beast::http;
namespace ssl = boost::asio::ssl;

constexpr std::uint32_t k_header_bytes_max = 64U << 10;
constexpr Duration k_retry_after_max{5'000};
constexpr int k_status_unavailable = 503;

bhttp::verb verb_of(http::Method method) {
  switch (method) {
    case http::Method::post:
      return bhttp::verb::post;
    case http::Method::put:
      return bhttp::verb::put;
    case http::Method::patch:
      return bhttp::verb::patch;
    case http::Method::del:
      return bhttp::verb::delete_;
    case http::Method::head:
      return bhttp::verb::head;
    case http::Method::options:
      return bhttp::verb::options;
    default:
      return bhttp::verb::get;
  }
}

bool is_idempotent(http::Method method) {
  return method != http::Method::post && method != http::Method::patch;
}

http::Fields fields_of(const bhttp::fields& fields) {
  http::Fields result;
  for (const auto& field : fields) {
    result.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  return result;
}

std::optional<Duration> retry_after(const http::Response& response) {
  const std::string_view text = http::find(response.headers, "retry-after");
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || code != std::errc() || end != text.data() + text.size() || seconds < 0) {
    return std::nullopt;
  }
  return std::min<Duration>(std::chrono::seconds(std::min<std::int64_t>(seconds, 3600)),
                            k_retry_after_max);
}

std::string_view name_of_status(int status) {
  switch (status) {
    case 400:
      return error_names::k_invalid_input;
    case 401:
      return "Unauthorized";
    case 403:
    case 405:
      return error_names::k_not_allowed;
    case 404:
      return error_names::k_not_found;
    case 408:
    case 504:
      return Timeout::k_name;
    case 409:
      return "Conflict";
    case 413:
    case 429:
    case 431:
      return error_names::k_limit_exceeded;
    case 502:
    case 503:
      return error_names::k_unavailable;
    default:
      return error_names::k_internal;
  }
}

std::string address_json(const Url& url) { return Json::object({{"address", url.text()}}).dump(); }

/// Waits, or until `stop` is requested.
void pause_for(Duration pause, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, pause, [] { return false; });
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(Url url, HttpClientOptions options) : url_(std::move(url)), options_(std::move(options)) {}

  Result<void> set_up() {
    if (!url_.tls) return {};
    tls_.emplace(ssl::context::tls_client);
    ErrorCode code;
    if (options_.ca_file.empty()) {
      tls_->set_default_verify_paths(code);
    } else {
      tls_->load_verify_file(options_.ca_file, code);
    }
    if (code) {
      return Error(
          std::string(error_names::k_invalid_input),
          fmt::format("cannot read the certificates to trust{}{}: {}",
                      options_.ca_file.empty() ? "" : " from ", options_.ca_file, code.message()));
    }
    tls_->set_verify_mode(options_.verify_certificate ? ssl::verify_peer : ssl::verify_none);
    return {};
  }

  const Url& url() const noexcept { return url_; }

  Result<http::Response> send(const ClientRequest& request) {
    const std::stop_token stop = stop_of(request);
    const bool repeatable = request.repeatable || is_idempotent(request.method);
    Duration pause = options_.retry_interval;
    for (std::uint32_t attempt = 1;; ++attempt) {
      Result<http::Response> answer = exchange(request, nullptr);
      if (!repeatable || attempt >= options_.attempts_max || stop.stop_requested()) {
        return answer;
      }
      if (answer ? answer->status != k_status_unavailable
                 : answer.error().name() != k_connection_lost) {
        return answer;
      }
      pause_for(answer ? retry_after(*answer).value_or(pause) : pause, stop);
      pause *= 2;
    }
  }

  Result<http::Response> exchange(const ClientRequest& request, const TakePiece* take) {
    std::unique_ptr<Connection> connection = take_idle();
    const bool fresh = connection == nullptr;
    if (fresh) connection = std::make_unique<Connection>(url_, tls_ ? &*tls_ : nullptr);
    Result<http::Response> answer = Error();
    bool keep = false;
    {
      const Connection::StopGuard guard(*connection, stop_of(request));
      if (fresh) {
        if (const ErrorCode code = connection->connect(options_.connect_timeout); code) {
          return unreachable(code);
        }
      }
      answer = talk(*connection, request, take, keep);
    }
    if (keep && !stop_of(request).stop_requested()) give_back(std::move(connection));
    return answer;
  }

 private:
  std::stop_token stop_of(const ClientRequest& request) const {
    return request.stop.stop_possible() ? request.stop : options_.stop;
  }

  Result<http::Response> talk(Connection& connection, const ClientRequest& request,
                              const TakePiece* take, bool& keep) {
    const Duration limit =
        request.answer_timeout > Duration(0) ? request.answer_timeout : options_.answer_timeout;
    BeastRequest message = message_of(request);
    if (const ErrorCode code = connection.write(message, limit); code) return lost(code, limit);

    ResponseParser parser;
    parser.header_limit(k_header_bytes_max);
    parser.eager(take == nullptr);  // a stream's pieces must not wait for what follows them
    if (take != nullptr) {
      parser.body_limit(boost::none);
    } else {
      parser.body_limit(options_.answer_bytes_max);
    }
    if (request.method == http::Method::head) parser.skip(true);
    while (!parser.is_done()) {
      if (const ErrorCode code = connection.read_some(parser, limit); code) {
        if (code == bhttp::error::body_limit || code == bhttp::error::header_limit) {
          return Error(std::string(error_names::k_limit_exceeded),
                       fmt::format("the answer of {} is larger than this client takes ({} bytes)",
                                   url_.text(), options_.answer_bytes_max));
        }
        return lost(code, limit);
      }
      if (take == nullptr || !parser.is_header_done() || parser.get().result_int() >= 400) continue;
      std::string& body = parser.get().body();
      if (!body.empty() && !(*take)(body)) return response_of(parser, false);
      body.clear();
    }
    keep = parser.get().keep_alive();
    return response_of(parser, true);
  }

  static http::Response response_of(ResponseParser& parser, bool with_body) {
    http::Response response;
    response.status = static_cast<int>(parser.get().result_int());
    response.headers = fields_of(parser.get());
    if (with_body) response.body = std::move(parser.get().body());
    return response;
  }

  BeastRequest message_of(const ClientRequest& request) const {
    BeastRequest message(verb_of(request.method), url_.base_path + request.target, 11);
    message.set(bhttp::field::host, url_.authority());
    message.set(bhttp::field::user_agent, "eventual");
    message.set(bhttp::field::accept, "application/json, text/event-stream, */*");
    if (!options_.bearer_token.empty()) {
      message.set(bhttp::field::authorization, "Bearer " + options_.bearer_token);
    }
    for (const auto& [name, value] : options_.headers) message.set(name, value);
    for (const auto& [name, value] : request.headers) message.set(name, value);
    if (!request.body.empty() && message.find(bhttp::field::content_type) == message.end()) {
      message.set(bhttp::field::content_type, "application/json");
    }
    message.body() = request.body;
    message.prepare_payload();
    return message;
  }

  Error unreachable(const ErrorCode& code) const {
    return {
        std::string(k_unreachable),
        fmt::format("cannot reach {}: {}", url_.text(),
                    code == boost::beast::error::timeout
                        ? fmt::format("no answer within {} ms", options_.connect_timeout.count())
                        : reason_of(code)),
        address_json(url_)};
  }

  Error lost(const ErrorCode& code, Duration limit) const {
    if (code == boost::beast::error::timeout) {
      return {std::string(k_connection_lost),
              fmt::format("{} did not answer within {} ms; whether it acted is unknown",
                          url_.text(), limit.count()),
              Json::object({{"address", url_.text()}, {"timed_out", true}}).dump()};
    }
    return {std::string(k_connection_lost),
            fmt::format("the connection to {} was lost before the whole answer came ({}); whether "
                        "it acted is unknown",
                        url_.text(), reason_of(code)),
            address_json(url_)};
  }

  static std::string reason_of(const ErrorCode& code) {
    if (code == bhttp::error::end_of_stream || code == boost::asio::error::eof ||
        code == bhttp::error::partial_message || code == ssl::error::stream_truncated) {
      return "closed by the other side";
    }
    if (code == boost::asio::error::operation_aborted) return "stopped";
    std::string text = code.message();
    if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z' && text.size() > 1 &&
        text[1] >= 'a' && text[1] <= 'z') {
      text.front() = static_cast<char>(text.front() - 'A' + 'a');
    }
    return text;
  }

  std::unique_ptr<Connection> take_idle() {
    const auto oldest = std::chrono::steady_clock::now() - options_.idle_max;
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->idle_since >= oldest && !connection->stale()) return connection;
    }
    return nullptr;
  }

  void give_back(std::unique_ptr<Connection> connection) {
    connection->idle_since = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (idle_.size() < options_.idle_connections_max) idle_.push_back(std::move(connection));
  }

  Url url_;
  HttpClientOptions options_;
  std::optional<ssl::context> tls_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // the one used last comes last
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::make(std::string_view url,
                                                     HttpClientOptions options) {
  Result<Url> parsed = parse_url(url);
  if (!parsed) return std::move(parsed).error();
  auto impl = std::make_unique<Impl>(std::move(*parsed), std::move(options));
  if (Result<void> ready = impl->set_up(); !ready) return std::move(ready).error();
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

const Url& HttpClient::url() const noexcept { return impl_->url(); }

Result<http::Response> HttpClient::send(ClientRequest request) { return impl_->send(request); }

Result<http::Response> HttpClient::stream(ClientRequest request, const TakePiece& take) {
  return impl_->exchange(request, &take);
}

Error error_of(const http::Response& response) {
  const Result<Json> body = Json::parse(response.body);
  if (body && (*body)["error"].is_string()) {
    const Json& message = (*body)["message"];
    const Json& details = (*body)["details"];
    return {(*body)["error"].as_string(), message.is_string() ? message.as_string() : std::string(),
            details.is_null() ? std::string() : details.dump()};
  }
  return {std::string(name_of_status(response.status)),
          fmt::format("the server answered with status {}{}", response.status,
                      response.body.empty() ? "" : " and no error of Eventual's form")};
}

bool is_timeout(const Error& error) noexcept {
  if (error.name() != k_connection_lost) return false;
  const Result<Json> details = Json::parse(error.details_json());
  return details && (*details)["timed_out"] == Json(true);
}

bool is_unreachable(const Error& error) noexcept {
  return error.name() == k_unreachable || error.name() == k_connection_lost;
}

}  // namespace eventual::client
