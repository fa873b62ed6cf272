#include "gateway/gateway.hpp"

#include <gtest/gtest.h>

#include "gateway/error_response.hpp"
#include "tests/gateway/support.hpp"

namespace eventual::gateway {
namespace {

using http::Method;
using testing::Client;
using testing::FakeOperations;
using testing::Reply;

/// Answers the composed input.
CommandRoute echo(std::string name, Method method, std::string path) {
  return {.name = std::move(name),
          .method = method,
          .path = std::move(path),
          .invoke = [](const http::Request& request, const auto& done) {
            try {
              done({.status = 200, .headers = {}, .body = compose_input_json(request, {})});
            } catch (const Error& error) {
              done(error_response(error));
            }
          }};
}

class GatewayTest : public ::testing::Test {
 protected:
  Reply call(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view headers = {}) {
    if (!gateway_) {
      options_.server.listen = "127.0.0.1:0";
      gateway_ = Gateway::start(options_, operations_, commands_, extras_).value();
    }
    Client client(gateway_->bound_port());
    return client.call(method, target, body, headers);
  }

  FakeOperations operations_;
  GatewayOptions options_;
  std::vector<CommandRoute> commands_;
  std::vector<ExtraRoute> extras_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, CommandsAnswerOverRpcAndOnTheirPath) {
  commands_ = {echo("createOrder", Method::post, "/orders"), echo("say hello", Method::post, "")};
  const Reply rpc = call("POST", "/rpc/createOrder", R"({"id":"1"})");
  EXPECT_EQ(rpc.status, 200);
  EXPECT_EQ(rpc.body, R"({"id":"1"})");
  EXPECT_EQ(rpc.header("content-type"), "application/json");
  const Reply rest = call("POST", "/orders", R"({"id":"1"})");
  EXPECT_EQ(rest.status, 200);
  EXPECT_EQ(call("POST", "/rpc/say%20hello").body, "null");
  EXPECT_EQ(call("GET", "/rpc/createOrder").status, 405);
  EXPECT_EQ(call("POST", "/rpc/none").status, 404);
  EXPECT_NE(call("POST", "/rpc/none").body.find("command none is not declared"), std::string::npos);
}

TEST_F(GatewayTest, RestInputJoinsPathQueryAndBody) {
  commands_ = {echo("get", Method::get, "/orders/:id"), echo("put", Method::put, "/orders/:id"),
               echo("list", Method::get, "/orders"), echo("remove", Method::del, "/orders/:id")};
  EXPECT_EQ(call("GET", "/orders/a%20b?x=1&y=2&x=3").json(),
            Json::object({{"x", Json::array({"1", "3"})}, {"y", "2"}, {"id", "a b"}}));
  EXPECT_EQ(call("PUT", "/orders/7?x=1", R"({"amount":5,"id":"other"})").json(),
            Json::object({{"amount", 5}, {"id", "7"}}));
  EXPECT_EQ(call("DELETE", "/orders/7?force=true").json(),
            Json::object({{"force", "true"}, {"id", "7"}}));
  EXPECT_EQ(call("GET", "/orders?id=1").json(), Json::object({{"id", "1"}}));
  EXPECT_EQ(call("GET", "/orders").body, "null");
  EXPECT_EQ(call("PUT", "/orders/7", "[1]").status, 400);
  EXPECT_EQ(call("PUT", "/orders/7", "{").status, 400);
}

TEST_F(GatewayTest, OtherContentTypesThanJsonAreRefused) {
  commands_ = {echo("c", Method::post, "/c")};
  EXPECT_EQ(call("POST", "/c", "{}", "Content-Type: application/json; charset=utf-8\r\n").status,
            200);
  EXPECT_EQ(call("POST", "/c", "{}", "Content-Type: application/merge-patch+json\r\n").status, 200);
  const Reply refused = call("POST", "/rpc/c", "a=b", "Content-Type: text/plain\r\n");
  EXPECT_EQ(refused.status, 415);
  EXPECT_EQ(refused.json()["error"], Json("InvalidInput"));
}

TEST_F(GatewayTest, WhatCurlSaysOfJsonIsTakenFromToolsAndNotFromWebPages) {
  commands_ = {echo("c", Method::post, "/c")};
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";
  EXPECT_EQ(call("POST", "/c", R"({"a":1})", form).body, R"({"a":1})");
  EXPECT_EQ(call("POST", "/c", "{}", form + "Origin: http://localhost\r\n").status, 415);
  EXPECT_EQ(call("POST", "/c", "{}", form + "Sec-Fetch-Site: cross-site\r\n").status, 415);
  EXPECT_EQ(call("POST", "/c", "{}", form + "Cookie: session=1\r\n").status, 415);
}

TEST_F(GatewayTest, CommandsThatCollideAreRefusedByName) {
  const auto gateway =
      Gateway::start({.server = {.listen = "127.0.0.1:0"}, .operations = {}}, operations_,
                     {echo("one", Method::get, "/a/:x"), echo("two", Method::get, "/a/:y")});
  ASSERT_FALSE(gateway);
  EXPECT_NE(gateway.error().message().find("command one"), std::string::npos);
  EXPECT_NE(gateway.error().message().find("command two"), std::string::npos);
  EXPECT_FALSE(Gateway::start({.server = {.listen = "127.0.0.1:0"}, .operations = {}}, operations_,
                              {echo("one", Method::get, "/_eventual/health")}));
}

TEST_F(GatewayTest, NoCommandPatternTakesThePathsOfTheEngine) {
  commands_ = {echo("all", Method::any, "/*")};
  options_.operations.admin_token = "secret";
  EXPECT_EQ(call("GET", "/other/path").status, 200);
  EXPECT_EQ(call("GET", "/_eventual/executions").status, 401);
  EXPECT_EQ(call("GET", "/_eventual/health").json()["ready"], Json(true));
}

TEST_F(GatewayTest, ExtraRoutesUnderTheEnginesPathNeedTheToken) {
  auto answer = [](const http::Request&, const auto& done) {
    done({.status = 200, .headers = {{"content-type", "text/plain"}}, .body = "x 1\n"});
  };
  extras_ = {
      {.name = "metrics", .path = "/_eventual/metrics", .invoke = answer},
      {.name = "success", .path = "/_eventual/tasks/success", .open = true, .invoke = answer},
      {.name = "openapi", .path = "/openapi.json", .invoke = answer}};
  options_.operations.admin_token = "secret";
  EXPECT_EQ(call("GET", "/_eventual/metrics").status, 401);
  const Reply reply = call("GET", "/_eventual/metrics", {}, "Authorization: Bearer secret\r\n");
  EXPECT_EQ(reply.body, "x 1\n");
  EXPECT_EQ(reply.header("content-type"), "text/plain");
  EXPECT_EQ(call("GET", "/_eventual/tasks/success").status, 200);
  EXPECT_EQ(call("GET", "/openapi.json").status, 200);
}

TEST_F(GatewayTest, ListedOriginsGetTheirCrossOriginHeaders) {
  commands_ = {echo("c", Method::post, "/c")};
  options_.server.allowed_origins = {"https://shop.example"};
  const Reply preflight =
      call("OPTIONS", "/c", {},
           "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n"
           "Access-Control-Request-Headers: content-type\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(preflight.header("access-control-allow-methods"), "POST, OPTIONS");
  EXPECT_EQ(preflight.header("access-control-allow-headers"), "content-type");
  const Reply reply = call("POST", "/c", "{}", "Origin: https://shop.example\r\n");
  EXPECT_EQ(reply.header("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(call("POST", "/c", "{}", "Origin: https://evil.example\r\n").status, 403);
}

TEST_F(GatewayTest, ACommandThatForgetsToAnswerIs500) {
  commands_ = {{.name = "lost", .invoke = [](const http::Request&, const auto&) {}}};
  EXPECT_EQ(call("POST", "/rpc/lost").status, 500);
}

}  // namespace
}  // namespace eventual::gateway
