// Commands and routes over sockets: bodies in pieces, limits, preflight requests, TLS.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <future>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>

#include "eventual/eventual.hpp"
#include "eventual/middleware.hpp"
#include "gateway/tls.hpp"
#include "host/node.hpp"
#include "host/routes.hpp"
#include "tests/gateway/support.hpp"
#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using namespace std::chrono_literals;
using gateway::testing::Client;
using gateway::testing::Reply;

class HttpServiceTest : public testing::Test {
 protected:
  ~HttpServiceTest() override {
    if (gateway_) gateway_->stop(Duration(0));
    if (node_) node_->stop(k_patience);
  }

  std::uint16_t port() {
    if (!gateway_) {
      node_ = Node::start(service.declarations(), memory_store(), {}).value();
      options.server.listen = "127.0.0.1:0";
      gateway_ =
          gateway::Gateway::start(options, *node_, command_routes(*node_, service.declarations()),
                                  {}, raw_routes(*node_, service.declarations()))
              .value();
    }
    return gateway_->bound_port();
  }

  Reply call(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view headers = {}) {
    return Client(port()).call(method, target, body, headers);
  }

  Service service{"shop"};
  gateway::GatewayOptions options;
  std::unique_ptr<Node> node_;
  std::unique_ptr<gateway::Gateway> gateway_;
};

/// The bytes of a chunked body; empty with `*whole` false when it is cut.
std::string dechunked(std::string_view text, bool* whole) {
  std::string body;
  *whole = false;
  for (;;) {
    const std::size_t line = text.find("\r\n");
    if (line == std::string_view::npos) return body;
    const std::size_t size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    text.remove_prefix(line + 2);
    if (size == 0) {
      *whole = text == "\r\n";
      return body;
    }
    if (text.size() < size + 2) return body;
    body += text.substr(0, size);
    text.remove_prefix(size + 2);
  }
}

TEST_F(HttpServiceTest, CommandsAndRoutesAnswerOverTheNetwork) {
  service.command("double", {.path = "/double", .success_status = 201},
                  [](int value) { return value * 2; });
  service.http.get("/hello/:name", [](const http::Request& request) {
    return "hello " + std::string(http::find(request.path_parameters, "name"));
  });
  EXPECT_EQ(call("POST", "/rpc/double", "4").body, "8");
  const Reply rest = call("POST", "/double", "4");
  EXPECT_EQ(rest.status, 201);
  EXPECT_EQ(rest.header("content-type"), "application/json");
  EXPECT_EQ(call("GET", "/hello/sam").body, "hello sam");
  EXPECT_EQ(call("HEAD", "/hello/sam").header("content-length"), "9");
  EXPECT_EQ(call("POST", "/hello/sam").status, 405);
}

TEST_F(HttpServiceTest, ABodyIsReadAsItArrives) {
  const auto first = std::make_shared<std::promise<std::string>>();
  service.http.post("/upload", [&, first](http::BodyReader& body) {
    std::string all = body.read();
    first->set_value(all);
    for (std::string piece = body.read(); !piece.empty(); piece = body.read()) all += piece;
    return all;
  });
  Client client(port());
  client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("3\r\none\r\n");
  EXPECT_EQ(first->get_future().get(), "one");
  client.send("3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_EQ(client.reply().body, "onetwo");
  // The connection goes on.
  client.request("POST", "/upload", "again");
  EXPECT_THROW(first->set_value(""), std::future_error);
  EXPECT_EQ(client.reply().status, 500);  // set_value twice: the handler failed
}

TEST_F(HttpServiceTest, ABodyIsNotReadFasterThanItsHandlerReads) {
  const auto begun = std::make_shared<std::promise<void>>();
  std::promise<void> go_on;
  const auto may_go_on = go_on.get_future().share();
  service.http.post("/upload", [&, begun, may_go_on](http::BodyReader& body) -> std::string {
    begun->set_value();
    may_go_on.wait();
    std::size_t size = 0;
    for (std::string piece = body.read(); !piece.empty(); piece = body.read()) size += piece.size();
    return std::to_string(size);
  });
  constexpr std::size_t k_bytes = 64U * 1024 * 1024;
  std::atomic<std::size_t> sent{0};
  Client client(port());
  std::thread sender([&] {
    client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(k_bytes) + "\r\n\r\n");
    const std::string piece(1U << 20, 'x');
    for (std::size_t i = 0; i < k_bytes; i += piece.size()) {
      client.send(piece);
      sent += piece.size();
    }
  });
  begun->get_future().wait();
  // The sender stands still long before the end: only sockets and one bounded buffer are full.
  std::size_t before = 0;
  do {
    before = sent.load();
    std::this_thread::sleep_for(50ms);
  } while (sent.load() != before);
  EXPECT_LT(sent.load(), k_bytes);
  go_on.set_value();
  sender.join();
  EXPECT_EQ(client.reply().body, std::to_string(k_bytes));
}

