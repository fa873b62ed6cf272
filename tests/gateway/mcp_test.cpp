// The Model Context Protocol at POST /mcp: messages, tools, resources, and whose rights count.
#include "gateway/mcp/mcp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>

#include "gateway/error_response.hpp"
#include "gateway/gateway.hpp"
#include "gateway/mcp/resources.hpp"
#include "tests/gateway/support.hpp"

namespace eventual::gateway {
namespace {

using mcp::ToolSource;
using testing::Client;
using ::testing::ElementsAre;
using testing::FakeOperations;
using ::testing::HasSubstr;
using testing::Reply;

const std::string k_json = "Content-Type: application/json\r\n";

Json order_schema() {
  return Json::parse(R"({"type":"object","title":"Order","properties":{"id":{"type":"string"}},
                         "required":["id"]})")
      .value();
}

class McpTest : public ::testing::Test {
 protected:
  McpTest() { options_.mcp.emplace(mcp::Options{.service = "shop", .version = "7"}); }

  /// A command as a tool. What `answer` gives is its response.
  void add_command(ToolSource tool, std::function<http::Response(const http::Request&)> answer,
                   RouteTraits traits = {}) {
    commands_.push_back(
        {.name = tool.name,
         .traits = traits,
         .invoke = [answer = std::move(answer)](const http::Request& request, const auto& done) {
           done(answer(request));
         }});
    options_.mcp->tools.push_back(std::move(tool));
  }

  void add_echo(ToolSource tool) {
    add_command(std::move(tool), [](const http::Request& request) {
      return json_response(200, request.body.empty() ? "null" : request.body);
    });
  }

  Reply post(std::string_view body, std::string_view headers = {}) {
    if (!gateway_) {
      options_.server.listen = "127.0.0.1:0";
      gateway_ = Gateway::start(options_, operations_, commands_).value();
    }
    Client client(gateway_->bound_port());
    return client.call("POST", "/mcp", body, k_json + std::string(headers));
  }

  Reply ask(std::string_view method, const Json& params = Json::object(),
            std::string_view headers = {}) {
    const Json message =
        Json::object({{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}});
    return post(message.dump(), headers);
  }

  Json result(std::string_view method, const Json& params = Json::object(),
              std::string_view headers = {}) {
    const Reply reply = ask(method, params, headers);
    EXPECT_EQ(reply.status, 200) << reply.body;
    const Json body = reply.json();
    EXPECT_EQ(body["jsonrpc"], Json("2.0"));
    EXPECT_EQ(body["id"], Json(1));
    EXPECT_EQ(body.find("error"), nullptr) << reply.body;
    return body["result"];
  }

  Json call(std::string_view tool, const Json& arguments, std::string_view headers = {}) {
    return result("tools/call", Json::object({{"name", tool}, {"arguments", arguments}}), headers);
  }

  std::int64_t code_of(const Reply& reply) { return reply.json()["error"]["code"].as_int64(); }

