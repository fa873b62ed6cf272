// A Slack app on virtual time, against a stand-in of Slack's HTTP side.
#include "eventual/slack.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "eventual/eventual.hpp"
#include "eventual/testing.hpp"
#include "gateway/text.hpp"
#include "tests/client/served.hpp"

namespace eventual::slack {
namespace {

using namespace std::chrono_literals;

// --- the signature ---

// The example that Slack publishes with its rules.
constexpr std::string_view k_secret = "8f742231b10e8888abcd99yyyzzz85a5";
constexpr std::string_view k_timestamp = "1531420618";
constexpr std::string_view k_body =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    "&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    "&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F"
    "T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
constexpr std::string_view k_signature =
    "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
constexpr Timestamp k_sent{1'531'420'618s};

TEST(SlackSignature, OfSlacksOwnExampleIsTrue) {
  EXPECT_TRUE(verify_signature(k_secret, k_timestamp, k_body, k_signature, k_sent));
}

TEST(SlackSignature, IsFalseWhenAnythingDiffers) {
  EXPECT_FALSE(verify_signature("another", k_timestamp, k_body, k_signature, k_sent));
  EXPECT_FALSE(verify_signature(k_secret, "1531420619", k_body, k_signature, k_sent));
  EXPECT_FALSE(verify_signature(k_secret, k_timestamp, "text=", k_signature, k_sent));
  EXPECT_FALSE(verify_signature(k_secret, k_timestamp, k_body, "v0=00", k_sent));
  EXPECT_FALSE(verify_signature(k_secret, k_timestamp, k_body, "", k_sent));
  EXPECT_FALSE(verify_signature("", k_timestamp, k_body, k_signature, k_sent));
}

TEST(SlackSignature, HoldsForFiveMinutesAroundItsTime) {
  const auto holds = [](Timestamp now) {
    return verify_signature(k_secret, k_timestamp, k_body, k_signature, now);
  };
  EXPECT_TRUE(holds(k_sent + 5min));
  EXPECT_FALSE(holds(k_sent + 5min + 1ms));
  EXPECT_TRUE(holds(k_sent - 5min));
  EXPECT_FALSE(holds(k_sent - 5min - 1ms));
}

TEST(SlackSignature, NeedsATimeInWholeSeconds) {
  for (const std::string_view time : {"", "abc", "1531420618x", "-1531420618", " 1531420618",
                                      "1531420618.5", "99999999999999999999999"}) {
    EXPECT_FALSE(verify_signature(k_secret, time, k_body, k_signature, k_sent)) << time;
  }
}

// --- an app ---

/// What Slack would be told, and what it answers. Any thread.
class StandIn {
 public:
  struct Call {
    std::string path;
    std::string authorization;
    Json body;
  };

  StandIn() {
    service_.http.post("/api/:method", [this](const http::Request& request) {
      return take(request, R"({"ok":true,"channel":"C1","ts":"1.5"})");
    });
    service_.http.post("/commands/:id",
                       [this](const http::Request& request) { return take(request, "ok"); });
    served_ = std::make_unique<client::testing::Served>(service_);
  }

  std::string url() const { return served_->url(); }
  /// The next request is answered so; the others as Slack does when all is well.
  void answer_next(http::Response response) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(response));
  }
  std::vector<Call> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  http::Response take(const http::Request& request, std::string_view otherwise) {
    const std::lock_guard lock(mutex_);
    calls_.push_back({request.path, std::string(http::find(request.headers, "authorization")),
                      Json::parse(request.body).value()});
    if (answers_.empty()) return http::json_response(std::string(otherwise));
    http::Response answer = std::move(answers_.front());
    answers_.erase(answers_.begin());
    return answer;
  }

