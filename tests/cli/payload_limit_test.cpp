// The setting payload_limit of a service as a process: large values over HTTP.
#include <gtest/gtest.h>

#include <string>

#include "cli/command.hpp"
#include "client/http_client.hpp"

namespace eventual::cli {
namespace {

constexpr std::size_t k_limit = 16 << 20;

/// A JSON text of so many bytes.
std::string text_of(std::size_t bytes) { return '"' + std::string(bytes - 2, 'x') + '"'; }

http::Response post(client::HttpClient& client, std::string target, std::string body) {
  return client
      .send({.method = http::Method::post, .target = std::move(target), .body = std::move(body)})
      .value();
}

TEST(PayloadLimitOverHttp, SixteenMebibytesAreTakenAndOneByteMoreIsNot) {
  const testing::DeskService desk({}, {{"EVENTUAL_PAYLOAD_LIMIT", "16MiB"}});
  const auto client = client::HttpClient::make(desk.url()).value();
  const std::string large = text_of(k_limit);
  const std::string start = "/_eventual/workflows/approval/executions";
  const std::string execution = "/_eventual/executions/approval/one";

  const auto started = post(*client, start, R"({"name": "one", "input": )" + large + "}");
  EXPECT_EQ(started.status, 201) << started.body;
  EXPECT_EQ(post(*client, execution + "/signals/approve", text_of(k_limit + 1)).status, 413);
  const auto sent = post(*client, execution + "/signals/approve", large);
  EXPECT_LT(sent.status, 300) << sent.body;
  const auto result = client->send({.target = execution + "/result?wait_ms=30000"}).value();
  EXPECT_EQ(result.status, 200);
  EXPECT_TRUE(result.body.find(large) != std::string::npos);

  const auto refused =
      post(*client, start, R"({"name": "two", "input": )" + text_of(k_limit + 1) + "}");
  EXPECT_EQ(refused.status, 413);
  const Json said = Json::parse(refused.body).value();
  EXPECT_EQ(said["error"], Json("PayloadTooLarge"));
  EXPECT_EQ(said["message"], Json("the input has 16777217 bytes, more than 16777216, the "
                                  "payload_limit (--payload-limit)"));
  EXPECT_EQ(said["details"]["limit"], Json(k_limit));
  EXPECT_EQ(post(*client, "/_eventual/events",
                 R"({"name": "placed", "payload": )" + text_of(k_limit + 1) + "}")
                .status,
            413);
}

TEST(PayloadLimitOverHttp, ACommandTakesAndGivesAsMuch) {
  const testing::DeskService desk({}, {{"EVENTUAL_PAYLOAD_LIMIT", "16MiB"}});
  const auto client = client::HttpClient::make(desk.url()).value();
  const std::string name(k_limit, 'x');
  const auto shouted = post(*client, "/rpc/shout", R"({"name": ")" + name + "\"}");
  EXPECT_EQ(shouted.status, 200);
  EXPECT_TRUE(shouted.body == "\"HELLO " + name + '"');
}

}  // namespace
}  // namespace eventual::cli