  FakeOperations operations_;
  GatewayOptions options_;
  std::vector<CommandRoute> commands_;
  std::unique_ptr<Gateway> gateway_;
};

Json text_of(const Json& tool_result) {
  return Json::parse(tool_result["content"].as_array().at(0)["text"].as_string()).value();
}

// --- the protocol ---

TEST_F(McpTest, InitialisingAgreesOnAVersionAndSaysWhatThereIs) {
  options_.mcp->instructions = "Sells things.";
  for (const char* version : {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}) {
    const Json agreed = result("initialize", Json::object({{"protocolVersion", version}}));
    EXPECT_EQ(agreed["protocolVersion"], Json(version));
    EXPECT_EQ(agreed["serverInfo"], Json::object({{"name", "shop"}, {"version", "7"}}));
    EXPECT_EQ(agreed["instructions"], Json("Sells things."));
    EXPECT_EQ(agreed["capabilities"],
              Json::object({{"tools", Json::object()}, {"resources", Json::object()}}));
  }
  EXPECT_EQ(
      result("initialize", Json::object({{"protocolVersion", "1999-01-01"}}))["protocolVersion"],
      Json("2025-11-25"));
  EXPECT_EQ(code_of(ask("initialize")), -32602);
}

TEST_F(McpTest, MessagesThatAreNoneAreRefusedAsJsonRpcSays) {
  EXPECT_EQ(result("ping"), Json::object());
  const Reply no_json = post("{");
  EXPECT_EQ(no_json.status, 400);
  EXPECT_EQ(code_of(no_json), -32700);
  EXPECT_EQ(no_json.json()["id"], Json());
  for (const char* body :
       {"1", "{}", R"({"jsonrpc":"1.0","id":1,"method":"ping"})", R"({"jsonrpc":"2.0","id":1})",
        R"({"jsonrpc":"2.0","id":null,"method":"ping"})",
        R"({"jsonrpc":"2.0","id":1,"method":2})"}) {
    const Reply reply = post(body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(code_of(reply), -32600) << body;
  }
  EXPECT_EQ(code_of(ask("tools/none")), -32601);
  EXPECT_EQ(code_of(ask("ping", Json::array({1}))), -32602);
  const Reply named = post(R"({"jsonrpc":"2.0","id":"a","method":"ping"})");
  EXPECT_EQ(named.body, R"({"jsonrpc":"2.0","id":"a","result":{}})");
}

TEST_F(McpTest, NotificationsAndResponsesAreAcceptedWithoutAnAnswer) {
  for (const char* body : {R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                           R"({"jsonrpc":"2.0","id":3,"result":{}})",
                           R"([{"jsonrpc":"2.0","method":"notifications/cancelled"}])"}) {
    const Reply reply = post(body);
    EXPECT_EQ(reply.status, 202) << body;
    EXPECT_EQ(reply.body, "") << body;
  }
}

TEST_F(McpTest, BatchesBelongToOneVersionOfTheProtocol) {
  const std::string batch =
      R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"n"},)"
      R"({"jsonrpc":"2.0","id":2,"method":"none"}])";
  const Reply reply = post(batch, "Mcp-Protocol-Version: 2025-03-26\r\n");
  EXPECT_EQ(reply.status, 200);
  ASSERT_EQ(reply.json().size(), 2U);
  EXPECT_EQ(reply.json().as_array()[0]["result"], Json::object());
  EXPECT_EQ(reply.json().as_array()[1]["error"]["code"], Json(-32601));
  EXPECT_EQ(post(batch, "Mcp-Protocol-Version: 2025-06-18\r\n").status, 400);
  EXPECT_EQ(post("[]").status, 400);
  std::string long_batch = "[1";
  for (std::size_t i = 0; i < mcp::k_batch_max; ++i) long_batch += ",1";
  EXPECT_THAT(post(long_batch + "]").body, HasSubstr("at most 50"));
}

TEST_F(McpTest, HttpIsCheckedAsTheTransportSays) {
  EXPECT_EQ(ask("ping", Json::object(), "Mcp-Protocol-Version: 1999-01-01\r\n").status, 400);
  EXPECT_EQ(ask("ping", Json::object(), "Mcp-Protocol-Version: 2025-11-25\r\n").status, 200);
  EXPECT_EQ(ask("ping", Json::object(), "Accept: text/event-stream\r\n").status, 406);
  EXPECT_EQ(ask("ping", Json::object(), "Accept: application/json, text/event-stream\r\n").status,
            200);
  EXPECT_EQ(ask("ping", Json::object(), "Origin: https://elsewhere.example\r\n").status, 403);
  Client client(gateway_->bound_port());
  EXPECT_EQ(client.call("GET", "/mcp", "", "Accept: text/event-stream\r\n").status, 405);
  EXPECT_EQ(client.call("DELETE", "/mcp").status, 405);
  EXPECT_EQ(client.call("POST", "/mcp", "{}", "Content-Type: text/plain\r\n").status, 415);
}

TEST_F(McpTest, WithoutItThePathIsFree) {
  options_.mcp.reset();
  EXPECT_EQ(ask("ping").status, 404);
}

// --- tools ---