  std::mutex mutex_;
  std::vector<Call> calls_;
  std::vector<http::Response> answers_;
  Service service_{"slack-stand-in"};
  std::unique_ptr<client::testing::Served> served_;
};

constexpr Task<Reply, void> k_respond{"slack.respond"};
constexpr Task<PostMessage, Posted> k_post_message{"slack.chat.postMessage"};
constexpr Task<ApiCall, Json> k_call{"slack.call"};

struct Deploy {
  std::string what;
  std::string response_url;
};

class SlackTest : public testing::Test {
 protected:
  SlackTest()
      : slack_(app_, {.signing_secret = Secret::literal(std::string(k_secret)),
                      .token = Secret::literal("xoxb-1"),
                      .api_url = stand_in_.url() + "/api"}) {
    deploy_ = app_.workflow("deploy", [](Deploy deploy) -> Future<void> {
      co_await sleep_for(1min);
      co_await k_respond(Reply{.response_url = deploy.response_url,
                               .text = deploy.what + " is deployed",
                               .in_channel = true});
    });
    post_ = app_.workflow("post", [](std::string text) -> Future<std::string> {
      const Posted posted = co_await k_post_message(PostMessage{.channel = "C1", .text = text});
      co_return posted.ts;
    });
  }

  TestEnvironment& env() {
    if (!env_) env_ = std::make_unique<TestEnvironment>(app_, TestOptions{.start = k_sent});
    return *env_;
  }

  /// As Slack sends it, signed at the environment's time.
  http::Response send(std::string body, std::string_view type) {
    const std::string timestamp = std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(env().now().time_since_epoch()).count());
    const std::string text = "v0:" + timestamp + ":" + body;
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(EVP_sha256(), k_secret.data(), static_cast<int>(k_secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(),  // NOLINT: its bytes
         mac.data(), &size);
    std::string signature = "v0=";
    for (unsigned i = 0; i < size; ++i) {
      signature += "0123456789abcdef"[mac[i] >> 4U];
      signature += "0123456789abcdef"[mac[i] & 15U];
    }
    return env().request({.method = http::Method::post,
                          .path = "/slack",
                          .raw_target = "/slack",
                          .headers = {{"content-type", std::string(type)},
                                      {"x-slack-request-timestamp", timestamp},
                                      {"x-slack-signature", signature}},
                          .body = std::move(body)});
  }
  http::Response send_form(std::string body) {
    return send(std::move(body), "application/x-www-form-urlencoded");
  }
  http::Response send_json(const Json& body) { return send(body.dump(), "application/json"); }
  http::Response send_payload(const Json& payload) {
    return send_form("payload=" + gateway::percent_encode(payload.dump()));
  }

  /// The result of the workflow "post", which sends one message.
  auto post() { return env().start(post_, "hello"); }

