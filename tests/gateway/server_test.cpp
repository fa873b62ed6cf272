#include "gateway/server.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "gateway/error_response.hpp"
#include "tests/gateway/support.hpp"

namespace eventual::gateway {
namespace {

using testing::Client;
using testing::Reply;

/// Requests that were handed to the handler and wait for the test to answer them.
class Inbox {
 public:
  void put(http::Request request, Responder respond) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(request), std::move(respond));
    changed_.notify_all();
  }

  std::pair<http::Request, Responder> take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), [&] { return !waiting_.empty(); })) {
      throw std::runtime_error("no request arrived within a minute");
    }
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<http::Request, Responder>> waiting_;
};

http::Response text(std::string body) {
  return {.status = 200, .headers = {}, .body = std::move(body)};
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { options_.listen = "127.0.0.1:0"; }

  void start(Handler handler) {
    server_ = Server::start(options_, std::move(handler)).value();
    port_ = server_->bound_port();
  }
  /// Answers method, path, query and body, so that a test sees what arrived.
  void start_echo() {
    start([](http::Request request, Responder respond) {
      std::string body(http::to_string(request.method));
      body += " " + request.path;
      for (const auto& [name, value] : request.query) body += " " + name + "=" + value;
      if (!request.body.empty()) body += " " + request.body;
      respond(text(std::move(body)));
    });
  }
  void start_inbox() {
    start([this](http::Request request, Responder respond) {
      inbox_.put(std::move(request), std::move(respond));
    });
  }
  void expect_error(const Reply& reply, int status, std::string_view name) {
    EXPECT_EQ(reply.status, status);
    if (reply.status == 0) return;
    EXPECT_EQ(reply.header("content-type"), "application/json");
    const Json body = reply.json();
    EXPECT_EQ(body["error"], Json(name)) << reply.body;
    EXPECT_TRUE(body["message"].is_string());
    EXPECT_NE(body.find("details"), nullptr);
  }

  ServerOptions options_;
  Inbox inbox_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
  start_echo();
  Client client(port_);
  for (int i = 0; i < 20; ++i) {
    const Reply reply = client.call("POST", "/a%20b?x=1", "body");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "POST /a b x=1 body");
  }
  EXPECT_EQ(server_->stats().requests_total, 20U);
  EXPECT_EQ(server_->stats().connections_open, 1U);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInTheirOrder) {
  start_inbox();
  Client client(port_);
  std::string requests;
  for (int i = 0; i < 5; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.send(requests);
  std::vector<std::pair<http::Request, Responder>> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(inbox_.take());
  std::thread([&] {  // last first
    for (std::size_t i = taken.size(); i-- > 0;) taken[i].second(text(taken[i].first.path));
  })
      .join();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.reply().body, "/" + std::to_string(i));
}

TEST_F(ServerTest, ManyMorePipelinedRequestsThanTheLimitAreAllAnswered) {
  options_.pipelined_requests_max = 4;
  start_echo();
  Client client(port_);
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  std::thread sender([&] { client.send(requests); });
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.reply().body, "GET /" + std::to_string(i));
  sender.join();
}

TEST_F(ServerTest, ARequestMayArriveByteByByte) {
  start_echo();
  Client client(port_);
  for (const char c : std::string_view("\r\nPUT /x HTTP/1.1\r\nHost: localhost\r\n"
                                       "Content-Length: 3\r\n\r\nabc")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.reply().body, "PUT /x abc");
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  start_echo();
  Client client(port_);
  const Reply reply = client.call("HEAD", "/x");
  EXPECT_EQ(reply.header("content-length"), "7");
  EXPECT_EQ(client.call("GET", "/y").body, "GET /y");
}

TEST_F(ServerTest, ChunkedBodiesArePutTogetherAndTrailersDropped) {
  start_inbox();
  Client client(port_);
  client.send(
      "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n");
  auto [request, respond] = inbox_.take();
  EXPECT_EQ(request.body, "abcdefg");
  EXPECT_EQ(http::find(request.headers, "x-trailer"), "");
  EXPECT_EQ(request.remote_address, "127.0.0.1");
  respond(text("done"));
  EXPECT_EQ(client.reply().body, "done");
  EXPECT_EQ(client.silent_for(std::chrono::milliseconds(10)), true);
}