TEST_F(McpTest, ACommandIsAToolWithItsSchemas) {
  add_echo({.name = "createOrder",
            .title = "Places an order",
            .description = "Places an order and ships it",
            .input = order_schema(),
            .output = order_schema()});
  add_echo({.name = "now", .output = Json::object({{"type", "string"}}), .read_only = true});
  const Json tools = result("tools/list");
  EXPECT_EQ(tools.find("nextCursor"), nullptr);
  const Json& create = tools["tools"].as_array().at(0);
  EXPECT_EQ(create["name"], Json("createOrder"));
  EXPECT_EQ(create["title"], Json("Places an order"));
  EXPECT_EQ(create["description"], Json("Places an order and ships it"));
  EXPECT_EQ(create["inputSchema"], order_schema());
  EXPECT_EQ(create["outputSchema"], order_schema());
  const Json& now = tools["tools"].as_array().at(1);
  EXPECT_EQ(now["annotations"], Json::object({{"readOnlyHint", true}}));
  EXPECT_EQ(now["inputSchema"], Json::object({{"type", "object"}, {"properties", Json::object()}}));
}

TEST_F(McpTest, SchemasThatAreNoObjectsAreWrappedWithTheirDefinitionsAtTheRoot) {
  const Json tree = Json::parse(R"({"type":"array","items":{"$ref":"#/$defs/Node"},
      "$defs":{"Node":{"type":"object"}}})")
                        .value();
  const Json node =
      Json::parse(R"({"$ref":"#/$defs/Node","$defs":{"Node":{"type":"object"}}})").value();
  const Json pair =
      Json::parse(R"({"type":"array","prefixItems":[{"type":"string"},{"type":"string"}],
      "items":false,"minItems":2})")
          .value();
  add_echo({.name = "trees", .input = tree, .output = node});
  add_echo({.name = "pair", .input = pair, .input_optional = true});
  const Json tools = result("tools/list");
  const Json& trees = tools["tools"].as_array().at(0);
  EXPECT_EQ(trees["inputSchema"], Json::parse(R"({"type":"object",
      "properties":{"input":{"type":"array","items":{"$ref":"#/$defs/Node"}}},
      "$defs":{"Node":{"type":"object"}},"required":["input"]})")
                                      .value());
  EXPECT_EQ(trees["outputSchema"], Json::parse(R"({"type":"object",
      "$defs":{"Node":{"type":"object"}}})")
                                       .value());
  // For validators of older drafts "items": false would be an empty list.
  EXPECT_EQ(tools["tools"].as_array().at(1)["inputSchema"], Json::parse(R"({"type":"object",
      "properties":{"input":{"type":"array","prefixItems":[{"type":"string"},{"type":"string"}],
      "minItems":2,"maxItems":2}}})")
                                                                .value());
}

TEST_F(McpTest, NamesAreSuchAsModelsTakeAndStayUnique) {
  const std::string long_name(80, 'x');
  add_echo({.name = "say hello"});
  add_echo({.name = "say_hello"});
  add_echo({.name = long_name});
  options_.mcp->tools.push_back({.kind = ToolSource::Kind::workflow, .name = "ship"});
  add_echo({.name = "start_ship"});
  std::vector<std::string> names;
  const Json tools = result("tools/list");
  for (const Json& tool : tools["tools"].as_array()) names.push_back(tool["name"].as_string());
  EXPECT_THAT(names, ElementsAre("say_hello", "say_hello_2", long_name.substr(0, 64), "start_ship",
                                 "start_ship_2"));
}

TEST_F(McpTest, TheListOfToolsComesInPages) {
  for (std::size_t i = 0; i < mcp::k_tools_page + 1; ++i)
    add_echo({.name = "tool" + std::to_string(i)});
  const Json first = result("tools/list");
  EXPECT_EQ(first["tools"].size(), mcp::k_tools_page);
  const Json second = result("tools/list", Json::object({{"cursor", first["nextCursor"]}}));
  ASSERT_EQ(second["tools"].size(), 1U);
  EXPECT_EQ(second["tools"].as_array()[0]["name"], Json("tool100"));
  EXPECT_EQ(second.find("nextCursor"), nullptr);
  for (const Json& cursor : {Json("x"), Json("101"), Json("-1"), Json(3)}) {
    EXPECT_EQ(code_of(ask("tools/list", Json::object({{"cursor", cursor}}))), -32602)
        << cursor.dump();
  }
}

TEST_F(McpTest, ACallAnswersStructuredContentAndTheSameAsText) {
  add_echo({.name = "createOrder", .input = order_schema(), .output = order_schema()});
  const Json answer = call("createOrder", Json::object({{"id", "o-1"}}));
  EXPECT_EQ(answer["isError"], Json(false));
  EXPECT_EQ(answer["structuredContent"], Json::object({{"id", "o-1"}}));
  EXPECT_EQ(text_of(answer), Json::object({{"id", "o-1"}}));
}

