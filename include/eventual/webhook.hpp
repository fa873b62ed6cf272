// Webhooks: events that go to an HTTP address as CloudEvents.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "eventual/error.hpp"
#include "eventual/event_options.hpp"
#include "eventual/http.hpp"
#include "eventual/secret.hpp"
#include "eventual/time.hpp"

namespace eventual {

/// How a CloudEvent stands in a request.
enum class WebhookFormat : std::uint8_t {
  structured,  ///< the body is the whole event: application/cloudevents+json
  binary,      ///< the body is the payload, the rest are headers that begin with "ce-"
};

struct WebhookOptions {
  std::string url;  ///< "https://shop.example/hooks/orders", with its query
  WebhookFormat format = WebhookFormat::structured;
  /// Signs each request as Standard Webhooks has it: headers webhook-id, webhook-timestamp and
  /// webhook-signature (HMAC-SHA256). "whsec_" and base64, or else the key itself. Empty: unsigned.
  Secret secret = {};
  Secret bearer_token = {};  ///< sent as Authorization; empty: none
  /// Of one attempt. While it waits it takes a thread, and no slot of handlers_running_max.
  Duration timeout = Duration(15'000);
  /// After a status of 500 or more, 408, 425 and 429, and where no answer came. Another status from
  /// 300 on is final: the event is a dead letter at once.
  RetryPolicy retry = {.max_attempts = 10, .max_interval = Duration(600'000)};
  EventOrder order = EventOrder::any;
  SubscriptionStart start = {};
  std::uint32_t in_flight_max = 16;          ///< requests at once; more needs more threads
  std::uint64_t backlog_max = 1'000'000;     ///< as SubscriptionOptions has it
  std::uint64_t dead_letters_max = 100'000;  ///< likewise
  std::string description = {};
};

/// A request that a webhook makes.
struct WebhookRequest {
  std::string url;
  http::Fields headers;
  std::string body;
  Duration timeout{};
};

/// Stands in for the network: `orders.provide<ev::WebhookSender>(function)` makes all webhooks of a
/// service call the function instead, on the threads of their handlers. For tests. It gives the
/// receiver's answer, or an error where there is none.
struct WebhookSender {
  using Send = std::function<Result<http::Response>(const WebhookRequest& request)>;
  explicit WebhookSender(Send send_function) : send(std::move(send_function)) {}

  Send send;
};

/// The value of webhook-signature for a request: "v1," and base64. Receivers in C++ check with it
/// what they got.
std::string webhook_signature(std::string_view secret, std::string_view id,
                              std::string_view timestamp, std::string_view body);

}  // namespace eventual