TEST_F(ServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  start_echo();
  Client client(port_);
  client.send(
      "POST /x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.reply().status, 100);
  client.send("ab");
  EXPECT_EQ(client.reply().body, "POST /x ab");
}

TEST_F(ServerTest, BodiesTooLargeAreRefusedBeforeTheyAreSent) {
  options_.body_bytes_max = 100;
  start_echo();
  Client client(port_);
  client.send(
      "POST /x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
  const Reply reply = client.reply();
  expect_error(reply, 413, "LimitExceeded");
  EXPECT_EQ(reply.header("connection"), "close");
  Client chunked(port_);
  chunked.send("POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3c\r\n" +
               std::string(60, 'x') + "\r\n3c\r\n" + std::string(60, 'x') + "\r\n0\r\n\r\n");
  expect_error(chunked.reply(), 413, "LimitExceeded");
  Client fits(port_);
  EXPECT_EQ(fits.call("POST", "/x", std::string(100, 'x')).status, 200);
}

TEST_F(ServerTest, HeadersTooLargeAreRefusedHoweverTheyArrive) {
  options_.header_bytes_max = 1000;
  start_echo();
  Client one(port_);
  one.request("GET", "/", {}, "X: " + std::string(1000, 'x') + "\r\n");
  expect_error(one.reply(), 431, "LimitExceeded");
  Client target(port_);
  target.request("GET", "/" + std::string(2000, 'x'));
  expect_error(target.reply(), 431, "LimitExceeded");
  Client many(port_);
  many.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
  for (int i = 0; i < 200; ++i) many.send("X-A: 0123456789\r\n");
  expect_error(many.reply(), 431, "LimitExceeded");
  Client trailers(port_);
  trailers.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  for (int i = 0; i < 200; ++i) trailers.send("X-A: 0123456789\r\n");
  expect_error(trailers.reply(), 431, "LimitExceeded");
}

TEST_F(ServerTest, BodiesInFlightHaveALimitTogether) {
  options_.bodies_bytes_max = 150;
  start_inbox();
  Client first(port_);
  first.request("POST", "/", std::string(100, 'x'));
  auto held = inbox_.take();
  Client second(port_);
  const Reply refused = second.call("POST", "/", std::string(100, 'x'));
  expect_error(refused, 503, "Unavailable");
  EXPECT_EQ(refused.header("retry-after"), "1");
  held.second(text("done"));
  EXPECT_EQ(first.reply().body, "done");
  Client third(port_);
  third.request("POST", "/", std::string(100, 'x'));
  inbox_.take().second(text("ok"));
  EXPECT_EQ(third.reply().body, "ok");
}

TEST_F(ServerTest, TooManyRequestsInFlightAreRefusedAndTheConnectionLives) {
  options_.requests_in_flight_max = 1;
  start_inbox();
  Client first(port_);
  first.request("GET", "/1");
  auto held = inbox_.take();
  Client second(port_);
  const Reply refused = second.call("GET", "/2");
  expect_error(refused, 503, "Unavailable");
  EXPECT_EQ(refused.header("retry-after"), "1");
  held.second(text("one"));
  EXPECT_EQ(first.reply().body, "one");
  second.request("GET", "/2");
  inbox_.take().second(text("two"));
  EXPECT_EQ(second.reply().body, "two");
}

TEST_F(ServerTest, WaitingRequestsDoNotCountAsInFlight) {
  options_.requests_in_flight_max = 1;
  start([this](http::Request request, Responder respond) {
    if (request.path == "/wait") respond.mark_waiting();
    inbox_.put(std::move(request), std::move(respond));
  });
  Client waiting(port_);
  waiting.request("GET", "/wait");
  auto held = inbox_.take();
  Client other(port_);
  other.request("GET", "/now");
  inbox_.take().second(text("now"));
  EXPECT_EQ(other.reply().body, "now");
  held.second(text("later"));
  EXPECT_EQ(waiting.reply().body, "later");
}

TEST_F(ServerTest, TooManyConnectionsAreToldSo) {
  options_.connections_max = 2;
  start_echo();
  Client first(port_);
  Client second(port_);
  EXPECT_EQ(first.call("GET", "/").status, 200);
  EXPECT_EQ(second.call("GET", "/").status, 200);
  Client third(port_);
  const Reply refused = third.call("GET", "/");
  expect_error(refused, 503, "Unavailable");
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_TRUE(third.ended());
  EXPECT_EQ(first.call("GET", "/").status, 200);
}

TEST_F(ServerTest, SlowHeadersAndBodiesTimeOut) {
  options_.header_timeout = Duration(250);
  options_.body_timeout = Duration(40);
  start_echo();
  Client header(port_);
  header.send("GET / HTTP/1.1\r\nHost: local");
  expect_error(header.reply(), 408, "Timeout");
  Client body(port_);
  body.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  expect_error(body.reply(), 408, "Timeout");
  Client nothing(port_);
  EXPECT_TRUE(nothing.ended());
}

TEST_F(ServerTest, IdleConnectionsEndButNotThoseThatWaitForAnAnswer) {
  options_.idle_timeout = Duration(30);
  options_.header_timeout = Duration(250);
  start_inbox();
  Client client(port_);
  client.request("GET", "/");
  auto held = inbox_.take();
  EXPECT_TRUE(client.silent_for(std::chrono::milliseconds(350)));
  held.second(text("late"));
  EXPECT_EQ(client.reply().body, "late");
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, AClientThatDoesNotReadItsAnswerIsLeft) {
  options_.body_timeout = Duration(40);
  start([](http::Request, Responder respond) { respond(text(std::string(64U << 20U, 'x'))); });
  Client client(port_);
  client.request("GET", "/");
  while (server_->stats().connections_open == 0 || server_->stats().requests_total == 0) {
    std::this_thread::yield();
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (server_->stats().connections_open != 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(server_->stats().connections_open, 0U);
}

TEST_F(ServerTest, LargeBodiesGoBothWays) {
  start([](http::Request request, Responder respond) { respond(text(std::move(request.body))); });
  Client client(port_);
  std::string body(5U << 20U, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 255);
  std::thread sender([&] { client.request("POST", "/", body); });
  const Reply reply = client.reply();
  sender.join();
  EXPECT_TRUE(reply.body == body);
  EXPECT_EQ(client.call("POST", "/", "small").body, "small");
}

TEST_F(ServerTest, MalformedRequestsAre400AndEndTheConnection) {
  start_echo();
  for (const char* bad :
       {"GARBAGE\r\n\r\n", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET no-path HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: "
        "chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"}) {
    Client client(port_);
    client.send(bad);
    const Reply reply = client.reply();
    EXPECT_EQ(reply.status, 400) << bad;
    EXPECT_TRUE(client.ended()) << bad;
  }
  Client method(port_);
  const Reply brewed = method.call("BREW", "/");
  expect_error(brewed, 405, "NotAllowed");
  EXPECT_EQ(brewed.header("allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  Client trace(port_);
  expect_error(trace.call("TRACE", "/"), 405, "NotAllowed");
}

TEST_F(ServerTest, ForeignHostsAndOriginsAreRefused) {
  options_.allowed_hosts = {"shop.example"};
  start_echo();
  auto status = [&](const std::string& headers) {
    Client client(port_);
    client.send("GET / HTTP/1.1\r\n" + headers + "\r\n");
    return client.reply().status;
  };
  EXPECT_EQ(status("Host: localhost\r\n"), 200);
  EXPECT_EQ(status("Host: 127.0.0.1:80\r\n"), 200);
  EXPECT_EQ(status("Host: shop.example\r\nOrigin: https://shop.example\r\n"), 200);
  EXPECT_EQ(status("Host: evil.example\r\n"), 403);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: http://evil.example\r\n"), 403);
  EXPECT_EQ(status("Host: localhost\r\nOrigin: null\r\n"), 403);
}

TEST_F(ServerTest, TheHostOfATargetInAbsoluteFormCountsToo) {
  start_echo();
  auto status = [&](const std::string& target) {
    Client client(port_);
    client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.reply().status;
  };
  EXPECT_EQ(status("http://localhost:9000/a"), 200);
  EXPECT_EQ(status("http://127.0.0.1"), 200);
  EXPECT_EQ(status("http://evil.example/a"), 403);
  EXPECT_EQ(status("http://evil.example?a=http://localhost/"), 403);
}

TEST_F(ServerTest, Http10ClosesUnlessItAsksToStay) {
  start_echo();
  Client once(port_);
  once.send("GET /a HTTP/1.0\r\n\r\n");
  const Reply reply = once.reply();
  EXPECT_EQ(reply.body, "GET /a");
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(once.ended());
  Client stays(port_);
  for (int i = 0; i < 2; ++i) {
    stays.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(stays.reply().header("connection"), "keep-alive");
  }
}

TEST_F(ServerTest, ConnectionCloseIsHonouredAndLaterRequestsIgnored) {
  start_echo();
  Client client(port_);
  client.send(
      "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.reply().body, "GET /a");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(server_->stats().requests_total, 1U);
}

TEST_F(ServerTest, AClientThatEndsItsSideStillGetsItsAnswers) {
  start_inbox();
  Client client(port_);
  client.request("GET", "/a");
  client.finish_sending();
  auto held = inbox_.take();
  held.second(text("done"));
  EXPECT_EQ(client.reply().body, "done");
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, ForgottenAndThrowingRequestsAre500) {
  start([](const http::Request& request, Responder respond) {
    if (request.path == "/throw") throw std::runtime_error("secret");
    if (request.path == "/twice") {
      respond(text("first"));
      respond(text("second"));
    }
  });
  Client client(port_);
  const Reply thrown = client.call("GET", "/throw");
  expect_error(thrown, 500, "Internal");
  EXPECT_EQ(thrown.body.find("secret"), std::string::npos);
  expect_error(client.call("GET", "/forgotten"), 500, "Internal");
  EXPECT_EQ(client.call("GET", "/twice").body, "first");
  EXPECT_EQ(server_->stats().requests_in_flight, 0U);
}

TEST_F(ServerTest, AnswersCannotSmuggleHeaders) {
  start([](http::Request, Responder respond) {
    respond({.status = 200,
             .headers = {{"x-good", "1"},
                         {"x-bad", "a\r\nx-evil: 1"},
                         {"bad name", "1"},
                         {"content-length", "999"}},
             .body = "ok"});
  });
  Client client(port_);
  const Reply reply = client.call("GET", "/");
  EXPECT_EQ(reply.body, "ok");
  EXPECT_EQ(reply.header("x-good"), "1");
  EXPECT_EQ(reply.header("x-evil"), "");
  EXPECT_EQ(reply.header("x-bad"), "");
}

TEST_F(ServerTest, StatusesWithoutBodyHaveNone) {
  start([](http::Request, Responder respond) {
    respond({.status = 204, .headers = {}, .body = "never"});
  });
  Client client(port_);
  for (int i = 0; i < 2; ++i) {
    const Reply reply = client.call("GET", "/");
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.header("content-length"), "");
  }
}

TEST_F(ServerTest, StopLetsRequestsInFlightFinishAndEndsIdleConnections) {
  start_inbox();
  Client idle(port_);
  idle.request("GET", "/first");
  inbox_.take().second(text("first"));
  EXPECT_EQ(idle.reply().body, "first");
  Client busy(port_);
  busy.request("GET", "/busy");
  auto held = inbox_.take();
  std::thread stopper([&] { server_->stop(Duration(5000)); });
  EXPECT_TRUE(idle.ended());
  held.second(text("done"));
  const Reply reply = busy.reply();
  EXPECT_EQ(reply.body, "done");
  EXPECT_EQ(reply.header("connection"), "close");
  busy.finish_sending();
  stopper.join();
  EXPECT_THROW(Client{port_}, std::runtime_error);
}

TEST_F(ServerTest, StopAnswersWaitingRequestsAndGivesUpAtItsDeadline) {
  start([this](http::Request request, Responder respond) {
    if (request.path == "/wait") respond.mark_waiting();
    inbox_.put(std::move(request), std::move(respond));
  });
  Client waiting(port_);
  waiting.request("GET", "/wait");
  auto held = inbox_.take();
  Client stuck(port_);
  stuck.request("GET", "/stuck");
  auto forgotten = inbox_.take();
  std::thread stopper([&] { server_->stop(Duration(60)); });
  expect_error(waiting.reply(), 503, "Unavailable");
  EXPECT_TRUE(stuck.ended());
  stopper.join();
  server_.reset();
  held.second(text("too late"));  // after the server: dropped
}

TEST_F(ServerTest, AnAddressInUseAndABadOneAreReported) {
  start_echo();
  ServerOptions second = options_;
  second.listen = server_->bound_address();
  const auto in_use = Server::start(second, [](http::Request, Responder) {});
  ASSERT_FALSE(in_use);
  EXPECT_EQ(in_use.error().name(), "Unavailable");
  EXPECT_NE(in_use.error().message().find(second.listen), std::string::npos);
  for (const char* bad : {"", "localhost", "1.2.3:1", "127.0.0.1:70000", "127.0.0.1:x"}) {
    second.listen = bad;
    const auto refused = Server::start(second, [](http::Request, Responder) {});
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().name(), "InvalidInput");
  }
}

TEST_F(ServerTest, SeveralThreadsServeManyClientsAtOnce) {
  options_.io_threads = 3;
  start_inbox();
  constexpr int k_clients = 8;
  constexpr int k_requests = 100;
  std::thread worker([&] {
    for (int i = 0; i < k_clients * k_requests; ++i) {
      auto [request, respond] = inbox_.take();
      respond(text(request.path));
    }
  });
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < k_clients; ++c) {
    clients.emplace_back([&, c] {
      Client client(port_);
      for (int i = 0; i < k_requests; ++i) {
        const std::string path = "/" + std::to_string(c) + "/" + std::to_string(i);
        if (client.call("GET", path).body == path) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  worker.join();
  EXPECT_EQ(right, k_clients * k_requests);
}

/// Garbage, and valid requests with bytes changed, cut or doubled: every connection ends or
/// answers, and a proper request afterwards is served.
TEST_F(ServerTest, GarbageNeverStopsTheServer) {
  options_.header_bytes_max = 2000;
  options_.body_bytes_max = 2000;
  options_.header_timeout = Duration(20);
  options_.body_timeout = Duration(20);
  options_.linger_timeout = Duration(20);
  options_.idle_timeout = Duration(20);
  start_echo();
  const std::string valid =
      "POST /a%20b?x=1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;a=b\r\nabc\r\n4\r\ndefg\r\n0\r\nX: y\r\n\r\n"
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde"
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::mt19937 random(20260101);  // NOLINT: the same bytes in every run
  auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 1500; ++round) {
    std::string bytes = valid;
    const std::size_t changes = 1 + below(6);
    for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
      const std::size_t at = below(bytes.size());
      switch (below(5)) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, below(20));
          break;
        case 2:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(40)));
          break;
        case 3:
          bytes.insert(at, 1 + below(8), "\r\n:; 0"[below(6)]);
          break;
        default:
          bytes.resize(at);
      }
    }
    if (round % 10 == 0) {
      for (char& c : bytes) c = static_cast<char>(random());
    }
    Client client(port_);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = round % 3 == 0 ? bytes.size() : 1 + below(60);
      client.send(std::string_view(bytes).substr(at, size));
      at += size;
    }
    client.finish_sending();
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 ")) << answer;
  }
  Client after(port_);
  EXPECT_EQ(after.call("GET", "/fine").body, "GET /fine");
  EXPECT_EQ(server_->stats().requests_in_flight, 0U);
}

}  // namespace
}  // namespace eventual::gateway