  StandIn stand_in_;
  Service app_{"app"};
  Slack slack_;
  Workflow<Deploy, void> deploy_{""};
  Workflow<std::string, std::string> post_{""};
  std::unique_ptr<TestEnvironment> env_;
};

TEST_F(SlackTest, ProvesItsUrl) {
  const http::Response response =
      send_json(Json::object({{"type", "url_verification"}, {"challenge", "3eZb"}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"challenge":"3eZb"})");
  EXPECT_EQ(send_form("ssl_check=1&token=x").status, 200);
}

TEST_F(SlackTest, WhatIsNotSignedIsNotFound) {
  slack_.command("/deploy", [](const SlashCommand&) { return "deployed"; });
  const http::Response response =
      env().request({.method = http::Method::post,
                     .path = "/slack",
                     .raw_target = "/slack",
                     .headers = {{"content-type", "application/x-www-form-urlencoded"},
                                 {"x-slack-request-timestamp", std::string(k_timestamp)},
                                 {"x-slack-signature", std::string(k_signature)}},
                     .body = "command=%2Fdeploy"});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(env()
                .request({.method = http::Method::post,
                          .path = "/slack",
                          .raw_target = "/slack",
                          .body = "command=%2Fdeploy"})
                .status,
            404);
}

TEST_F(SlackTest, TakesSlacksOwnExampleWhileItIsNew) {
  std::vector<std::string> urls;
  slack_.command("/webhook-collect", [&urls](const SlashCommand& command) {
    EXPECT_EQ(command.user_name, "roadrunner");
    urls.push_back(command.response_url);
  });
  const auto send_example = [this] {
    return env()
        .request({.method = http::Method::post,
                  .path = "/slack",
                  .raw_target = "/slack",
                  .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                              {"X-Slack-Request-Timestamp", std::string(k_timestamp)},
                              {"X-Slack-Signature", std::string(k_signature)}},
                  .body = std::string(k_body)})
        .status;
  };
  EXPECT_EQ(send_example(), 200);
  ASSERT_EQ(urls.size(), 1U);
  EXPECT_EQ(urls.front(),
            "https://hooks.slack.com/commands/T1DC2JH3J/397700885554/96rGlfmibIGlgcZRskXaIFfN");
  env().tick(6min);
  EXPECT_EQ(send_example(), 404) << "it is a replay by now";
}

TEST_F(SlackTest, ACommandIsAnsweredAtOnceAndLater) {
  slack_.command("/deploy", [deploy = deploy_](const SlashCommand& command) {
    deploy.start(Deploy{command.text, command.response_url}, {.name = command.text}).get();
    return "deploying " + command.text;
  });
  const http::Response response =
      send_form("command=%2Fdeploy&text=the+shop&response_url=" +
                gateway::percent_encode(stand_in_.url() + "/commands/7"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"response_type":"ephemeral","text":"deploying the shop"})");
  EXPECT_TRUE(stand_in_.calls().empty());
  env().tick(2min);
  const auto calls = stand_in_.calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].path, "/commands/7");
  EXPECT_EQ(calls[0].body["text"], Json("the shop is deployed"));
  EXPECT_EQ(calls[0].body["response_type"], Json("in_channel"));
  EXPECT_EQ(calls[0].authorization, "") << "the token is for the Web API alone";
}

TEST_F(SlackTest, WhatACommandThrowsIsShown) {
  slack_.command("/fail", [](const SlashCommand&) { throw Error("NoShop", "there is no shop"); });
  EXPECT_EQ(send_form("command=%2Ffail").body,
            R"({"response_type":"ephemeral","text":"there is no shop"})");
  EXPECT_EQ(send_form("command=%2Funknown").status, 404);
}

TEST_F(SlackTest, AnEventThatComesTwiceIsHandledOnce) {
  auto texts = std::make_shared<std::vector<std::string>>();  // shared: with the handler
  slack_.event("app_mention", "answering", [texts](const Event& event) {
    texts->push_back(event.text + " in " + event.channel);
  });
  const Json sent = Json::object(
      {{"type", "event_callback"},
       {"event_id", "Ev1"},
       {"team_id", "T1"},
       {"event", Json::object({{"type", "app_mention"}, {"text", "hi"}, {"channel", "C1"}})}});
  EXPECT_EQ(send_json(sent).status, 200);
  EXPECT_EQ(send_json(sent).status, 200);
  Json other = sent;
  other.set("event_id", "Ev2");
  other["event"].set("type", "reaction_added");
  EXPECT_EQ(send_json(other).status, 200) << "what nobody handles is not refused";
  env().tick(1s);
  EXPECT_EQ(*texts, std::vector<std::string>{"hi in C1"});
}

TEST_F(SlackTest, AnEventsHandlerIsTriedAgain) {
  auto calls = std::make_shared<int>(0);  // shared: with the handler
  slack_.event("message", "listening", {.retry = {.max_attempts = 3, .initial_interval = 1s}},
               [calls](const Event&) {
                 if (++*calls < 3) throw Error("Busy", "not now");
               });
  send_json(Json::object({{"type", "event_callback"},
                          {"event_id", "Ev1"},
                          {"event", Json::object({{"type", "message"}})}}));
  env().tick(1min);
  EXPECT_EQ(*calls, 3);
}