TEST_F(HttpServiceTest, AHandlerThatDoesNotReadItsBodyAnswersAndTheConnectionEnds) {
  service.http.post("/upload", [](http::BodyReader&) { return "enough"; });
  Client client(port());
  client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome");
  const Reply reply = client.reply();
  EXPECT_EQ(reply.body, "enough");
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpServiceTest, AReaderIsToldWhenTheCallerIsGone) {
  const auto told = std::make_shared<std::promise<std::string>>();
  service.http.post("/upload", [&, told](http::BodyReader& body) {
    try {
      while (!body.read().empty()) {
      }
      told->set_value("the end");
    } catch (const Error& error) {
      told->set_value(error.name());
    }
  });
  {
    Client client(port());
    client.send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome");
  }
  EXPECT_EQ(told->get_future().get(), "Closed");
}

TEST_F(HttpServiceTest, BodiesBeyondTheLimitOfTheirRouteAre413) {
  service.command("small", {.path = "/small", .body_bytes_max = 10},
                  [](std::string text) { return text; });
  service.http.post("/pieces", {.body_bytes_max = 10},
                    [](http::BodyReader& body) { return body.read_all(1000); });
  EXPECT_EQ(call("POST", "/small", "\"1234567\"").status, 200);
  EXPECT_EQ(call("POST", "/small", "\"123456789\"").status, 413);
  EXPECT_EQ(call("POST", "/rpc/small", "\"123456789\"").status, 413);
  EXPECT_EQ(call("POST", "/pieces", "1234567890").status, 200);
  EXPECT_EQ(call("POST", "/pieces", "12345678901").status, 413);
  Client client(port());
  client.send(
      "POST /pieces HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n");
  EXPECT_EQ(client.reply().status, 413);
}

