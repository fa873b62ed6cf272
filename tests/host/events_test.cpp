// Events through a whole node: threads, the store on disk, and HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>

#include "client/http_client.hpp"
#include "gateway/gateway.hpp"
#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Item {
  std::int64_t n = 0;
};

struct Shop {
  Service service{"shop"};
  std::mutex mutex;
  std::multiset<std::int64_t> got[3];
  std::atomic<bool> broken{false};
  ServiceEvent<Item> item = service.event<Item>("Item");
  Shop() {
    for (int i = 0; i < 3; ++i) {
      item.on("taker" + std::to_string(i), {.retry = {}}, [this, i](const Item& each) {
        if (i == 0 && broken.load()) throw Error("Broken", "it is broken");
        const std::lock_guard lock(mutex);
        got[i].insert(each.n);
      });
    }
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return got[0].size() + got[1].size() + got[2].size();
  }
};

Result<ports::EmitReply> emit(Node& node, std::int64_t from, std::int64_t to) {
  ports::EmitRequest request;
  for (std::int64_t n = from; n < to; ++n)
    request.events.push_back({"Item", "{\"n\":" + std::to_string(n) + "}", {}, {}, {}});
  return answer_of<ports::EmitReply>(
      [&](auto done) { node.emit(std::move(request), std::move(done)); });
}

TEST(EventsTest, ReachEverySubscriptionOverAStopAndAStart) {
  Shop shop;
  TemporaryFolder folder;
  {
    auto node = start_node(shop.service, rocksdb_store(folder / "data"));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(emit(*node, 500 * i, 500 * i + 500));
    node->stop(0ms);  // most of it is still to be delivered
  }
  auto node = start_node(shop.service, rocksdb_store(folder / "data"));
  const auto all_there = [&] {
    const std::lock_guard lock(shop.mutex);
    for (const auto& got : shop.got) {
      if (std::set<std::int64_t>(got.begin(), got.end()).size() != 2500U) return false;
    }
    return true;
  };
  EXPECT_TRUE(eventually(all_there)) << shop.count();
}

TEST(EventsTest, AreEmittedReadAndRepairedOverHttp) {
  Shop shop;
  shop.broken = true;
  auto node = start_node(shop.service, memory_store());
  gateway::GatewayOptions options;
  options.server.listen = "127.0.0.1:0";
  auto gateway = gateway::Gateway::start(options, *node, {}).value();
  auto client =
      client::HttpClient::make("http://127.0.0.1:" + std::to_string(gateway->bound_port())).value();
  const auto call = [&](http::Method method, std::string target, std::string body = {},
                        http::Fields headers = {}) {
    client::ClientRequest request;
    request.method = method;
    request.target = std::move(target);
    request.body = std::move(body);
    request.headers = std::move(headers);
    return client->send(std::move(request)).value();
  };
  const auto json = [](const http::Response& response) {
    return Json::parse(response.body).value();
  };
  auto answer = call(http::Method::post, "/_eventual/events",
                     R"([{"name":"Item","payload":{"n":1},"id":"e-1"},)"
                     R"({"name":"Item","payload":{"n":1},"id":"e-1"}])");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"events":[{"id":"e-1","duplicate":false},{"id":"e-1","duplicate":true}]})");
  answer = call(http::Method::post, "/_eventual/events",
                R"([{"name":"Item","payload":{}},{"name":7},{"name":"Item","payload":{"n":"x"}}])");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"("/1/name")"));
  answer = call(http::Method::post, "/_eventual/events",
                R"([{"name":"Item","payload":{}},{"name":"Item","payload":{"n":"x"}}])");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"("/0/payload/n")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("/1/payload/n")"));
  answer = call(http::Method::post, "/_eventual/events", R"({"name":"Other","payload":{}})");
  EXPECT_EQ(answer.status, 404);
  answer = call(http::Method::post, "/_eventual/events", R"({"n":2})",
                {{"content-type", "application/json"},
                 {"ce-specversion", "1.0"},
                 {"ce-id", "c-1"},
                 {"ce-source", "/elsewhere"},
                 {"ce-type", "Item"}});
  EXPECT_EQ(answer.status, 200) << answer.body;
  ASSERT_TRUE(eventually([&] { return shop.count() == 4; }));

  answer = call(http::Method::get, "/_eventual/events?after=0&names=Item&wait_ms=1000");
  ASSERT_EQ(json(answer)["events"].size(), 1U)
      << answer.body;  // what came from elsewhere is its own
  EXPECT_EQ(json(answer)["events"].as_array()[0]["id"].as_string(), "e-1");
  answer = call(http::Method::get, "/_eventual/events?after=0", {},
                {{"accept", "application/cloudevents-batch+json"}});
  EXPECT_EQ(http::find(answer.headers, "content-type"), "application/cloudevents-batch+json");
  EXPECT_EQ(json(answer).as_array()[0]["type"].as_string(), "Item");

  ASSERT_TRUE(eventually([&] {
    const auto list = call(http::Method::get, "/_eventual/dead-letters?subscription=taker0");
    return json(list)["dead_letters"].size() == 2;
  }));
  EXPECT_EQ(call(http::Method::get, "/_eventual/dead-letters?subscription=taker1").body,
            R"({"dead_letters":[],"cursor":null})");
  shop.broken = false;
  EXPECT_EQ(call(http::Method::post, "/_eventual/dead-letters/redrive",
                 R"({"ids":["taker0/1","taker0/9"]})")
                .body,
            R"({"count":1,"not_found":["taker0/9"]})");
  ASSERT_TRUE(eventually([&] { return shop.count() == 5; }));
  EXPECT_EQ(
      call(http::Method::post, "/_eventual/dead-letters/discard", R"({"subscription":"taker0"})")
          .body,
      R"({"count":1,"not_found":[]})");
  EXPECT_EQ(call(http::Method::post, "/_eventual/dead-letters/discard", "{}").status, 400);
  answer = call(http::Method::get, "/_eventual/subscriptions");
  EXPECT_EQ(json(answer)["subscriptions"].as_array()[0]["dead_letters"].as_int64(), 0);
}

TEST(EventsTest, OfOtherServicesKeepTheirIdsWithinLimits) {
  Shop shop;
  const auto node = start_node(shop.service, memory_store());
  const auto emit_one = [&](const std::string& id, const std::string& source) {
    ports::EmitRequest request;
    request.events.push_back({"Item", R"({"n":1})", id, {}, source});
    return answer_of<ports::EmitReply>(
        [&](auto done) { node->emit(std::move(request), std::move(done)); });
  };
  EXPECT_EQ(emit_one("~a/1", "").error().name(), "InvalidInput");  // ours would begin so
  for (const bool duplicate : {false, true}) {
    const auto taken = emit_one("~a/1", "elsewhere");
    ASSERT_TRUE(taken) << taken.error().message();
    EXPECT_EQ(taken->events.at(0).id, "~a/1");
    EXPECT_EQ(taken->events.at(0).duplicate, duplicate);
  }
  EXPECT_TRUE(emit_one(std::string(1024, 'x'), std::string(2048, 'y')));
  EXPECT_EQ(emit_one(std::string(1025, 'x'), "elsewhere").error().name(), "LimitExceeded");
  EXPECT_EQ(emit_one("a", std::string(2049, 'y')).error().name(), "LimitExceeded");
}

}  // namespace
}  // namespace eventual::host
