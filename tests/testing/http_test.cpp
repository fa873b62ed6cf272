// Commands, routes and middleware, in process.
#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "eventual/eventual.hpp"
#include "eventual/middleware.hpp"
#include "eventual/testing.hpp"

namespace ev = eventual;
namespace http = eventual::http;
using namespace std::chrono_literals;

namespace web {

struct User {
  std::string name;
};
struct Tenant {
  std::string name;
};
struct Page {
  std::string shop;
  std::int32_t limit = 10;
};
struct Percent {
  int value = 0;
};

}  // namespace web

template <>
struct eventual::Annotate<web::Percent> {
  static constexpr FieldAnnotations fields[] = {
      field<&web::Percent::value>({.minimum = 0, .maximum = 100})};
};

namespace {

using web::Page;
using web::Percent;
using web::Tenant;
using web::User;

http::Request request(http::Method method, std::string target, http::Fields headers = {},
                      std::string body = {}) {
  http::Request made;
  made.method = method;
  made.raw_target = std::move(target);
  made.headers = std::move(headers);
  made.body = std::move(body);
  return made;
}

User load_user(const http::Request& request) {
  const std::string_view name = http::find(request.headers, "x-user");
  if (name.empty()) throw http::HttpError(401, "Unauthorized", "who are you?");
  return {std::string(name)};
}

class HttpTest : public testing::Test {
 protected:
  http::Response get(std::string target, http::Fields headers = {}) {
    return env().request(request(http::Method::get, std::move(target), std::move(headers)));
  }
  /// Made at first use: everything must be declared by then.
  ev::TestEnvironment& env() {
    if (!env_) env_.emplace(shop);
    return *env_;
  }

  ev::Service shop{"shop"};

