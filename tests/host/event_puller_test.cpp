// Events from one service to another: durable on both sides, whichever is down.
#include "host/event_puller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
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
  explicit Emitter(std::string admin_token = {}) : admin_token_(std::move(admin_token)) {
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
    options.operations.admin_token = admin_token_;
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
  std::string admin_token_;
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
  explicit Receiver(const std::string& url, const Secret& token = {}) {
    service.subscribe_to({.url = url, .token = token}, k_placed);
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

TEST(EventPuller, ATokenThatCannotBeReadYetIsAskedForAgain) {
  Emitter orders("s3cret");
  orders.emit(0, 3);
  TemporaryFolder folder;
  const std::string file = folder / "token";
  Receiver invoices(orders.url(), Secret::file(file));
  std::mutex mutex;
  std::string told;
  NodeOptions options;
  options.log = [&](LogLevel level, std::string_view, std::string_view message) {
    const std::lock_guard lock(mutex);
    if (level == LogLevel::warn) told += std::string(message) + "\n";
  };
  const auto node = start_node(invoices.service, memory_store(), std::move(options));
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return told.find(file) != std::string::npos;
  })) << told;
  std::ofstream(file) << "s3cret\n";
  EXPECT_TRUE(eventually([&] { return invoices.has_each_once_below(3); }));
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
