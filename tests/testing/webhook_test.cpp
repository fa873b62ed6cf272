// Webhooks on virtual time: what is sent, and what becomes of the receiver's answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace webhooks {
namespace {

namespace ev = eventual;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct OrderCreated {
  std::string id;
  std::int64_t amount_cents = 0;
};

/// A receiver that answers as it is told and keeps what it got.
struct Receiver {
  std::vector<ev::WebhookRequest> requests;
  std::vector<int> statuses;  ///< of the next answers; 0: none comes. Then 204
  std::string retry_after;
  ev::Result<ev::http::Response> answer(const ev::WebhookRequest& request) {
    requests.push_back(request);
    const int status = statuses.empty() ? 204 : statuses.front();
    if (!statuses.empty()) statuses.erase(statuses.begin());
    if (status == 0) return ev::Error("Unreachable", "cannot reach it");
    ev::http::Response response;
    response.status = status;
    if (status >= 400) response.body = "because";
    if (!retry_after.empty()) response.headers.emplace_back("Retry-After", retry_after);
    return response;
  }
};

// [webhook]
inline ev::Service orders{"orders"};
inline const auto order_created = orders.event<OrderCreated>("OrderCreated");
inline const auto partner =
    orders.webhook("partner", ev::on(order_created),
                   {.url = "https://partner.example/hooks?shop=7",
                    .secret = ev::Secret::environment("PARTNER_WEBHOOK_SECRET")});
// [/webhook]

constexpr const char* k_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

TEST(Webhook, SignsAsThePublishedExampleOfStandardWebhooksDoes) {
  EXPECT_EQ(ev::webhook_signature(k_secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                                  R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_THROW((void)ev::webhook_signature("whsec_?", "a", "1", ""), ev::Error);
  EXPECT_NE(ev::webhook_signature("plain", "a", "1", ""),
            ev::webhook_signature("plain", "a", "2", ""));
}

/// One service with a webhook of these options, and its receiver.
struct Shop {
  ev::Service service{"shop"};
  Receiver receiver;
  ev::ServiceEvent<OrderCreated> created = service.event<OrderCreated>("OrderCreated");
  ev::Subscription hook;
  explicit Shop(ev::WebhookOptions options)
      : hook(service.webhook("hook", ev::on(created), std::move(options))) {
    service.provide<ev::WebhookSender>(
        [this](const ev::WebhookRequest& request) { return receiver.answer(request); });
  }
};

ev::WebhookOptions options_with(ev::WebhookFormat format) {
  ev::WebhookOptions options;
  options.url = "https://partner.example/hooks?shop=7";
  options.format = format;
  options.retry = {.max_attempts = 4, .initial_interval = 1s, .jitter = 0};
  return options;
}

std::string header(const ev::WebhookRequest& request, std::string_view name) {
  return std::string(ev::http::find(request.headers, name));
}

TEST(Webhook, SendsTheStructuredFormWithASignatureOfItsTime) {
  ev::WebhookOptions options = options_with(ev::WebhookFormat::structured);
  options.secret = ev::Secret::literal(k_secret);
  options.bearer_token = ev::Secret::literal("t-1");
  Shop shop(std::move(options));
  ev::TestEnvironment env(shop.service);
  env.tick(90s);
  env.emit(shop.created, {"o-1", 5}, {.id = "e-1", .key = "k 1"});
  ASSERT_EQ(shop.receiver.requests.size(), 1U);
  const ev::WebhookRequest& request = shop.receiver.requests[0];
  EXPECT_EQ(request.url, "https://partner.example/hooks?shop=7");
  EXPECT_EQ(header(request, "content-type"), "application/cloudevents+json");
  EXPECT_EQ(header(request, "authorization"), "Bearer t-1");
  EXPECT_EQ(request.body,
            R"({"specversion":"1.0","id":"e-1","source":"shop","type":"OrderCreated",)"
            R"("time":"1970-01-01T00:01:30.000Z","subject":"k 1",)"
            R"("datacontenttype":"application/json","data":{"id":"o-1","amount_cents":5}})");
  EXPECT_EQ(header(request, "webhook-id"), "e-1");
  EXPECT_EQ(header(request, "webhook-timestamp"), "90");
  EXPECT_EQ(header(request, "webhook-signature"),
            ev::webhook_signature(k_secret, "e-1", "90", request.body));
  EXPECT_THAT(env.deliveries(), IsEmpty());
}

TEST(Webhook, WhatComesFromOutsideCannotAddHeaders) {
  for (const auto format : {ev::WebhookFormat::structured, ev::WebhookFormat::binary}) {
    ev::WebhookOptions options = options_with(format);
    options.secret = ev::Secret::literal(k_secret);
    Shop shop(std::move(options));
    ev::TestEnvironment env(shop.service);
    env.emit(shop.created, {"o-1", 5}, {.id = "e\r\nx: 1", .key = "k\r\ny: 2"});
    ASSERT_EQ(shop.receiver.requests.size(), 1U);
    const ev::WebhookRequest& request = shop.receiver.requests[0];
    for (const auto& [name, value] : request.headers)
      EXPECT_EQ(value.find_first_of("\r\n"), std::string::npos) << name;
    EXPECT_EQ(header(request, "webhook-id"), "e%0D%0Ax:%201");
    EXPECT_EQ(header(request, "webhook-signature"),
              ev::webhook_signature(k_secret, "e%0D%0Ax:%201", "0", request.body));
  }
}

TEST(Webhook, SendsTheBinaryFormWithoutASignatureWhereThereIsNoSecret) {
  Shop shop(options_with(ev::WebhookFormat::binary));
  ev::TestEnvironment env(shop.service);
  env.emit(shop.created, {"o-1", 5}, {.id = "e-1", .key = "k 1"});
  ASSERT_EQ(shop.receiver.requests.size(), 1U);
  const ev::WebhookRequest& request = shop.receiver.requests[0];
  EXPECT_EQ(request.body, R"({"id":"o-1","amount_cents":5})");
  EXPECT_EQ(header(request, "content-type"), "application/json");
  EXPECT_EQ(header(request, "ce-specversion"), "1.0");
  EXPECT_EQ(header(request, "ce-id"), "e-1");
  EXPECT_EQ(header(request, "ce-source"), "shop");
  EXPECT_EQ(header(request, "ce-type"), "OrderCreated");
  EXPECT_EQ(header(request, "ce-subject"), "k%201");
  EXPECT_EQ(header(request, "webhook-signature"), "");
  EXPECT_EQ(header(request, "authorization"), "");
}

TEST(Webhook, TriesAgainWhileTheReceiverMayRecover) {
  Shop shop(options_with(ev::WebhookFormat::structured));
  shop.receiver.statuses = {503, 429, 0};
  ev::TestEnvironment env(shop.service);
  env.emit(shop.created, {"o-1", 5});
  EXPECT_EQ(shop.receiver.requests.size(), 1U);
  EXPECT_THAT(env.deliveries(),
              ElementsAre(HasSubstr("after WebhookUnavailable: https://partner.example answered "
                                    "with status 503: because")));
  env.tick(1s);
  EXPECT_EQ(shop.receiver.requests.size(), 2U);
  env.restart();  // it is in the data folder, not in a queue
  env.tick(2s);
  EXPECT_EQ(shop.receiver.requests.size(), 3U);
  env.tick(4s);
  ASSERT_EQ(shop.receiver.requests.size(), 4U);
  EXPECT_EQ(shop.receiver.requests[0].body, shop.receiver.requests[3].body);
  EXPECT_THAT(env.deliveries(), IsEmpty());
  EXPECT_THAT(env.dead_letters(), IsEmpty());
}

TEST(Webhook, WaitsForAsLongAsTheReceiverAsks) {
  Shop shop(options_with(ev::WebhookFormat::structured));
  shop.receiver.statuses = {429, 503};
  shop.receiver.retry_after = "30";
  ev::TestEnvironment env(shop.service);
  env.emit(shop.created, {"o-1", 5});
  env.tick(29s);
  EXPECT_EQ(shop.receiver.requests.size(), 1U);
  shop.receiver.retry_after = "Wed, 21 Oct 2015 07:28:00 GMT";  // a date is not read
  env.tick(1s);
  EXPECT_EQ(shop.receiver.requests.size(), 2U);
  env.tick(2s);
  EXPECT_EQ(shop.receiver.requests.size(), 3U);
  EXPECT_THAT(env.dead_letters(), IsEmpty());
}

TEST(Webhook, WhatTheReceiverRefusesIsADeadLetterAtOnceAndCanBeSentAgain) {
  Shop shop(options_with(ev::WebhookFormat::structured));
  shop.receiver.statuses = {404, 301};
  ev::TestEnvironment env(shop.service);
  env.emit(shop.created, {"o-1", 5});
  env.emit(shop.created, {"o-2", 5});
  const auto letters = env.dead_letters(shop.hook);
  ASSERT_EQ(letters.size(), 2U);
  EXPECT_EQ(letters[0]["attempts"].as_int64(), 1);
  EXPECT_EQ(letters[0]["error"]["name"].as_string(), "WebhookRefused");
  EXPECT_EQ(letters[0]["error"]["details"]["status"].as_int64(), 404);
  EXPECT_EQ(letters[1]["error"]["details"]["status"].as_int64(), 301);
  EXPECT_EQ(env.redrive(shop.hook), 2U);
  EXPECT_EQ(shop.receiver.requests.size(), 4U);
  EXPECT_THAT(env.dead_letters(), IsEmpty());
}

TEST(Webhook, GivesUpAfterItsLastAttempt) {
  Shop shop(options_with(ev::WebhookFormat::structured));
  shop.receiver.statuses = {500, 502, 408, 425, 200};
  ev::TestEnvironment env(shop.service);
  env.emit(shop.created, {"o-1", 5});
  env.tick(1h);
  EXPECT_EQ(shop.receiver.requests.size(), 4U);
  ASSERT_EQ(env.dead_letters(shop.hook).size(), 1U);
  EXPECT_EQ(env.dead_letters()[0]["error"]["name"].as_string(), "WebhookUnavailable");
}

TEST(Webhook, ASecretThatCannotBeReadIsTriedAgainLater) {
  ev::WebhookOptions options = options_with(ev::WebhookFormat::structured);
  options.secret = ev::Secret::environment("EVENTUAL_TEST_NO_SUCH_SECRET");
  Shop shop(std::move(options));
  ev::TestEnvironment env(shop.service);
  env.emit(shop.created, {"o-1", 5});
  EXPECT_THAT(shop.receiver.requests, IsEmpty());  // nothing leaves unsigned
  EXPECT_THAT(env.deliveries(), ElementsAre(HasSubstr("EVENTUAL_TEST_NO_SUCH_SECRET")));
}

TEST(Webhook, ABadAddressIsADefectOfTheDeclaration) {
  for (const char* url : {"ftp://x", "https://", "http://x/a b", "http://x/a#b", "http://me@x/"}) {
    ev::Service service("bad");
    const auto event = service.event<std::string>("Event");
    service.webhook("hook", ev::on(event), {.url = url});
    ASSERT_EQ(service.declarations().defects().size(), 1U) << url;
    EXPECT_THAT(service.declarations().defects()[0].message,
                HasSubstr("webhook \"hook\": its URL"));
  }
  EXPECT_TRUE(orders.declarations().defects().empty());
}

}  // namespace
}  // namespace webhooks