 private:
  std::optional<ev::TestEnvironment> env_;
};

std::string error_of(const http::Response& response) {
  return ev::Json::parse(response.body).value()["error"].as_string();
}

// --- commands ---

TEST_F(HttpTest, ACommandIsAnRpcAndARouteWithOneInput) {
  const auto list = shop.command(
      "list", {.method = http::Method::get, .path = "/shops/:shop/orders", .success_status = 202},
      [](Page page) -> std::string { return page.shop + ":" + std::to_string(page.limit); });
  EXPECT_EQ(env().call(list, Page{"7", 3}), "7:3");
  const http::Response rest = get("/shops/7/orders?limit=3");
  EXPECT_EQ(rest.status, 202);
  EXPECT_EQ(rest.body, "\"7:3\"");
  EXPECT_EQ(env()
                .request(request(http::Method::post, "/rpc/list", {}, R"({"shop":"7","limit":3})"))
                .status,
            200);
}

TEST_F(HttpTest, EveryBadMemberOfAnInputIsTold) {
  shop.command("list", {.method = http::Method::get, .path = "/orders"},
               [](const Page&) { return 1; });
  const http::Response response = get("/orders?limit=many");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(ev::Json::parse(response.body).value()["details"].dump(),
            R"([{"pointer":"/limit","reason":"must be an integer"},)"
            R"({"pointer":"/shop","reason":"is required"}])");
}

TEST_F(HttpTest, AnAnswerThatIsNotWhatItsTypePromisesIsLoggedAndNotSent) {
  shop.command("bounds", {.method = http::Method::get, .path = "/bounds"},
               [] { return Percent{101}; });
  shop.command("nan", {.method = http::Method::get, .path = "/nan"}, [] { return std::nan(""); });
  shop.http.get("/raw", [] { return Percent{-1}; });
  for (const std::string path : {"/bounds", "/nan", "/raw"}) {
    const http::Response response = get(path);
    EXPECT_EQ(response.status, 500) << path;
    EXPECT_EQ(error_of(response), "Internal") << path;
    EXPECT_EQ(response.body.find("101"), std::string::npos);
  }
  ASSERT_EQ(env().logs().size(), 3u);
  EXPECT_NE(env().logs()[0].find("GET /bounds: its answer does not match its type"),
            std::string::npos);
}

TEST_F(HttpTest, ACommandWithoutContentSendsNone) {
  shop.command("forget", {.method = http::Method::del, .path = "/it", .success_status = 204},
               [] {});
  const http::Response response = env().request(request(http::Method::del, "/it"));
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
}

// --- routes ---

TEST_F(HttpTest, RoutesAnswerWhatTheirHandlersReturn) {
  shop.provide<std::string>("provided");
  shop.http.get("/text", [] { return "hello"; });
  shop.http.get("/json", [] { return Page{"a", 1}; });
  shop.http.get("/free", [] { return ev::Json::array({1}); });
  shop.http.post("/nothing", [] {});
  shop.http.any("/path/*",
                [](const http::Request& asked, const ev::ServiceInfo& service,
                   std::string& provided) -> http::Response {
                  return http::text_response(
                      service.name + " " + provided + " " +
                          std::string(http::find(asked.path_parameters, "*")),
                      418);
                });
  EXPECT_EQ(get("/text").body, "hello");
  EXPECT_EQ(http::find(get("/text").headers, "content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(get("/json").body, R"({"shop":"a","limit":1})");
  EXPECT_EQ(http::find(get("/json").headers, "content-type"), "application/json");
  EXPECT_EQ(get("/free").body, "[1]");
  EXPECT_EQ(env().request(request(http::Method::post, "/nothing")).status, 204);
  const http::Response any = env().request(request(http::Method::patch, "/path/a/b"));
  EXPECT_EQ(any.status, 418);
  EXPECT_EQ(any.body, "shop provided a/b");
}

TEST_F(HttpTest, MethodsOfOnePathAreRoutesOfTheirOwn) {
  shop.http.get("/it", [] { return "got"; });
  shop.http.post("/it", [] { return "posted"; });
  shop.http.delete_("/it", [] { return "deleted"; });
  EXPECT_EQ(get("/it").body, "got");
  EXPECT_EQ(env().request(request(http::Method::post, "/it")).body, "posted");
  EXPECT_EQ(env().request(request(http::Method::del, "/it")).body, "deleted");
  EXPECT_EQ(env().request(request(http::Method::put, "/it")).status, 405);
}

TEST_F(HttpTest, ErrorsOfHandlersHaveTheirStatus) {
  shop.http.get("/own", []() -> http::Response {
    throw http::HttpError(410, "OrderGone", "it was removed", R"({"id":1})", {{"x-why", "age"}});
  });
  shop.http.get("/known", []() -> http::Response { throw ev::Error("NotFound", "no such order"); });
  shop.http.get("/other", []() -> http::Response { throw std::runtime_error("a password"); });
  const http::Response own = get("/own");
  EXPECT_EQ(own.status, 410);
  EXPECT_EQ(own.body, R"({"error":"OrderGone","message":"it was removed","details":{"id":1}})");
  EXPECT_EQ(http::find(own.headers, "x-why"), "age");
  EXPECT_EQ(get("/known").status, 404);
  const http::Response other = get("/other");
  EXPECT_EQ(other.status, 500);
  EXPECT_EQ(other.body.find("password"), std::string::npos);
  EXPECT_NE(env().logs().at(0).find("GET /other failed: std::runtime_error: a password"),
            std::string::npos);
}

TEST_F(HttpTest, BodiesInPiecesAreWholeInProcess) {
  shop.http.post("/count", [](http::BodyReader& body) -> std::string {
    return std::to_string(body.read_all(100).size());
  });
  shop.http.get("/pieces", [](http::ResponseWriter& writer) {
    writer.begin({.status = 201, .headers = {{"x-kind", "pieces"}}, .body = "a"});
    writer.write("b");
  });
  shop.http.get("/events", [](http::EventStream& events) {
    events.send({.event = "tick", .data = "one\ntwo", .id = "7", .retry_ms = 100});
    events.comment("still here");
  });
  EXPECT_EQ(env().request(request(http::Method::post, "/count", {}, "12345")).body, "5");
  EXPECT_EQ(env().request(request(http::Method::post, "/count", {}, std::string(101, 'x'))).status,
            413);
  const http::Response pieces = get("/pieces");
  EXPECT_EQ(pieces.status, 201);
  EXPECT_EQ(pieces.body, "ab");
  const http::Response events = get("/events");
  EXPECT_EQ(http::find(events.headers, "content-type"), "text/event-stream");
  EXPECT_EQ(events.body,
            "id: 7\nevent: tick\nretry: 100\ndata: one\ndata: two\n\n: still here\n\n");
}

TEST_F(HttpTest, AnEventCannotForgeAnother) {
  shop.http.get("/events", [](http::EventStream& events) {
    events.send({.event = "tick\ndata: forged", .data = ""});
  });
  EXPECT_EQ(get("/events").status, 400);
}

// --- middleware ---

TEST_F(HttpTest, MiddlewareGivesValuesByType) {
  const auto signed_in = shop.use(load_user);
  const auto greet = signed_in.command(
      "greet",
      [](std::string word, const User& user) -> std::string { return word + " " + user.name; });
  signed_in.http.get("/me", [](const User& user) { return user.name; });
  EXPECT_EQ(env().call(greet, "hello", {{"x-user", "sam"}}), "hello sam");
  EXPECT_EQ(get("/me", {{"x-user", "sam"}}).body, "sam");
  EXPECT_EQ(get("/me").status, 401);
  try {
    env().call(greet, "hello");
    FAIL() << "nobody is signed in";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "Unauthorized");
    EXPECT_EQ(error.message(), "who are you?");
  }
}

TEST_F(HttpTest, AnOutputOfMiddlewareMayBeTheFirstParameterToo) {
  const auto name = shop.use(load_user).command("name", [](const User& user) { return user.name; });
  EXPECT_EQ(env().call(name, {{"x-user", "sam"}}), "sam");
}

TEST_F(HttpTest, MiddlewareRunsOutermostFirstAndSeesTheResponseOnTheWayBack) {
  static std::vector<std::string> steps;
  steps.clear();
  const auto step = [](std::string name) {
    return [name](http::Next<>& next) -> http::Response {
      steps.push_back(name);
      http::Response response = next();
      steps.push_back("/" + name);
      response.headers.emplace_back("x-step", name);
      return response;
    };
  };
  shop.use(step("a")).use(step("b")).use(step("c")).http.get("/it", [] {
    steps.emplace_back("handler");
    return "done";
  });
  const http::Response response = get("/it");
  EXPECT_EQ(steps, (std::vector<std::string>{"a", "b", "c", "handler", "/c", "/b", "/a"}));
  std::string headers;
  for (const auto& [key, value] : response.headers) headers += key == "x-step" ? value : "";
  EXPECT_EQ(headers, "cba");
}

TEST_F(HttpTest, APipelineIsAValueThatOthersBuildUpon) {
  const auto users = shop.use(load_user);
  const auto tenants =
      users.use([](const User& user) -> Tenant { return {"tenant of " + user.name}; });
  users.http.get("/user", [](const User& user) { return user.name; });
  tenants.http.get("/tenant",
                   [](const Tenant& tenant, const User& user) { return tenant.name + user.name; });
  EXPECT_EQ(get("/user", {{"x-user", "sam"}}).body, "sam");
  EXPECT_EQ(get("/tenant", {{"x-user", "sam"}}).body, "tenant of samsam");
}

TEST_F(HttpTest, MiddlewareMayAnswerItself) {
  static int handled = 0;
  handled = 0;
  const auto maybe = shop.use([](const http::Request& asked) -> std::optional<http::Response> {
    if (http::find(asked.headers, "x-cached").empty()) return std::nullopt;
    return http::text_response("from the cache");
  });
  const auto either =
      maybe.use([](const http::Request& asked) -> std::variant<User, http::Response> {
        const std::string_view name = http::find(asked.headers, "x-user");
        if (name.empty()) return http::text_response("sign in", 303);
        return User{std::string(name)};
      });
  either.http.get("/it", [](const User& user) {
    ++handled;
    return user.name;
  });
  EXPECT_EQ(get("/it", {{"x-cached", "1"}}).body, "from the cache");
  EXPECT_EQ(get("/it").status, 303);
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(get("/it", {{"x-user", "sam"}}).body, "sam");
  EXPECT_EQ(handled, 1);
}

TEST_F(HttpTest, AroundMiddlewareGivesValuesTooAndSeesErrorsAsAnswers) {
  static int seen = 0;
  const auto around = shop.use([](http::Next<User, Tenant>& next) -> http::Response {
    http::Response response = next(User{"u"}, Tenant{"t"});
    seen = response.status;
    if (response.status == 404) return http::text_response("hidden", 200);
    return response;
  });
  around.http.get("/names",
                  [](const Tenant& tenant, const User& user) { return tenant.name + user.name; });
  around.http.get("/missing", []() -> std::string { throw ev::Error("NotFound", "gone"); });
  EXPECT_EQ(get("/names").body, "tu");
  EXPECT_EQ(get("/missing").body, "hidden");
  EXPECT_EQ(seen, 404);
}

TEST_F(HttpTest, AMiddlewareThatGoesOnTwiceIsADefectAndNoDoubleCall) {
  static int handled = 0;
  handled = 0;
  shop.use([](http::Next<>& next) -> http::Response {
        (void)next();
        return next();
      })
      .http.get("/it", [] {
        ++handled;
        return "done";
      });
  EXPECT_EQ(get("/it").status, 500);
  EXPECT_EQ(handled, 1);
  EXPECT_NE(env().logs().at(0).find("went on twice"), std::string::npos);
}

TEST_F(HttpTest, MiddlewareMayUseTheEngine) {
  const auto audit = shop.workflow(
      "audit", [](std::string who) -> ev::Future<std::string> { co_return "audited " + who; });
  shop.use(load_user)
      .use([audit](const User& user) { audit.start(user.name, {.name = user.name}).get(); })
      .http.get("/it", [] { return "done"; });
  EXPECT_EQ(get("/it", {{"x-user", "sam"}}).body, "done");
  EXPECT_EQ(env().executions(), std::vector<std::string>{"audit/sam"});
}

// --- what is shipped ---

TEST_F(HttpTest, CorsTellsBrowsersWhichPagesMayCall) {
  const auto open = shop.use(ev::middleware::Cors(
      {.origins = {"https://shop.example"}, .exposed_headers = {"x-total"}, .credentials = true}));
  open.http.get("/it", [] { return "done"; });
  const http::Response listed =
      get("/it", {{"host", "api.example"}, {"origin", "https://shop.example"}});
  EXPECT_EQ(listed.status, 200);
  EXPECT_EQ(http::find(listed.headers, "access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(http::find(listed.headers, "access-control-allow-credentials"), "true");
  EXPECT_EQ(http::find(listed.headers, "access-control-expose-headers"), "x-total");
  EXPECT_EQ(http::find(listed.headers, "vary"), "origin");
  const http::Response evil =
      get("/it", {{"host", "api.example"}, {"origin", "https://evil.example"}});
  EXPECT_EQ(evil.status, 403);
  EXPECT_EQ(http::find(evil.headers, "access-control-allow-origin"), "");
  EXPECT_EQ(get("/it", {{"host", "api.example"}, {"origin", "https://api.example"}}).status, 200);
  EXPECT_EQ(get("/it").status, 200);
}

TEST_F(HttpTest, ApiKeysAreComparedAndNamed) {
  const auto keyed = shop.use(ev::middleware::ApiKey(
      {.keys = {{"sam", ev::Secret::literal("key-1")}, {"kim", ev::Secret::literal("key-2")}}}));
  keyed.http.get("/who", [](const ev::ApiKeyOwner& owner) { return owner.name; });
  EXPECT_EQ(get("/who", {{"X-Api-Key", "key-2"}}).body, "kim");
  EXPECT_EQ(get("/who", {{"X-Api-Key", "key-3"}}).status, 401);
  EXPECT_EQ(get("/who", {{"X-Api-Key", "key-"}}).status, 401);
  EXPECT_EQ(get("/who").status, 401);
}

TEST_F(HttpTest, RequestIdsAreKeptOrMade) {
  shop.use(ev::middleware::RequestIds()).http.get("/id", [](const ev::RequestId& id) {
    return id.value;
  });
  const http::Response kept = get("/id", {{"x-request-id", "abc-1"}});
  EXPECT_EQ(kept.body, "abc-1");
  EXPECT_EQ(http::find(kept.headers, "x-request-id"), "abc-1");
  const http::Response made = get("/id");
  EXPECT_FALSE(made.body.empty());
  EXPECT_EQ(http::find(made.headers, "x-request-id"), made.body);
  EXPECT_NE(get("/id", {{"x-request-id", "a\"b"}}).body, "a\"b");
  EXPECT_NE(get("/id", {{"x-request-id", std::string(200, 'a')}}).body.size(), 200u);
}

TEST_F(HttpTest, TheRateLimitFillsUpAsTimeGoesBy) {
  shop.use(ev::middleware::RateLimit({.requests = 2, .per = 10s})).http.get("/it", [] {
    return "done";
  });
  EXPECT_EQ(http::find(get("/it").headers, "ratelimit-remaining"), "1");
  EXPECT_EQ(get("/it").status, 200);
  const http::Response refused = get("/it");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(error_of(refused), "LimitExceeded");
  EXPECT_EQ(http::find(refused.headers, "retry-after"), "5");
  env().tick(4999ms);
  EXPECT_EQ(get("/it").status, 429);
  env().tick(1ms);
  EXPECT_EQ(get("/it").status, 200);
  EXPECT_EQ(get("/it").status, 429);
  env().tick(1h);
  EXPECT_EQ(get("/it").status, 200);
  EXPECT_EQ(get("/it").status, 200);
  EXPECT_EQ(get("/it").status, 429);
}

TEST_F(HttpTest, TheRateLimitCountsByKeyAndForgetsTheQuietestBeyondItsRoom) {
  shop.use(ev::middleware::RateLimit({.requests = 1,
                                      .per = 1h,
                                      .key =
                                          [](const http::Request& asked) {
                                            return std::string(http::find(asked.headers, "x-user"));
                                          },
                                      .keys_max = 2}))
      .http.get("/it", [] { return "done"; });
  EXPECT_EQ(get("/it", {{"x-user", "a"}}).status, 200);
  EXPECT_EQ(get("/it", {{"x-user", "b"}}).status, 200);
  EXPECT_EQ(get("/it", {{"x-user", "a"}}).status, 429);
  EXPECT_EQ(get("/it", {{"x-user", "c"}}).status, 200);  // b is forgotten
  EXPECT_EQ(get("/it", {{"x-user", "a"}}).status, 429);
  EXPECT_EQ(get("/it", {{"x-user", "b"}}).status, 200);
}

std::string decompressed(const std::string& text) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1U << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(HttpTest, GzipCompressesWhatIsWorthItForThoseWhoAcceptIt) {
  static const std::string text(5000, 'a');
  const auto small = shop.use(ev::middleware::Gzip());
  small.http.get("/text", [] { return text; });
  small.http.get("/short", [] { return "short"; });
  small.http.get("/tagged", []() -> http::Response {
    return {.status = 200,
            .headers = {{"content-type", "text/html; charset=utf-8"}, {"etag", "\"7\""}},
            .body = text};
  });
  small.http.get("/image", []() -> http::Response {
    return {.status = 200, .headers = {{"content-type", "image/png"}}, .body = text};
  });
  small.http.get("/encoded", []() -> http::Response {
    return {.status = 200,
            .headers = {{"content-type", "text/plain"}, {"content-encoding", "br"}},
            .body = text};
  });
  const auto encoding = [&](const std::string& path, const std::string& accepted) {
    return std::string(
        http::find(get(path, {{"accept-encoding", accepted}}).headers, "content-encoding"));
  };
  const http::Response response = get("/text", {{"accept-encoding", "deflate, gzip;q=0.8"}});
  EXPECT_EQ(http::find(response.headers, "content-encoding"), "gzip");
  EXPECT_EQ(http::find(response.headers, "vary"), "accept-encoding");
  EXPECT_LT(response.body.size(), 200u);
  EXPECT_EQ(decompressed(response.body), text);
  EXPECT_EQ(encoding("/text", ""), "");
  EXPECT_EQ(encoding("/text", "gzip;q=0"), "");
  EXPECT_EQ(encoding("/text", "gzip; Q=0.000"), "");
  EXPECT_EQ(encoding("/text", "*"), "gzip");
  EXPECT_EQ(encoding("/text", "*;q=0.5, gzip;q=0"), "");
  EXPECT_EQ(encoding("/text", "identity;q=1, gzip;q=0.5"), "");
  EXPECT_EQ(encoding("/text", "GZIP"), "gzip");
  EXPECT_EQ(encoding("/text", "br"), "");
  EXPECT_EQ(encoding("/short", "gzip"), "");
  EXPECT_EQ(encoding("/image", "gzip"), "");
  EXPECT_EQ(encoding("/encoded", "gzip"), "br");
  EXPECT_EQ(http::find(get("/tagged", {{"accept-encoding", "gzip"}}).headers, "etag"), "W/\"7\"");
  EXPECT_EQ(http::find(get("/text").headers, "vary"), "accept-encoding");
}

TEST_F(HttpTest, TheAccessLogTellsOfEachRequestWithoutItsQuery) {
  shop.use(ev::middleware::AccessLog()).http.get("/it", [] { return "done"; });
  EXPECT_EQ(get("/it?token=secret").status, 200);
  EXPECT_EQ(env().logs().at(0), "INFO GET /it 200 4 bytes in 0 ms from 127.0.0.1");
}

TEST_F(HttpTest, MiddlewareTellsHowCallersProveWhoTheyAre) {
  const auto secured = shop.use(ev::middleware::AccessLog())
                           .use(ev::middleware::ApiKey({.keys = {}, .header = "x-key"}));
  secured.command("c", {.tags = {"orders"}}, [] {});
  const auto& chain = shop.declarations().find_command("c")->middleware;
  ASSERT_EQ(chain.size(), 2u);
  EXPECT_EQ(chain[0]->info.name, "access log");
  ASSERT_TRUE(chain[1]->info.security);
  EXPECT_EQ(chain[1]->info.security->kind, ev::SecurityScheme::Kind::api_key);
  EXPECT_EQ(chain[1]->info.security->header, "x-key");
  EXPECT_NE(chain[1]->info.problem(), "");
}

}  // namespace