TEST_F(McpTest, ValuesThatAreNoObjectsAreMembersOfOne) {
  const Json text = Json::object({{"type", "string"}});
  add_echo({.name = "greet", .input = text, .output = text});
  add_echo({.name = "forget", .input = text});
  add_echo({.name = "count", .output = Json::object({{"type", "null"}})});
  const Json answer = call("greet", Json::object({{"input", "sam"}}));
  EXPECT_EQ(answer["structuredContent"], Json::object({{"result", "sam"}}));
  const Json nothing = call("forget", Json::object({{"input", "sam"}}));
  EXPECT_EQ(nothing["isError"], Json(false));
  EXPECT_EQ(nothing.find("structuredContent"), nullptr);
  EXPECT_EQ(call("count", Json::object())["structuredContent"], Json::object({{"result", Json()}}));
}

TEST_F(McpTest, AToolThatRefusesItsInputSaysWhereInTheArguments) {
  const auto refuse = [](const http::Request&) {
    return error_response(
        Error("InvalidInput", "/id is required", R"([{"pointer":"/id","reason":"is required"}])"));
  };
  add_command({.name = "object", .input = order_schema()}, refuse);
  add_command({.name = "list", .input = Json::object({{"type", "array"}})}, refuse);
  const Json answer = call("object", Json::object());
  EXPECT_EQ(answer["isError"], Json(true));
  EXPECT_EQ(text_of(answer)["error"], Json("InvalidInput"));
  EXPECT_EQ(text_of(answer)["details"].as_array().at(0)["pointer"], Json("/id"));
  const Json wrapped = call("list", Json::object({{"input", Json::array()}}));
  EXPECT_EQ(text_of(wrapped)["details"].as_array().at(0)["pointer"], Json("/input/id"));
}

TEST_F(McpTest, CallsThatNameNoToolOrNoArgumentsAreErrorsOfTheProtocol) {
  add_echo({.name = "greet"});
  EXPECT_EQ(code_of(ask("tools/call", Json::object({{"name", "none"}}))), -32602);
  EXPECT_EQ(code_of(ask("tools/call")), -32602);
  EXPECT_EQ(code_of(ask("tools/call", Json::object({{"name", "greet"}, {"arguments", "x"}}))),
            -32602);
  EXPECT_EQ(result("tools/call", Json::object({{"name", "greet"}}))["isError"], Json(false));
}

TEST_F(McpTest, TheCallersFieldsReachTheCommandAndThoseOfTheBodyDoNot) {
  auto seen = std::make_shared<http::Request>();  // shared with the command
  add_command({.name = "greet", .input = order_schema()}, [seen](const http::Request& request) {
    *seen = request;
    return json_response(200, "null");
  });
  call("greet", Json::object({{"id", "1"}}),
       "Authorization: Bearer t\r\nX-Request-Id: r\r\nAccept-Encoding: gzip\r\n"
       "Mcp-Protocol-Version: 2025-11-25\r\n");
  EXPECT_EQ(seen->path, "/rpc/greet");
  EXPECT_EQ(seen->body, R"({"id":"1"})");
  EXPECT_EQ(http::find(seen->headers, "authorization"), "Bearer t");
  EXPECT_EQ(http::find(seen->headers, "x-request-id"), "r");
  EXPECT_EQ(http::find(seen->headers, "accept-encoding"), "");
  EXPECT_EQ(http::find(seen->headers, "mcp-protocol-version"), "");
  EXPECT_EQ(http::find(seen->headers, "content-length"), "10");
  EXPECT_FALSE(seen->remote_address.empty());
}

