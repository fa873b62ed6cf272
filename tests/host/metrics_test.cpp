// GET /_eventual/metrics: what Prometheus reads of a running service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "eventual/eventual.hpp"
#include "host/node.hpp"
#include "host/routes.hpp"
#include "tests/gateway/support.hpp"
#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using gateway::testing::Client;
using gateway::testing::Reply;
using ::testing::HasSubstr;
using ::testing::Not;

class MetricsTest : public testing::Test {
 protected:
  MetricsTest() {
    current = this;
    service.command("double", [](int value) { return value * 2; });
    service.workflow("halve",
                     [](int value) -> Future<int> { co_return co_await current->half(value); });
  }
  ~MetricsTest() override {
    if (gateway_) gateway_->stop(Duration(0));
    if (node_) node_->stop(k_patience);
  }

  Reply call(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view headers = {}) {
    if (!gateway_) {
      node_ = Node::start(service.declarations(), memory_store(), {}).value();
      options.server.listen = "127.0.0.1:0";
      std::vector<gateway::ExtraRoute> extras;
      extras.push_back(metrics_route(*node_));
      gateway_ =
          gateway::Gateway::start(options, *node_, command_routes(*node_, service.declarations()),
                                  std::move(extras), raw_routes(*node_, service.declarations()))
              .value();
    }
    return Client(gateway_->bound_port()).call(method, target, body, headers);
  }

  void run(int value, int status_of_result) {
    const std::string name = "n" + std::to_string(value);
    ASSERT_EQ(call("POST", "/_eventual/workflows/halve/executions",
                   R"({"input": )" + std::to_string(value) + R"(, "name": ")" + name + R"("})")
                  .status,
              201);
    EXPECT_EQ(call("GET", "/_eventual/executions/halve/" + name + "/result?wait_ms=30000").status,
              status_of_result);
  }

  static inline const MetricsTest* current = nullptr;
  Service service{"numbers"};
  const Task<int, int> half = service.task("half", [](int value) {
    if (value % 2 != 0) throw Error("Odd", "it is odd");
    return value / 2;
  });
  gateway::GatewayOptions options;
  std::unique_ptr<Node> node_;
  std::unique_ptr<gateway::Gateway> gateway_;
};

TEST_F(MetricsTest, CountWhatCommandsTasksAndExecutionsDid) {
  EXPECT_EQ(call("POST", "/rpc/double", "4").status, 200);
  EXPECT_EQ(call("POST", "/rpc/double", "5").status, 200);
  EXPECT_EQ(call("POST", "/rpc/double", R"("four")").status, 400);
  run(8, 200);
  run(7, 200);

  const Reply reply = call("GET", "/_eventual/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const std::string text = "\n" + std::string(reply.body);
  EXPECT_THAT(text,
              HasSubstr("\neventual_http_requests_total{endpoint=\"double\",status=\"200\"} 2\n"));
  EXPECT_THAT(text,
              HasSubstr("\neventual_http_requests_total{endpoint=\"double\",status=\"400\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("\neventual_http_request_duration_seconds_count{endpoint=\"double\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("\neventual_attempts_total{outcome=\"succeeded\",task=\"half\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\neventual_attempts_total{outcome=\"failed\",task=\"half\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\neventual_attempt_duration_seconds_count{task=\"half\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\neventual_executions_started_total 2\n"));
  EXPECT_THAT(text, HasSubstr("\neventual_executions_closed_total{status=\"succeeded\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\neventual_executions_closed_total{status=\"failed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\neventual_ready 1\n"));
  EXPECT_THAT(text, HasSubstr("\neventual_service_info{service=\"numbers\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("\neventual_commit_duration_seconds_count 0\n")));
  EXPECT_THAT(text, Not(HasSubstr("\nprocess_resident_memory_bytes 0\n")));
}

TEST_F(MetricsTest, NeedTheAdminTokenWhereThereIsOne) {
  options.operations.admin_token = "a-long-enough-secret";
  EXPECT_EQ(call("GET", "/_eventual/metrics").status, 401);
  EXPECT_EQ(call("GET", "/_eventual/metrics", {}, "Authorization: Bearer a-long-enough-secret\r\n")
                .status,
            200);
}

}  // namespace
}  // namespace eventual::host