TEST_F(SlackTest, AButtonAViewAndAShortcutFindTheirHandlers) {
  slack_.action("approve", [](const Interaction& interaction) {
    return interaction.user_id + " approves " + interaction.value;
  });
  slack_.view("feedback", [](const Interaction& interaction) {
    EXPECT_EQ(interaction.payload["view"]["state"], Json("x"));
    return Json::object({{"response_action", "clear"}});
  });
  auto shortcuts = std::make_shared<int>(0);  // shared: with the handler
  slack_.shortcut("ask", [shortcuts](const Interaction&) { ++*shortcuts; });

  EXPECT_EQ(
      send_payload(Json::object({{"type", "block_actions"},
                                 {"user", Json::object({{"id", "U1"}})},
                                 {"actions", Json::array({Json::object(
                                                 {{"action_id", "approve"}, {"value", "e-1"}})})}}))
          .body,
      R"({"response_type":"ephemeral","text":"U1 approves e-1"})");
  EXPECT_EQ(
      send_payload(
          Json::object({{"type", "view_submission"},
                        {"view", Json::object({{"callback_id", "feedback"}, {"state", "x"}})}}))
          .body,
      R"({"response_action":"clear"})");
  for (const char* type : {"shortcut", "message_action"}) {
    const http::Response response =
        send_payload(Json::object({{"type", type}, {"callback_id", "ask"}}));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
  }
  EXPECT_EQ(*shortcuts, 2);
  EXPECT_EQ(send_payload(Json::object({{"type", "block_actions"}})).status, 404);
  EXPECT_EQ(send_form("payload=%7B").status, 400);
}

TEST_F(SlackTest, AMessageIsSentWithTheToken) {
  auto execution = post();
  env().tick(1ms);
  EXPECT_EQ(execution.result(), "1.5");
  const auto calls = stand_in_.calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].path, "/api/chat.postMessage");
  EXPECT_EQ(calls[0].authorization, "Bearer xoxb-1");
  EXPECT_EQ(calls[0].body, Json::object({{"channel", "C1"}, {"text", "hello"}}));
}

TEST_F(SlackTest, WhenSlackHasEnoughItIsAskedAgainWhenItSaid) {
  stand_in_.answer_next({.status = 429, .headers = {{"Retry-After", "600"}}, .body = "{}"});
  auto execution = post();
  env().tick(599s);
  EXPECT_EQ(stand_in_.calls().size(), 1U);
  EXPECT_EQ(execution.status(), "running");
  env().tick(2s);
  EXPECT_EQ(stand_in_.calls().size(), 2U);
  EXPECT_EQ(execution.result(), "1.5");
}

TEST_F(SlackTest, WhatSlackRefusesIsNotTriedAgain) {
  stand_in_.answer_next(http::json_response(R"({"ok":false,"error":"channel_not_found"})"));
  auto execution = post();
  env().tick(1h);
  EXPECT_EQ(execution.status(), "failed");
  EXPECT_EQ(stand_in_.calls().size(), 1U);
  try {
    (void)execution.result();
    FAIL() << "it did not fail";
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "SlackError");
    EXPECT_EQ(error.details_json(), R"({"method":"chat.postMessage","error":"channel_not_found"})");
  }
}

TEST_F(SlackTest, WhatPassesIsTriedAgain) {
  stand_in_.answer_next(http::json_response(R"({"ok":false,"error":"internal_error"})"));
  stand_in_.answer_next({.status = 502, .body = "bad gateway"});
  auto execution = post();
  env().tick(1h);
  EXPECT_EQ(execution.result(), "1.5");
  EXPECT_EQ(stand_in_.calls().size(), 3U);
}

TEST_F(SlackTest, AnyMethodOfTheWebApiIsCalled) {
  const auto react = app_.workflow("react", [](std::string name) -> Future<Json> {
    co_return co_await k_call(
        ApiCall{.method = "reactions.add", .arguments = Json::object({{"name", name}})});
  });
  auto execution = env().start(react, "eyes");
  env().tick(1ms);
  EXPECT_EQ(execution.result()["ts"], Json("1.5"));
  ASSERT_EQ(stand_in_.calls().size(), 1U);
  EXPECT_EQ(stand_in_.calls()[0].path, "/api/reactions.add");
  EXPECT_EQ(stand_in_.calls()[0].body["name"], Json("eyes"));
}

}  // namespace
}  // namespace eventual::slack
