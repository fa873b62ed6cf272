// Sends events to HTTP addresses: the handler of subscriptions that are webhooks.
#include "eventual/webhook.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "client/http_client.hpp"
#include "eventual/detail/runtime.hpp"
#include "eventual/json.hpp"
#include "eventual/service.hpp"
#include "gateway/cloud_events.hpp"
#include "schema/text.hpp"

namespace eventual {
namespace {

constexpr std::string_view k_refused = "WebhookRefused";          // final
constexpr std::string_view k_unavailable = "WebhookUnavailable";  // is tried again
constexpr std::string_view k_secret_prefix = "whsec_";
/// Of the receiver's answer, what an error tells.
constexpr std::size_t k_told_max = 500;
constexpr std::size_t k_answer_bytes_max = 1 << 20;

/// A URL in what a client keeps for all requests and what each request has.
struct Address {
  std::string server;  ///< "https://shop.example"
  std::string target;  ///< "/hooks?x=1"
};

Address split(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path =
      scheme == std::string::npos ? scheme : url.find_first_of("/?", scheme + 3);
  if (path == std::string::npos) return {url, "/"};
  std::string target = url.substr(path);
  if (target.front() == '?') target.insert(target.begin(), '/');
  return {url.substr(0, path), std::move(target)};
}

bool is_tried_again(int status) {
  return status >= 500 || status == 408 || status == 425 || status == 429;
}

/// What the answer's Retry-After asks for, up to a day; 0: nothing, or a date.
std::int64_t retry_after_s(const http::Response& answer) {
  constexpr std::int64_t k_longest_s = std::int64_t{24} * 60 * 60;
  const std::string_view text = http::find(answer.headers, "retry-after");
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code != std::errc() || end != text.data() + text.size()) return 0;
  return std::clamp<std::int64_t>(seconds, 0, k_longest_s);
}

/// Without what would not be readable in a log.
std::string told_of(const std::string& body) {
  std::string told = body.substr(0, k_told_max);
  std::replace_if(told.begin(), told.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return told;
}

class Webhook {
 public:
  explicit Webhook(WebhookOptions options)
      : options_(std::move(options)), address_(split(options_.url)) {}

  /// Empty, or what is wrong with the address.
  std::string defect() const {
    if (!options_.url.starts_with("http://") && !options_.url.starts_with("https://"))
      return "its URL must begin with http:// or https://";
    const auto url = client::parse_url(address_.server);
    if (!url) return "its URL: " + url.error().message();
    const bool plain = std::all_of(address_.target.begin(), address_.target.end(),
                                   [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
    return plain ? "" : "its URL must be percent-encoded, without a fragment";
  }

  /// Throws what makes the attempt fail.
  void deliver(std::string_view delivery, detail::HandlerScope& scope) {
    std::string_view subscription;
    const auto events = detail::read_delivery(delivery, subscription);
    const WebhookRequest request = request_of(events.front(), scope);
    std::optional<Result<http::Response>> answer;
    if (const WebhookSender* sender = sender_in(scope)) {
      answer = sender->send(request);
    } else {
      client::HttpClient& client = http_client();
      detail::Runtime::require("a webhook").wait_outside([&] {
        answer = send(client, request, scope.task->stop_token());
      });
    }
    check(*answer);
  }

 private:
  WebhookRequest request_of(const detail::DeliveredEvent& event,
                            const detail::HandlerScope& scope) const {
    const ports::EventView view{0,
                                std::string(event.name),
                                std::string(event.id),
                                std::string(event.key),
                                std::string(event.source),
                                event.at,
                                std::string(event.payload)};
    const std::string source = scope.service != nullptr ? scope.service->name : "eventual";
    WebhookRequest request;
    request.url = options_.url;
    request.timeout = options_.timeout;
    if (options_.format == WebhookFormat::binary) {
      request.headers = gateway::cloud_events::binary_headers(view, source);
      request.body = view.payload_json;
    } else {
      request.headers.emplace_back("content-type",
                                   std::string(gateway::cloud_events::k_structured_type));
      request.body = gateway::cloud_events::write(view, source);
    }
    if (options_.bearer_token)
      request.headers.emplace_back("authorization", "Bearer " + options_.bearer_token.value());
    if (options_.secret) {
      const auto now = detail::Runtime::require("a webhook").now().time_since_epoch();
      const std::string seconds =
          std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
      const std::string id = gateway::cloud_events::header_value(view.id);
      request.headers.emplace_back("webhook-id", id);
      request.headers.emplace_back("webhook-timestamp", seconds);
      request.headers.emplace_back(
          "webhook-signature",
          webhook_signature(options_.secret.value(), id, seconds, request.body));
    }
    return request;
  }

  static const WebhookSender* sender_in(const detail::HandlerScope& scope) {
    if (scope.provided == nullptr) return nullptr;
    const auto found = scope.provided->find(typeid(WebhookSender));
    return found == scope.provided->end() ? nullptr
                                          : static_cast<const WebhookSender*>(found->second);
  }

  client::HttpClient& http_client() {
    const std::lock_guard lock(mutex_);
    if (client_ == nullptr) {
      client::HttpClientOptions options;
      options.connect_timeout = options_.timeout;
      options.answer_timeout = options_.timeout;
      options.attempts_max = 1;
      options.answer_bytes_max = k_answer_bytes_max;
      options.idle_connections_max = options_.in_flight_max;
      auto made = client::HttpClient::make(address_.server, std::move(options));
      if (!made) throw made.error();
      client_ = std::move(*made);
    }
    return *client_;
  }

  Result<http::Response> send(client::HttpClient& client, const WebhookRequest& request,
                              const std::stop_token& stop) const {
    client::ClientRequest sent;
    sent.method = http::Method::post;
    sent.target = address_.target;
    sent.body = request.body;
    sent.headers = request.headers;
    sent.stop = stop;
    return client.send(std::move(sent));
  }

  void check(const Result<http::Response>& answer) const {
    if (!answer) throw Error(std::string(k_unavailable), answer.error().message());
    const int status = answer->status;
    if (status >= 200 && status < 300) return;
    const bool again = is_tried_again(status);
    Json details = Json::object({{"status", status}});
    if (const std::int64_t seconds = again ? retry_after_s(*answer) : 0; seconds > 0)
      details.set("retry_after_ms", seconds * 1'000);  // which the next attempt waits for
    throw Error(std::string(again ? k_unavailable : k_refused),
                fmt::format("{} answered with status {}{}{}", address_.server, status,
                            answer->body.empty() ? "" : ": ", told_of(answer->body)),
                details.dump());
  }

  const WebhookOptions options_;
  const Address address_;
  std::mutex mutex_;
  std::unique_ptr<client::HttpClient> client_;  // of all requests, made with the first
};

}  // namespace

std::string webhook_signature(std::string_view secret, std::string_view id,
                              std::string_view timestamp, std::string_view body) {
  std::string key(secret);
  if (secret.starts_with(k_secret_prefix)) {
    key.clear();
    if (!schema::decode_base64(secret.substr(k_secret_prefix.size()), key)) {
      throw Error(std::string(error_names::k_invalid_input),
                  "a secret that begins with whsec_ goes on with base64");
    }
  }
  const std::string text = fmt::format("{}.{}.{}", id, timestamp, body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  EVENTUAL_ASSERT(made != nullptr, "HMAC-SHA256 is available");
  std::string signature = "v1,";
  schema::append_base64(signature, {reinterpret_cast<const char*>(mac.data()), size});
  return signature;
}

Subscription Service::add_webhook(std::string subscription_name,
                                  std::vector<detail::EventSource> sources, WebhookOptions options,
                                  std::source_location location) {
  detail::SubscriptionDefinition definition;
  definition.name = std::move(subscription_name);
  definition.location = location;
  definition.sources = std::move(sources);
  SubscriptionOptions& taken = definition.options;
  taken.timeout = options.timeout;
  taken.retry = options.retry;
  taken.retry.non_retryable.emplace_back(k_refused);
  taken.order = options.order;
  taken.start = options.start;
  taken.in_flight_max = options.in_flight_max;
  taken.backlog_max = options.backlog_max;
  taken.dead_letters_max = options.dead_letters_max;
  taken.description = options.description;
  // shared: a std::function is copied
  const auto webhook = std::make_shared<Webhook>(std::move(options));
  if (const std::string defect = webhook->defect(); !defect.empty())
    declarations_.add_defect(fmt::format("webhook \"{}\": {}", definition.name, defect), location);
  definition.attempt.run = [webhook](std::string_view delivery, detail::HandlerScope& scope) {
    webhook->deliver(delivery, scope);
    return std::string("null");
  };
  return Subscription(declarations_.add(std::move(definition)).name);
}

}  // namespace eventual
