// Webhooks over the network: a receiver that is down, answers with errors, hangs up, and takes it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/client/raw_server.hpp"
#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using client::testing::Peer;
using client::testing::RawServer;
using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Placed {
  std::string id;
};

/// What the server's scripts have read; they own it together with the test.
struct Requests {
  std::mutex mutex;
  std::vector<std::string> texts;
  void add(std::string text) {
    const std::lock_guard lock(mutex);
    texts.push_back(std::move(text));
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex);
    return texts;
  }
};

std::size_t dead_letters(ports::Operations& node) {
  return answer_of<ports::DeadLettersReply>(
             [&](auto done) { node.dead_letters({}, std::move(done)); })
      .value()
      .dead_letters.size();
}

ports::SubscriptionView state(ports::Operations& node) {
  return answer_of<std::vector<ports::SubscriptionView>>(
             [&](auto done) { node.subscriptions(std::move(done)); })
      .value()
      .at(0);
}

void emit(ports::Operations& node, const std::string& id) {
  ports::EmitRequest request;
  request.events.push_back({"Placed", to_json(Placed{id}), id, {}, {}});
  ASSERT_TRUE(answer_of<ports::EmitReply>(
      [&](auto done) { node.emit(std::move(request), std::move(done)); }));
}

/// An address whose connections are refused.
class Refusing {
 public:
  Refusing() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw Error("Internal", "no port");
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Refusing() { ::close(socket_); }
  Refusing(const Refusing&) = delete;
  Refusing& operator=(const Refusing&) = delete;
  const std::string& url() const { return url_; }

 private:
  int socket_;  // bound, so that nobody else has the port; not listening
  std::string url_;
};

TEST(WebhookOverHttp, AnEventIsSentUntilTheReceiverHasTakenItOverAKeptConnection) {
  const auto requests = std::make_shared<Requests>();
  RawServer server({[requests](Peer& peer) {
                      requests->add(peer.request());
                      peer.answer("503 Service Unavailable", "later");
                      requests->add(peer.request());  // and hangs up
                    },
                    [requests](Peer& peer) {
                      for (std::string text; !(text = peer.request()).empty();) {
                        requests->add(std::move(text));
                        peer.answer("204 No Content", "");
                      }
                    }});
  Service service("orders");
  const auto placed = service.event<Placed>("Placed");
  service.webhook("hook", on(placed),
                  {.url = server.url() + "/hooks?shop=7",
                   .format = WebhookFormat::binary,
                   .secret = Secret::literal("s-1"),
                   .retry = {.max_attempts = 5, .initial_interval = Duration(1)}});
  TemporaryFolder folder;
  auto node = start_node(service, rocksdb_store(folder / "data"));
  emit(*node, "e-1");
  ASSERT_TRUE(eventually([&] { return requests->all().size() == 3; }));
  emit(*node, "e-2");
  ASSERT_TRUE(eventually([&] { return requests->all().size() == 4; }));
  ASSERT_TRUE(eventually([&] { return state(*node).in_flight == 0; }));
  node->stop(Duration(1'000));
  const std::vector<std::string> all = requests->all();
  for (const std::string& text : all) {
    EXPECT_TRUE(text.starts_with("POST /hooks?shop=7 HTTP/1.1\r\n")) << text;
    EXPECT_THAT(text, HasSubstr("ce-specversion: 1.0\r\n"));
    EXPECT_THAT(text, HasSubstr("webhook-signature: v1,"));
  }
  for (const std::size_t i : {0U, 1U, 2U}) {
    EXPECT_THAT(all[i], HasSubstr("ce-id: e-1\r\n"));
    EXPECT_THAT(all[i], EndsWith("\r\n\r\n{\"id\":\"e-1\"}"));
  }
  EXPECT_THAT(all[3], HasSubstr("ce-id: e-2\r\n"));
}

TEST(WebhookOverHttp, AnEventThatNobodyTookSurvivesARestart) {
  TemporaryFolder folder;
  const Refusing nobody;
  const auto declare = [](Service& service, const std::string& url) {
    const auto placed = service.event<Placed>("Placed");
    service.webhook("hook", on(placed),
                    {.url = url,
                     .retry = {.max_attempts = 1'000'000,
                               .initial_interval = Duration(1),
                               .max_interval = Duration(5)}});
  };
  const auto requests = std::make_shared<Requests>();
  RawServer server({[requests](Peer& peer) {
    requests->add(peer.request());
    peer.answer("410 Gone", "never again", "Connection: close\r\n");
  }});
  Service before("orders");
  declare(before, nobody.url());
  Service after("orders");
  declare(after, server.url());

  auto node = start_node(before, rocksdb_store(folder / "data"));
  emit(*node, "e-1");
  ASSERT_TRUE(eventually([&] { return state(*node).retrying == 1; }));
  node->stop(Duration(1'000));
  node.reset();
  node = start_node(after, rocksdb_store(folder / "data"));
  ASSERT_TRUE(eventually([&] { return dead_letters(*node) == 1; }));
  node->stop(Duration(1'000));
  ASSERT_EQ(requests->all().size(), 1U);
  EXPECT_THAT(requests->all()[0], HasSubstr(R"("id":"e-1")"));
}

}  // namespace
}  // namespace eventual::host
