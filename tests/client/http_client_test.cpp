#include "client/http_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include "client/raw_server.hpp"

namespace eventual::client {
namespace {

using testing::Peer;
using testing::RawServer;

HttpClientOptions quick() {
  HttpClientOptions options;
  options.retry_interval = Duration(1);
  options.answer_timeout = Duration(30'000);
  return options;
}

ClientRequest get(std::string target) {
  return {.method = http::Method::get, .target = std::move(target)};
}
ClientRequest post(std::string target, std::string body = "{}") {
  return {.method = http::Method::post, .target = std::move(target), .body = std::move(body)};
}

TEST(HttpClient, SendsWhatAServerNeedsToSee) {
  std::string seen;
  RawServer server({[&](Peer& peer) {
    seen = peer.request();
    peer.answer("200 OK", "[1]", "X-Answer: yes\r\n");
  }});
  HttpClientOptions options = quick();
  options.bearer_token = "secret";
  options.headers = {{"X-All", "1"}};
  auto client = HttpClient::make(server.url() + "/base/", options).value();
  ClientRequest request = post("/rpc/hello?x=1", R"("sam")");
  request.headers.emplace_back("Idempotency-Key", "k-1");
  const http::Response answer = client->send(std::move(request)).value();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "[1]");
  EXPECT_EQ(http::find(answer.headers, "x-answer"), "yes");
  EXPECT_TRUE(seen.starts_with("POST /base/rpc/hello?x=1 HTTP/1.1\r\n")) << seen;
  for (const std::string& line :
       {"Host: 127.0.0.1:" + std::to_string(server.port()), std::string("X-All: 1"),
        std::string("Authorization: Bearer secret"), std::string("Idempotency-Key: k-1"),
        std::string("Content-Type: application/json"), std::string("Content-Length: 5")}) {
    EXPECT_NE(seen.find("\r\n" + line + "\r\n"), std::string::npos) << line << "\n" << seen;
  }
  EXPECT_TRUE(seen.ends_with("\r\n\r\n\"sam\"")) << seen;
}

TEST(HttpClient, KeepsItsConnection) {
  RawServer server({[](Peer& peer) {
    while (!peer.request().empty()) peer.answer("200 OK", "1");
  }});
  auto client = HttpClient::make(server.url(), quick()).value();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client->send(post("/")).value().body, "1");
}

TEST(HttpClient, NoticesThatAKeptConnectionWasEnded) {
  std::promise<void> closed;
  RawServer server({[&](Peer& peer) {
                      peer.request();
                      peer.answer("200 OK", "1");
                      ::shutdown(peer.socket(), SHUT_RDWR);
                      closed.set_value();
                    },
                    [](Peer& peer) {
                      peer.request();
                      peer.answer("200 OK", "2");
                    }});
  auto client = HttpClient::make(server.url(), quick()).value();
  EXPECT_EQ(client->send(post("/")).value().body, "1");
  closed.get_future().wait();
  EXPECT_EQ(client->send(post("/")).value().body, "2");  // a post, and yet nothing is lost
}

TEST(HttpClient, RepeatsWhatMayBeRepeatedWhenTheConnectionIsLost) {
  const auto cut = [](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123");
  };
  const auto whole = [](Peer& peer) {
    peer.request();
    peer.answer("200 OK", "1234567890");
  };
  {
    RawServer server({cut, cut, whole});
    auto client = HttpClient::make(server.url(), quick()).value();
    EXPECT_EQ(client->send(get("/")).value().body, "1234567890");
  }
  {
    RawServer server({cut, whole});
    auto client = HttpClient::make(server.url(), quick()).value();
    ClientRequest request = post("/");
    request.repeatable = true;
    EXPECT_EQ(client->send(std::move(request)).value().body, "1234567890");
  }
  {
    RawServer server({cut, whole});
    auto client = HttpClient::make(server.url(), quick()).value();
    const auto answer = client->send(post("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().name(), k_connection_lost);
    EXPECT_NE(answer.error().message().find("whether it acted is unknown"), std::string::npos);
    EXPECT_TRUE(is_unreachable(answer.error()));
    EXPECT_EQ(client->send(post("/")).value().body, "1234567890");  // the server was asked once
  }
}

TEST(HttpClient, AsksAgainWhereTheServerIsUnavailable) {
  std::atomic<int> asked{0};
  const auto unavailable = [&](Peer& peer) {
    while (!peer.request().empty()) {
      ++asked;
      peer.answer(asked < 3 ? "503 Unavailable" : "200 OK", "1", "Retry-After: 0\r\n");
    }
  };
  RawServer server({unavailable});
  auto client = HttpClient::make(server.url(), quick()).value();
  EXPECT_EQ(client->send(get("/")).value().status, 200);
  EXPECT_EQ(asked, 3);
  asked = 0;
  EXPECT_EQ(client->send(post("/")).value().status, 503);
  EXPECT_EQ(asked, 1);
}

TEST(HttpClient, SaysWhichAddressItCouldNotReach) {
  std::string url;
  {
    RawServer server({});
    url = server.url();
  }
  auto client = HttpClient::make(url, quick()).value();
  const auto answer = client->send(get("/"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name(), k_unreachable);
  EXPECT_EQ(answer.error().message(), "cannot reach " + url + ": connection refused");
  EXPECT_EQ(answer.error().details_json(), R"({"address":")" + url + R"("})");
}

TEST(HttpClient, GivesUpOnAServerThatIsSilent) {
  RawServer server({[](Peer& peer) { peer.wait_gone(); }});
  auto client = HttpClient::make(server.url(), quick()).value();
  ClientRequest request = post("/");
  request.answer_timeout = Duration(50);
  const auto answer = client->send(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name(), k_connection_lost);
  EXPECT_NE(answer.error().message().find("did not answer within 50 ms"), std::string::npos);
}

TEST(HttpClient, RefusesAnAnswerThatIsTooLarge) {
  RawServer server({[](Peer& peer) {
    peer.request();
    peer.answer("200 OK", std::string(1000, 'x'));
  }});
  HttpClientOptions options = quick();
  options.answer_bytes_max = 999;
  auto client = HttpClient::make(server.url(), options).value();
  const auto answer = client->send(get("/"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name(), "LimitExceeded");
}

TEST(HttpClient, GivesAStreamPieceByPiece) {
  std::promise<void> first_taken;
  RawServer server({[&](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    first_taken.get_future().wait();  // hangs where pieces are held back
    peer.send("3\r\ntwo\r\n0\r\n\r\n");
    EXPECT_NE(peer.request(), "");
    peer.answer("200 OK", "again");
  }});
  auto client = HttpClient::make(server.url(), quick()).value();
  std::string body;
  const auto answer = client->stream(get("/"), [&](std::string_view piece) {
    if (body.empty()) first_taken.set_value();
    body += piece;
    return true;
  });
  EXPECT_EQ(answer.value().status, 200);
  EXPECT_EQ(body, "onetwo");
  EXPECT_EQ(client->send(get("/")).value().body, "again");  // on the same connection
}

TEST(HttpClient, ReadsARefusedStreamAsAWhole) {
  RawServer server({[](Peer& peer) {
    peer.request();
    peer.answer("404 Not Found", R"({"error":"NotFound","message":"no","details":{"a":1}})");
  }});
  auto client = HttpClient::make(server.url(), quick()).value();
  bool taken = false;
  const auto answer = client->stream(get("/"), [&](std::string_view) { return taken = true; });
  EXPECT_FALSE(taken);
  EXPECT_EQ(error_of(answer.value()), Error("NotFound", "no", R"({"a":1})"));
}

TEST(HttpClient, ASilentStreamEndsWhenItIsAskedTo) {
  std::stop_source stop;
  RawServer server({[&](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    peer.wait_gone();
  }});
  auto client = HttpClient::make(server.url(), quick()).value();
  ClientRequest request = get("/");
  request.stop = stop.get_token();
  std::thread stopper;
  const auto answer = client->stream(std::move(request), [&](std::string_view) {
    stopper = std::thread([&] { stop.request_stop(); });
    return true;
  });
  stopper.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().name(), k_connection_lost);
}

TEST(HttpClient, TwoThreadsThatCallAtOnceHaveAConnectionEach) {
  // The server takes the second connection only when the first script ends: with the request read,
  // not yet answered.
  std::optional<Peer> first;
  RawServer server({[&](Peer& peer) {
                      peer.request();
                      first.emplace(::dup(peer.socket()));
                    },
                    [&](Peer& peer) {
                      peer.request();
                      peer.answer("200 OK", "1");
                      first->answer("200 OK", "2");
                      first.reset();
                    }});
  auto client = HttpClient::make(server.url(), quick()).value();
  const auto call = [&] { return client->send(get("/")).value().body; };
  auto one = std::async(std::launch::async, call);
  auto other = std::async(std::launch::async, call);
  std::string bodies = one.get() + other.get();
  std::sort(bodies.begin(), bodies.end());
  EXPECT_EQ(bodies, "12");
}

TEST(HttpClient, TheErrorOfAForeignServerIsNamedByItsStatus) {
  EXPECT_EQ(error_of({.status = 404, .headers = {}, .body = "<html>"}).name(), "NotFound");
  EXPECT_EQ(error_of({.status = 401, .headers = {}, .body = ""}).name(), "Unauthorized");
  EXPECT_EQ(error_of({.status = 502, .headers = {}, .body = ""}).name(), "Unavailable");
  EXPECT_EQ(error_of({.status = 500, .headers = {}, .body = "{}"}).name(), "Internal");
}

}  // namespace
}  // namespace eventual::client
