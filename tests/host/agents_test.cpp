// What agents are told of a service: its tools and the manifest of its plugin.
#include "host/agents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "eventual/eventual.hpp"

namespace eventual::host {
namespace {

using gateway::mcp::ToolSource;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Parcel {
  std::string id;
};

std::vector<std::string> defects_of(const Service& service) {
  std::vector<std::string> messages;
  for (const detail::Defect& defect : service.declarations().defects())
    messages.push_back(defect.message);
  return messages;
}

TEST(McpOptions, CommandsAndWorkflowsAreToolsUnlessTheyAreNotMeantToBe) {
  Service service("shop", {.version = "3", .description = "Sells things."});
  service.command("send", {.summary = "Sends it", .description = "At once."},
                  [](const Parcel& parcel) { return parcel; });
  service.command("find", {.method = http::Method::get, .path = "/find"},
                  [](const std::optional<std::string>&) {});
  service.command("wipe", {.tool = false}, [] {});
  service.workflow("follow", {.description = "For a year."},
                   [](Parcel parcel) -> Future<std::string> { co_return parcel.id; });
  service.workflow("internal", {.tool = false}, []() -> Future<void> { co_return; });
  const auto options = mcp_options(service.declarations(), service.options());
  ASSERT_TRUE(options);
  EXPECT_EQ(options->service, "shop");
  EXPECT_EQ(options->version, "3");
  EXPECT_EQ(options->instructions, "Sells things.");
  ASSERT_EQ(options->tools.size(), 3U);
  const ToolSource& send = options->tools[0];
  EXPECT_EQ(send.name, "send");
  EXPECT_EQ(send.title, "Sends it");
  EXPECT_EQ(send.description, "Sends it\n\nAt once.");
  EXPECT_EQ(send.input["properties"]["id"]["type"], Json("string"));
  EXPECT_EQ(send.output, send.input);
  EXPECT_FALSE(send.read_only);
  const ToolSource& find = options->tools[1];
  EXPECT_TRUE(find.read_only);
  EXPECT_TRUE(find.input_optional);
  EXPECT_TRUE(find.output.is_null());
  const ToolSource& follow = options->tools[2];
  EXPECT_EQ(follow.kind, ToolSource::Kind::workflow);
  EXPECT_EQ(follow.description, "Starts the workflow follow.\n\nFor a year.");
}

TEST(McpOptions, AToolSaysThatUnknownMembersAreRefused) {
  Service service("shop");
  service.command("send", {.unknown_fields_refused = true}, [](const Parcel&) {});
  const auto options = mcp_options(service.declarations(), service.options());
  EXPECT_EQ(options->tools.at(0).input["additionalProperties"], Json(false));
}

TEST(McpOptions, AServiceCanDoWithoutAgents) {
  Service service("shop", {.mcp = false});
  service.command("send", [](const Parcel&) {});
  EXPECT_FALSE(mcp_options(service.declarations(), service.options()));
}

Json manifest_of(const Service& service, std::string public_url) {
  const auto route =
      plugin_route(service.declarations(), service.options(), std::move(public_url), "https");
  EXPECT_TRUE(route);
  EXPECT_EQ(route->method, http::Method::get);
  EXPECT_EQ(route->path, "/.well-known/ai-plugin.json");
  Json manifest;
  route->invoke({.headers = {{"host", "127.0.0.1:9000"}}}, [&](const http::Response& response) {
    EXPECT_EQ(response.status, 200);
    manifest = Json::parse(response.body).value();
  });
  return manifest;
}

TEST(PluginManifest, TellsAgentsWhatTheServiceIsAndWhereItsApiIs) {
  Service service("shop", {.description = "Sells things."});
  service.plugin({.name_for_model = "shop_1",
                  .description_for_model = "Use it to order things.",
                  .auth = PluginAuth::bearer,
                  .logo_url = "/logo.png",
                  .contact_email = "shop@shop.example"});
  EXPECT_THAT(defects_of(service), IsEmpty());
  const Json manifest = manifest_of(service, "https://shop.example/base/");
  EXPECT_EQ(manifest["schema_version"], Json("v1"));
  EXPECT_EQ(manifest["name_for_model"], Json("shop_1"));
  EXPECT_EQ(manifest["name_for_human"], Json("shop"));
  EXPECT_EQ(manifest["description_for_model"], Json("Use it to order things."));
  EXPECT_EQ(manifest["description_for_human"], Json("Sells things."));
  EXPECT_EQ(manifest["auth"],
            Json::object({{"type", "user_http"}, {"authorization_type", "bearer"}}));
  EXPECT_EQ(manifest["api"],
            Json::object({{"type", "openapi"}, {"url", "https://shop.example/base/openapi.json"}}));
  EXPECT_EQ(manifest["logo_url"], Json("https://shop.example/base/logo.png"));
  EXPECT_EQ(manifest["contact_email"], Json("shop@shop.example"));
  EXPECT_EQ(manifest.find("legal_info_url"), nullptr);
}

TEST(PluginManifest, WithoutAPublicUrlTheApiIsWhereTheRequestCameTo) {
  Service service("shop");
  service.plugin({.name_for_model = "shop",
                  .description_for_model = "Use it.",
                  .openapi_url = "https://docs.example/shop.json",
                  .legal_info_url = "/legal"});
  const Json manifest = manifest_of(service, "");
  EXPECT_EQ(manifest["api"]["url"], Json("https://docs.example/shop.json"));
  EXPECT_EQ(manifest["legal_info_url"], Json("https://127.0.0.1:9000/legal"));
}

TEST(PluginManifest, IsNotThereUnlessItIsDeclared) {
  const Service service("shop");
  EXPECT_FALSE(plugin_route(service.declarations(), service.options(), "", "http"));
}

TEST(PluginManifest, WhatBreaksItsRulesIsADefect) {
  Service service("shop");
  service.plugin({.name_for_model = "my shop",
                  .description_for_model = std::string(8001, 'x'),
                  .name_for_human = std::string(21, 'x'),
                  .description_for_human = std::string(101, 'x')});
  service.plugin({.name_for_model = "shop", .description_for_model = "Use it."});
  EXPECT_THAT(defects_of(service),
              ElementsAre(HasSubstr("name_for_model is \"my shop\""),
                          HasSubstr("name_for_human has 21 characters, more than 20"),
                          HasSubstr("description_for_model has 8001 characters"),
                          HasSubstr("description_for_human has 101 characters"),
                          HasSubstr("declared twice")));
  Service empty("shop");
  empty.plugin({.name_for_model = "", .description_for_model = ""});
  EXPECT_THAT(defects_of(empty), ElementsAre(HasSubstr("name_for_model is empty"),
                                             HasSubstr("description_for_model is empty")));
}

}  // namespace
}  // namespace eventual::host