TEST_F(McpTest, WhoIsNotLetInHearsItOverHttp) {
  add_command({.name = "guarded"}, [](const http::Request& request) {
    if (http::find(request.headers, "authorization") == "Bearer narrow") {
      http::Response response = error_response(403, "NotAllowed", "a scope is missing");
      response.headers.emplace_back("www-authenticate", "Bearer error=\"insufficient_scope\"");
      return response;
    }
    if (http::find(request.headers, "authorization") == "Bearer other")
      return error_response(403, "NotAllowed", "not your order");
    http::Response response = error_response(401, "Unauthorized", "who are you?");
    response.headers.emplace_back("www-authenticate", "Bearer");
    return response;
  });
  const Json params = Json::object({{"name", "guarded"}});
  const Reply unknown = ask("tools/call", params);
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.header("www-authenticate"), "Bearer");
  EXPECT_EQ(unknown.json()["error"]["data"]["error"], Json("Unauthorized"));
  const Reply narrow = ask("tools/call", params, "Authorization: Bearer narrow\r\n");
  EXPECT_EQ(narrow.status, 403);
  EXPECT_THAT(narrow.header("www-authenticate"), HasSubstr("insufficient_scope"));
  // What no other token would change is for the model.
  const Json other = result("tools/call", params, "Authorization: Bearer other\r\n");
  EXPECT_EQ(other["isError"], Json(true));
  EXPECT_EQ(text_of(other)["message"], Json("not your order"));
}

TEST_F(McpTest, TheLimitOfACommandsBodyHoldsForItsArguments) {
  const auto count = std::make_shared<int>(0);  // shared with the command
  add_command({.name = "small", .input = order_schema()},
              [count](const http::Request&) {
                ++*count;
                return json_response(200, "null");
              },
              {.body_bytes_max = 20});
  EXPECT_EQ(call("small", Json::object({{"id", "1"}}))["isError"], Json(false));
  const Json refused = call("small", Json::object({{"id", std::string(20, 'x')}}));
  EXPECT_EQ(refused["isError"], Json(true));
  EXPECT_EQ(text_of(refused)["error"], Json("LimitExceeded"));
  EXPECT_EQ(*count, 1);
}

TEST_F(McpTest, AnAnswerThatIsNoJsonIsAnErrorOfTheTool) {
  add_command({.name = "broken", .output = order_schema()}, [](const http::Request&) {
    return http::Response{.status = 200, .headers = {{"content-type", "text/plain"}}, .body = "hi"};
  });
  const Json answer = call("broken", Json::object());
  EXPECT_EQ(answer["isError"], Json(true));
  EXPECT_EQ(answer["content"].as_array().at(0)["text"], Json("hi"));
}

// --- workflows ---

class McpWorkflowTest : public McpTest {
 protected:
  McpWorkflowTest() {
    options_.mcp->tools.push_back({.kind = ToolSource::Kind::workflow,
                                   .name = "ship it",
                                   .description = "Ships",
                                   .input = order_schema(),
                                   .output = Json::object({{"type", "string"}})});
    operations_.on_start = [this](const ports::StartRequest& request) -> Result<ports::StartReply> {
      started_ = request;
      if (request.input_json == R"({"id":1})") {
        return Error("InvalidInput", "/id must be a string",
                     R"([{"pointer":"/id","reason":"must be a string"}])");
      }
      return ports::StartReply{"ship it/" + request.name.value_or("made"), 3, false};
    };
    operations_.on_wait = [this](ports::ExecutionRef execution, Duration wait, auto done) {
      waited_ = wait;
      view_.execution = std::move(execution);
      done(view_);
    };
    view_.status = "running";
  }

  ports::StartRequest started_;
  Duration waited_{-1};
  ports::ExecutionView view_;
};

