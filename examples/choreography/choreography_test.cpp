// The three services as processes that are killed in the middle: every order is shipped, and no
// card is charged twice.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/http_client.hpp"
#include "eventual/json.hpp"
#include "process.hpp"

namespace {

using namespace std::chrono_literals;
using eventual::Json;
namespace client = eventual::client;

/// A port that nobody uses at this moment.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||  // NOLINT: the system's
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {  // NOLINT
    ADD_FAILURE() << "there is no free port";
  }
  ::close(socket);
  return ntohs(address.sin_port);
}

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + 90s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

class Choreography : public testing::Test {
 protected:
  struct Service {
    std::string name;
    int port = 0;
    std::unique_ptr<demo::Process> process;
    std::unique_ptr<client::HttpClient> client;
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
  };

  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "eventual-choreography-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (Service* service : {&orders_, &payments_, &shipping_}) {
      service->port = free_port();
      service->client = client::HttpClient::make(service->url()).value();
    }
    for (Service* service : {&orders_, &payments_, &shipping_}) start(*service);
  }
  void TearDown() override {
    for (Service* service : {&orders_, &payments_, &shipping_}) service->process.reset();
    std::error_code ignored;
    if (!HasFailure()) std::filesystem::remove_all(folder_, ignored);
  }

  void start(Service& service) {
    demo::Process::Start start;
    start.command = {std::string(EVENTUAL_BIN_DIR) + "/choreography-" + service.name,
                     "serve",
                     "--listen",
                     "127.0.0.1:" + std::to_string(service.port),
                     "--data",
                     folder_ + "/" + service.name};
    start.environment = {"SHOP_ORDERS_URL=" + orders_.url(), "SHOP_PAYMENTS_URL=" + payments_.url(),
                         "SHOP_SHIPPING_URL=" + shipping_.url()};
    start.folder = folder_;
    start.log = folder_ + "/" + service.name + ".log";
    service.process = std::make_unique<demo::Process>(start);
    ASSERT_TRUE(eventually([&] {
      const auto health = service.client->send({.target = "/_eventual/health"});
      return health && health->status == 200;
    })) << service.name
        << " is not ready, see " << start.log;
  }

  void place(int number) {
    const std::string id = "o-" + std::to_string(number);
    client::ClientRequest request;
    request.method = eventual::http::Method::post;
    request.target = "/rpc/placeOrder";
    request.body = R"({"id":")" + id + R"(","card":"visa","amount_cents":1999})";
    request.repeatable = true;  // started once for each id
    const auto answer = orders_.client->send(request);
    ASSERT_TRUE(answer) << answer.error().message();
    ASSERT_EQ(answer->status, 200) << answer->body;
  }

  Json get(Service& service, std::string target) {
    const auto answer = service.client->send({.target = std::move(target)});
    if (!answer) return {};
    auto json = Json::parse(answer->body);
    return json ? *json : Json();
  }

  std::string folder_;
  Service orders_{"orders", 0, nullptr, nullptr};
  Service payments_{"payments", 0, nullptr, nullptr};
  Service shipping_{"shipping", 0, nullptr, nullptr};
};

TEST_F(Choreography, EveryOrderIsShippedOnceThoughEachServiceIsKilled) {
  constexpr int k_orders = 60;
  auto place_up_to = [this, next = 0](int end) mutable {
    for (; next < end; ++next) place(next);
  };
  place_up_to(20);
  payments_.process->kill();
  place_up_to(30);
  start(payments_);
  place_up_to(40);
  shipping_.process->kill();
  orders_.process->kill();
  start(orders_);
  place_up_to(50);
  start(shipping_);
  payments_.process->kill();
  start(payments_);
  place_up_to(k_orders);

  for (int number = 0; number < k_orders; ++number) {
    const std::string id = "o-" + std::to_string(number);
    Json view;
    ASSERT_TRUE(eventually([&] {
      view = get(orders_, "/_eventual/executions/order/" + id);
      return view["status"] == Json("succeeded");
    })) << id
        << " is " << view.dump() << ", logs in " << folder_;
    EXPECT_EQ(view["result"], Json("parcel-" + id));
  }
  const Json log = get(payments_, "/_eventual/events?names=PaymentProcessed&limit=1000");
  std::multiset<std::string> paid;
  for (const Json& event : log["events"].as_array())
    paid.insert(event["payload"]["order_id"].as_string());
  EXPECT_EQ(paid.size(), static_cast<std::size_t>(k_orders));
  EXPECT_EQ(std::set<std::string>(paid.begin(), paid.end()).size(), paid.size());
}

}  // namespace