TEST_F(HttpServiceTest, ARouteThatReadsInPiecesTakesMoreThanTheServerKeeps) {
  options.server.body_bytes_max = 1000;
  service.http.post("/pieces", [](http::BodyReader& body) -> std::string {
    return std::to_string(body.read_all(100'000).size());
  });
  service.http.post("/whole", [](const http::Request& request) { return request.body; });
  EXPECT_EQ(call("POST", "/pieces", std::string(50'000, 'x')).body, "50000");
  EXPECT_EQ(call("POST", "/whole", std::string(1001, 'x')).status, 413);
}

TEST_F(HttpServiceTest, AnAnswerIsSentAsItIsMade) {
  std::promise<void> go_on;
  const auto may_go_on = go_on.get_future().share();
  service.http.get("/download", [&, may_go_on](http::ResponseWriter& writer) {
    writer.begin({.status = 206, .headers = {{"x-kind", "pieces"}}, .body = {}});
    writer.write("one");
    may_go_on.wait();
    writer.write("two");
  });
  Client client(port());
  client.request("GET", "/download", {}, "Connection: close\r\n");
  const Reply head = client.reply();  // it has no length: the header alone
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(head.header("transfer-encoding"), "chunked");
  EXPECT_EQ(head.header("x-kind"), "pieces");
  go_on.set_value();
  bool whole = false;
  EXPECT_EQ(dechunked(client.read_to_end(), &whole), "onetwo");
  EXPECT_TRUE(whole);
}

TEST_F(HttpServiceTest, AnAnswerIsNotMadeFasterThanItsCallerReads) {
  constexpr std::size_t k_pieces = 64;
  std::atomic<std::size_t> written{0};
  service.http.get("/download", [&](http::ResponseWriter& writer) {
    const std::string piece(1U << 20, 'x');
    for (std::size_t i = 0; i < k_pieces; ++i) {
      writer.write(piece);
      ++written;
    }
  });
  Client client(port());
  client.request("GET", "/download", {}, "Connection: close\r\n");
  EXPECT_EQ(client.reply().status, 200);
  std::size_t before = 0;
  do {
    before = written.load();
    std::this_thread::sleep_for(50ms);
  } while (written.load() != before);
  EXPECT_LT(written.load(), k_pieces);
  bool whole = false;
  EXPECT_EQ(dechunked(client.read_to_end(), &whole).size(), k_pieces << 20);
  EXPECT_TRUE(whole);
}

TEST_F(HttpServiceTest, ManyAnswersInPiecesShareAConnection) {
  service.http.get("/pieces", [](http::ResponseWriter& writer) {
    writer.write("a");
    writer.write("b");
  });
  service.http.get("/whole", [] { return "whole"; });
  Client client(port());
  client.request("GET", "/pieces");
  client.request("GET", "/whole");
  client.request("GET", "/pieces", {}, "Connection: close\r\n");
  const std::string all = client.read_to_end();
  const std::size_t first = all.find("0\r\n\r\nHTTP/1.1 200 OK\r\n");
  ASSERT_NE(first, std::string::npos) << all;
  EXPECT_NE(all.find("whole", first), std::string::npos);
  EXPECT_TRUE(all.ends_with("0\r\n\r\n")) << all;
}

TEST_F(HttpServiceTest, ACallerOfHttp10GetsThePiecesUntilTheConnectionEnds) {
  const auto heard = std::make_shared<std::promise<void>>();
  service.http.get("/pieces", [heard](http::ResponseWriter& writer) {
    writer.write("a");
    writer.write("b");
    // It ends when everything is sent already: there is nothing more to write.
    heard->get_future().wait();
  });
  Client client(port());
  client.send("GET /pieces HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.await("\r\n\r\nab"));
  heard->set_value();
  const std::string all = client.read_to_end();
  EXPECT_EQ(all.find("transfer-encoding"), std::string::npos) << all;
  EXPECT_TRUE(all.ends_with("\r\n\r\nab")) << all;
}

TEST_F(HttpServiceTest, AnAnswerThatFailsHalfWayIsCut) {
  service.http.get("/broken", [](http::ResponseWriter& writer) {
    writer.write("half");
    throw std::runtime_error("disk on fire");
  });
  Client client(port());
  client.request("GET", "/broken");
  const std::string all = client.read_to_end();
  EXPECT_FALSE(all.ends_with("0\r\n\r\n")) << all;
}

TEST_F(HttpServiceTest, AWriterIsToldWhenTheCallerIsGone) {
  const auto told = std::make_shared<std::promise<std::string>>();
  service.http.get("/endless", [&, told](http::ResponseWriter& writer) {
    try {
      for (;;) writer.write(std::string(1000, 'x'));
    } catch (const Error& error) {
      told->set_value(error.name());
    }
  });
  {
    Client client(port());
    client.request("GET", "/endless");
    EXPECT_EQ(client.reply().status, 200);
  }
  EXPECT_EQ(told->get_future().get(), "Closed");
}

TEST_F(HttpServiceTest, EventStreamsEndWithTheirCallerAndWithTheService) {
  std::atomic<int> ended{0};
  service.http.get("/events", [&](http::EventStream& events) {
    events.send({.data = "hello"});
    while (events.open()) sleep_for(5ms).get();
    ++ended;
  });
  {
    Client client(port());
    client.request("GET", "/events");
    EXPECT_EQ(client.reply().header("content-type"), "text/event-stream");
    EXPECT_TRUE(client.await("data: hello"));
    EXPECT_EQ(ended.load(), 0);
  }
  ASSERT_TRUE(eventually([&] { return ended.load() == 1; }));
  Client client(port());
  client.request("GET", "/events");
  EXPECT_EQ(client.reply().status, 200);
  EXPECT_TRUE(client.await("data: hello"));
  gateway_->stop(k_patience);
  bool whole = false;
  EXPECT_EQ(dechunked(client.read_to_end(), &whole), "data: hello\n\n");
  EXPECT_TRUE(whole);
}

TEST_F(HttpServiceTest, MoreRequestsAtOnceThanACommandTakesAre429) {
  const auto begun = std::make_shared<std::counting_semaphore<>>(0);
  std::promise<void> go_on;
  const auto may_go_on = go_on.get_future().share();
  service.command("one", {.concurrency = 1}, [begun, may_go_on] {
    begun->release();
    may_go_on.wait();
  });
  Client first(port());
  first.request("POST", "/rpc/one");
  begun->acquire();
  const Reply refused = call("POST", "/rpc/one");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(refused.json()["error"], Json("LimitExceeded"));
  go_on.set_value();
  EXPECT_EQ(first.reply().status, 200);
}

TEST_F(HttpServiceTest, WhoHasTheAnswerMayAskAgainAtOnce) {
  service.command("one", {.concurrency = 1}, [] {});
  port();
  const auto routes = command_routes(*node_, service.declarations());
  const auto again = std::make_shared<std::promise<int>>();
  const auto invoke = routes.at(0).invoke;
  // While the answer is given: what the service does after it has not been done.
  invoke({}, [invoke, again](const http::Response& first) {
    EXPECT_EQ(first.status, 200) << first.body;
    invoke({}, [again](const http::Response& second) { again->set_value(second.status); });
  });
  EXPECT_EQ(again->get_future().get(), 200);
}

TEST_F(HttpServiceTest, ARouteThatTakesTooLongIs503) {
  std::promise<void> go_on;
  const auto may_go_on = go_on.get_future().share();
  service.http.get("/slow", {.timeout = 20ms}, [&, may_go_on] { may_go_on.wait(); });
  const Reply reply = call("GET", "/slow");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.json()["error"], Json("Timeout"));
  go_on.set_value();
}

TEST_F(HttpServiceTest, PreflightRequestsAreAnsweredByTheMiddlewareOfWhatTheyAskAbout) {
  service.use(middleware::Cors({.origins = {"https://shop.example"}}))
      .use([](const http::Request&) { throw http::HttpError(401, "Unauthorized", "sign in"); })
      .command("open", {.path = "/open"}, [] {});
  service.command("closed", {.path = "/closed"}, [] {});
  const std::string ask = "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n";
  const Reply allowed = call("OPTIONS", "/open", {}, ask);
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.header("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(allowed.header("access-control-max-age"), "600");
  // The service's own check holds for everything else.
  EXPECT_EQ(call("OPTIONS", "/closed", {}, ask).status, 403);
  EXPECT_EQ(call("POST", "/closed", {}, "Origin: https://shop.example\r\n").status, 403);
  EXPECT_EQ(call("POST", "/open", {}, "Origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(call("POST", "/open", {}, "Origin: https://shop.example\r\n").status, 401);
  const Reply evil =
      call("OPTIONS", "/open", {},
           "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_EQ(evil.status, 403);
  EXPECT_EQ(evil.header("access-control-allow-origin"), "");
}

// --- TLS ---

std::string output_of(const std::string& command) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"),
                                                       &::pclose);
  std::string text;
  char bytes[4096];
  while (const std::size_t count = std::fread(bytes, 1, sizeof bytes, pipe.get())) {
    text.append(bytes, count);
  }
  return text;
}

class HttpsTest : public HttpServiceTest {
 protected:
  void SetUp() override {
    certificate_ = folder_ / "cert.pem";
    key_ = folder_ / "key.pem";
    output_of(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
        key_ + " -out " + certificate_);
    auto tls = gateway::TlsContext::load(certificate_, key_);
    ASSERT_TRUE(tls) << tls.error().message();
    options.server.tls = std::move(*tls);
    service.command("double", {.path = "/double"}, [](int value) { return value * 2; });
    service.http.post("/echo", [](http::BodyReader& body, http::ResponseWriter& writer) {
      for (std::string piece = body.read(); !piece.empty(); piece = body.read())
        writer.write(piece);
    });
  }

  std::string curl(const std::string& arguments) {
    const std::string at = std::to_string(port());
    return output_of("curl -sS --max-time 60 --cacert " + certificate_ +
                     " --resolve localhost:" + at + ":127.0.0.1 " + arguments);
  }
  std::string url() { return "https://localhost:" + std::to_string(port()); }

  TemporaryFolder folder_;
  std::string certificate_;
  std::string key_;
};

TEST_F(HttpsTest, CurlTalksToIt) {
  EXPECT_EQ(curl("--json 21 " + url() + "/rpc/double"), "42");
  // Two requests on one connection.
  EXPECT_EQ(curl("--json 21 " + url() + "/rpc/double " + url() + "/double"), "4242");
  EXPECT_EQ(curl("--tls-max 1.2 --json 21 " + url() + "/rpc/double"), "42");
  EXPECT_NE(curl("--tls-max 1.1 --json 21 " + url() + "/rpc/double").find("curl: ("),
            std::string::npos);
}

TEST_F(HttpsTest, LargeBodiesInPiecesArriveBothWaysAsTheyWere) {
  const std::string file = folder_ / "large";
  {
    std::ofstream out(file, std::ios::binary);
    for (int i = 0; i < 300'000; ++i) out << "line " << i << "\n";
  }
  EXPECT_EQ(curl("--data-binary @" + file + " -o " + file + ".back " + url() + "/echo"), "");
  EXPECT_EQ(output_of("cmp " + file + " " + file + ".back"), "");
}

TEST_F(HttpsTest, TheCertificateIsVerifiedByOpenssl) {
  const std::string told =
      output_of("echo | openssl s_client -connect 127.0.0.1:" + std::to_string(port()) +
                " -servername localhost -verify_hostname localhost -alpn h2,http/1.1 -CAfile " +
                certificate_);
  EXPECT_NE(told.find("Verify return code: 0 (ok)"), std::string::npos) << told;
  EXPECT_NE(told.find("ALPN protocol: http/1.1"), std::string::npos) << told;
}

TEST_F(HttpsTest, PlainHttpIsNotAnswered) {
  Client client(port());
  client.request("GET", "/double");
  const std::string answer = client.read_to_end();
  EXPECT_EQ(answer.find("HTTP/1.1"), std::string::npos) << answer;
}

TEST_F(HttpsTest, FilesThatCannotBeUsedAreNamed) {
  EXPECT_NE(gateway::TlsContext::load("/nowhere.pem", key_).error().message().find("/nowhere.pem"),
            std::string::npos);
  EXPECT_NE(gateway::TlsContext::load(certificate_, certificate_)
                .error()
                .message()
                .find("the private key"),
            std::string::npos);
  EXPECT_EQ(gateway::TlsContext::load(certificate_, "/nowhere.pem").error().message(),
            "the private key \"/nowhere.pem\" cannot be used: No such file or directory");
}

}  // namespace
}  // namespace eventual::host