TEST_F(McpWorkflowTest, AWorkflowIsAToolThatStartsIt) {
  const Json tools = result("tools/list");
  const Json& tool = tools["tools"].as_array().at(0);
  EXPECT_EQ(tool["name"], Json("start_ship_it"));
  EXPECT_EQ(tool["inputSchema"]["properties"]["input"], order_schema());
  EXPECT_EQ(tool["inputSchema"]["required"], Json::array({"input"}));
  EXPECT_EQ(tool["inputSchema"]["properties"]["wait_ms"]["maximum"], Json(30'000));
  const Json order = Json::object({{"id", "o-1"}});
  const Json answer = call("start_ship_it", Json::object({{"input", order}, {"name", "o-1"}}));
  EXPECT_EQ(started_.workflow, "ship it");
  EXPECT_EQ(started_.input_json, R"({"id":"o-1"})");
  EXPECT_EQ(waited_, Duration(0));
  EXPECT_EQ(view_.execution.run, 3U);
  EXPECT_EQ(answer["structuredContent"], Json::object({{"execution_id", "ship it/o-1"},
                                                       {"run", 3},
                                                       {"already_running", false},
                                                       {"status", "running"}}));
}

TEST_F(McpWorkflowTest, ItWaitsForTheResultWhereTheCallAsksForIt) {
  view_.status = "succeeded";
  view_.result_json = R"("t-1")";
  const Json order = Json::object({{"id", "o-1"}});
  const Json answer = call("start_ship_it", Json::object({{"input", order}, {"wait_ms", 5000}}));
  EXPECT_EQ(waited_, Duration(5000));
  EXPECT_EQ(answer["structuredContent"]["status"], Json("succeeded"));
  EXPECT_EQ(answer["structuredContent"]["result"], Json("t-1"));
  view_.status = "failed";
  view_.result_json.reset();
  view_.error = Error("OutOfStock", "none left");
  const Json failed = call("start_ship_it", Json::object({{"input", order}, {"wait_ms", 5000}}));
  EXPECT_EQ(failed["structuredContent"]["error"]["name"], Json("OutOfStock"));
}

TEST_F(McpWorkflowTest, WhatIsWrongWithItsArgumentsSaysWhere) {
  const auto pointer_of = [&](const Json& arguments) {
    const Json answer = call("start_ship_it", arguments);
    EXPECT_EQ(answer["isError"], Json(true)) << answer.dump();
    return text_of(answer)["details"].as_array().at(0)["pointer"].as_string();
  };
  EXPECT_EQ(pointer_of(Json::object({{"input", Json::object({{"id", 1}})}})), "/input/id");
  EXPECT_EQ(pointer_of(Json::object({{"name", 5}})), "/name");
  EXPECT_EQ(pointer_of(Json::object({{"wait_ms", 30'001}})), "/wait_ms");
  EXPECT_EQ(pointer_of(Json::object({{"wait_ms", -1}})), "/wait_ms");
}

TEST_F(McpWorkflowTest, WorkflowsAndResourcesNeedTheAdminTokenWhereThereIsOne) {
  add_echo({.name = "greet"});
  options_.operations.admin_token = "secret";
  const std::string token = "Authorization: Bearer secret\r\n";
  const Json version = Json::object({{"protocolVersion", "2025-11-25"}});
  const Json start = Json::object(
      {{"name", "start_ship_it"}, {"arguments", Json::object({{"input", order_schema()}})}});
  EXPECT_EQ(result("tools/list")["tools"].size(), 1U);
  EXPECT_EQ(result("initialize", version)["capabilities"].find("resources"), nullptr);
  for (const std::string& headers : {std::string(), std::string("Authorization: Bearer no\r\n")}) {
    EXPECT_EQ(ask("tools/call", start, headers).status, 401);
    EXPECT_EQ(ask("resources/list", Json::object(), headers).status, 401);
    EXPECT_EQ(ask("resources/read", Json::object({{"uri", "eventual://manifest"}}), headers).status,
              401);
  }
  EXPECT_EQ(started_.workflow, "");
  EXPECT_EQ(call("greet", Json::object())["isError"], Json(false));
  EXPECT_EQ(result("tools/list", Json::object(), token)["tools"].size(), 2U);
  EXPECT_NE(result("initialize", version, token)["capabilities"].find("resources"), nullptr);
  EXPECT_EQ(result("tools/call", start, token)["isError"], Json(false));
  EXPECT_EQ(started_.workflow, "ship it");
}

TEST_F(McpWorkflowTest, AStoppingServiceDoesNotWaitForTheResult) {
  std::promise<void> waiting;
  ports::Callback<ports::ExecutionView> held;
  operations_.on_wait = [&](const ports::ExecutionRef&, Duration, auto done) {
    held = std::move(done);
    waiting.set_value();
  };
  EXPECT_EQ(result("ping"), Json::object());
  Client client(gateway_->bound_port());
  client.request(
      "POST", "/mcp",
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"start_ship_it",)"
      R"("arguments":{"input":{"id":"o-1"},"wait_ms":30000}}})",
      k_json);
  waiting.get_future().wait();
  std::thread stopper([&] { gateway_->stop(Duration(60'000)); });
  EXPECT_EQ(client.reply().status, 503);
  client.finish_sending();
  stopper.join();
  held(view_);  // after the answer: dropped
}

// --- resources ---

TEST_F(McpTest, ExecutionsAreListedAsResourcesInPages) {
  operations_.on_list = [](const ports::ListRequest& request) -> Result<ports::ListReply> {
    ports::ListReply reply;
    ports::ExecutionView view;
    view.execution = {"ship it", request.cursor.empty() ? "o/1" : "o-2", 2};
    view.status = "failed";
    reply.executions.push_back(view);
    if (request.cursor.empty()) reply.cursor = "more";
    return reply;
  };
  const Json first = result("resources/list");
  ASSERT_EQ(first["resources"].size(), 2U);
  EXPECT_EQ(first["resources"].as_array()[0]["uri"], Json("eventual://manifest"));
  const Json& listed = first["resources"].as_array()[1];
  EXPECT_EQ(listed["uri"], Json("eventual://executions/ship%20it/o%2F1?run=2"));
  EXPECT_THAT(listed["description"].as_string(), HasSubstr("failed, started "));
  EXPECT_EQ(first["nextCursor"], Json("more"));
  const Json second = result("resources/list", Json::object({{"cursor", "more"}}));
  ASSERT_EQ(second["resources"].size(), 1U);
  EXPECT_EQ(second.find("nextCursor"), nullptr);
  EXPECT_EQ(code_of(ask("resources/list", Json::object({{"cursor", 1}}))), -32602);
  EXPECT_EQ(result("resources/templates/list")["resourceTemplates"].size(), 2U);
}

TEST_F(McpTest, AnExecutionAndItsHistoryAreRead) {
  operations_.on_describe =
      [](const ports::ExecutionRef& execution) -> Result<ports::ExecutionView> {
    if (execution.name != "o 1") return Error("NotFound", "no such execution");
    ports::ExecutionView view;
    view.execution = execution;
    view.status = "running";
    return view;
  };
  operations_.on_history = [](const ports::HistoryRequest& request) -> Result<ports::HistoryReply> {
    ports::HistoryReply reply;
    reply.events.push_back(Json::object({{"limit", request.limit}, {"cursor", request.cursor}}));
    return reply;
  };
  const auto read = [&](std::string_view uri) {
    const Json contents = result("resources/read", Json::object({{"uri", uri}}))["contents"];
    EXPECT_EQ(contents.size(), 1U);
    EXPECT_EQ(contents.as_array().at(0)["uri"], Json(uri));
    EXPECT_EQ(contents.as_array().at(0)["mimeType"], Json("application/json"));
    return Json::parse(contents.as_array().at(0)["text"].as_string()).value();
  };
  EXPECT_EQ(read("eventual://executions/ship/o%201")["status"], Json("running"));
  EXPECT_EQ(read("eventual://executions/ship/o%201?run=4")["run"], Json(4));
  EXPECT_EQ(read("eventual://executions/ship/o%201/history")["events"],
            Json::array({Json::object({{"limit", 100}, {"cursor", ""}})}));
  EXPECT_EQ(read("eventual://executions/ship/o%201/history?limit=5&cursor=c")["events"],
            Json::array({Json::object({{"limit", 5}, {"cursor", "c"}})}));
}

TEST_F(McpTest, ResourcesThatAreNotThereSaySo) {
  operations_.on_describe = [](const ports::ExecutionRef&) -> Result<ports::ExecutionView> {
    return Error("NotFound", "no such execution");
  };
  for (const char* uri :
       {"eventual://executions/ship/none", "eventual://executions/ship", "eventual://logs",
        "https://shop.example", "eventual://executions//x", "eventual://executions/a/b/result",
        "eventual://executions/a/b#c", "eventual://executions/a/b c", "eventual://manifest?x=1",
        "eventual://executions/a/b/history/../../../../rpc/x"}) {
    const Reply reply = ask("resources/read", Json::object({{"uri", uri}}));
    EXPECT_EQ(code_of(reply), -32002) << uri;
    EXPECT_EQ(reply.json()["error"]["data"]["uri"], Json(uri));
  }
  EXPECT_EQ(code_of(ask("resources/read")), -32602);
  EXPECT_EQ(
      code_of(ask("resources/read", Json::object({{"uri", "eventual://executions/a/b?run=x"}}))),
      -32602);
  EXPECT_EQ(code_of(ask("resources/read", Json::object({{"uri", "eventual://executions/a/%zz"}}))),
            -32602);
}

}  // namespace
}  // namespace eventual::gateway
