// Events from one service to another: durable on both sides, whichever is down.
#include "host/event_puller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <string>

#include "gateway/gateway.hpp"
#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using namespace std::chrono_literals;

struct Placed {
  std::int64_t n = 0;
};
constexpr Event<Placed> k_placed{"Placed"};
constexpr Event<Placed> k_other{"Other"};

/// The service that emits, with its gateway; its data and its port stay over a restart.
class Emitter {
 public:
  Emitter() {
    service_.event(k_placed);
    service_.event(k_other);
    start();
    port_ = gateway_->bound_port();
  }
  void start() {
    node_ = start_node(service_, rocksdb_store(folder_ / "data"));
    gateway::GatewayOptions options;
    options.server.listen = "127.0.0.1:" + std::to_string(port_);
    options.operations.event_source = "orders";
    gateway_ = gateway::Gateway::start(options, *node_, {}).value();
  }
  void stop() {
    node_->drain();  // answers whoever waits for events
    gateway_.reset();
    node_.reset();
  }
  void emit(std::int64_t from, std::int64_t to) {
    ports::EmitRequest request;
    for (std::int64_t n = from; n < to; ++n) {
      request.events.push_back({"Placed", "{\"n\":" + std::to_string(n) + "}", {}, {}, {}});
      request.events.push_back({"Other", "{\"n\":0}", {}, {}, {}});
    }
    ASSERT_TRUE(answer_of<ports::EmitReply>(
        [&](auto done) { node_->emit(std::move(request), std::move(done)); }));
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  TemporaryFolder folder_;
  Service service_{"orders"};
  std::uint16_t port_ = 0;
  std::unique_ptr<Node> node_;
  std::unique_ptr<gateway::Gateway> gateway_;
};

struct Receiver {
  Service service{"invoices"};
  std::mutex mutex;
  std::multiset<std::int64_t> got;
  std::string source;
  explicit Receiver(const std::string& url) {
    service.subscribe_to(url, k_placed);
    service.subscription("invoicing", on(k_placed), [this](const Placed& placed, EventContext& e) {
      const std::lock_guard lock(mutex);
      got.insert(placed.n);
      source = e.source();
    });
  }
  bool has_each_once_below(std::int64_t end) {
    const std::lock_guard lock(mutex);
    if (got.size() != static_cast<std::size_t>(end)) return false;
    for (std::int64_t n = 0; n < end; ++n) {
      if (got.count(n) != 1) return false;
    }
    return true;
  }
};

TEST(EventPuller, EventsReachTheOtherServiceOnceWhicheverIsDown) {
  Emitter orders;
  Receiver invoices(orders.url());
  TemporaryFolder folder;
  orders.emit(0, 10);
  auto node = start_node(invoices.service, rocksdb_store(folder / "data"));
  EXPECT_TRUE(eventually([&] { return invoices.has_each_once_below(10); }));
  EXPECT_EQ(invoices.source, "orders");
  orders.emit(10, 20);
  EXPECT_TRUE(eventually([&] { return invoices.has_each_once_below(20); }));
  node->stop(1s);
  node.reset();
  orders.emit(20, 30);
  orders.stop();
  node = start_node(invoices.service, rocksdb_store(folder / "data"));
  orders.start();
  EXPECT_TRUE(eventually([&] { return invoices.has_each_once_below(30); }));
  orders.emit(30, 35);
  EXPECT_TRUE(eventually([&] { return invoices.has_each_once_below(35); }));
  node->stop(1s);
}

TEST(EventPuller, AnAnswerThatIsNoListOfEventsIsRefused) {
  for (const char* bad :
       {"{}", "[]", R"({"events":{},"next":1,"log_id":"x"})",
        R"({"events":[],"next":-1,"log_id":"x"})",
        R"({"events":[{"name":"A"}],"next":1,"log_id":"x"})", R"({"events":[],"next":1})"}) {
    EXPECT_FALSE(read_events_answer(Json::parse(bad).value())) << bad;
  }
}

}  // namespace
}  // namespace eventual::host
