// The code of docs/http.md, docs/middleware.md and docs/security.md.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventual/eventual.hpp"
#include "eventual/middleware.hpp"
#include "eventual/testing.hpp"

namespace shop_guide {

namespace ev = eventual;
namespace http = eventual::http;

enum class Colour { yellow, blue };
struct Search {
  std::string shop;
  std::string word;
  std::vector<Colour> colours;
  std::optional<std::int32_t> limit;
  std::string language = "en";
};

inline ev::Service orders{"orders"};

// [search]
inline const auto search_notes = orders.command(
    "searchNotes",
    {.method = http::Method::get,
     .path = "/shops/:shop/notes",
     .summary = "Finds notes by word and colour",
     .tags = {"notes"},
     .parameters = {{.member = "language", .in = http::In::header, .name = "accept-language"}},
     .concurrency = 8},
    [](const Search& search) -> std::string {
      return search.shop + " " + search.word + " " + search.language;
    });
// [/search]

// [value]
struct User {
  std::string name;
};

inline const auto signed_in = orders.use([](const http::Request& request) -> User {
  const std::string_view name = http::find(request.headers, "x-user");
  if (name.empty()) throw http::HttpError(401, "Unauthorized", "who are you?");
  return {std::string(name)};
});
inline const auto greet = signed_in.command(
    "greet",
    [](std::string word, const User& user) -> std::string { return word + " " + user.name; });
// [/value]

// [around]
inline const auto signed_and_marked = signed_in.use([](http::Next<>& next) -> http::Response {
  http::Response response = next();
  response.headers.emplace_back("x-served-by", "orders");
  return response;
});
// [/around]

// [jwt]
inline const auto writers = orders.use(ev::middleware::Jwt({.jwks_file = "keys.json",
                                                            .issuer = "https://id.example",
                                                            .audience = "orders",
                                                            .scopes = {"orders:write"}}));
inline const auto cancel_order =
    writers.command("cancelOrder", [](std::string id, const ev::Claims& claims) -> std::string {
      return id + " is cancelled for " + claims.subject;
    });
// [/jwt]

// [api-key]
inline const auto keyed =
    orders.use(ev::middleware::ApiKey({.keys = {{"shop", ev::Secret::environment("SHOP_KEY")}}}));
// [/api-key]

void declare_routes() {
  // [hello]
  orders.http.get("/hello/:name", [](const http::Request& request) {
    return "hello " + std::string(http::find(request.path_parameters, "name"));
  });
  // [/hello]
  // [me]
  signed_and_marked.http.get("/me", [](const User& user) { return user.name; });
  // [/me]
  // [streams]
  orders.http.post("/upload", [](http::BodyReader& body) -> std::string {
    std::size_t bytes = 0;
    for (std::string piece = body.read(); !piece.empty(); piece = body.read()) {
      bytes += piece.size();
    }
    return std::to_string(bytes);
  });
  orders.http.get("/ticks", [](http::EventStream& events) {
    for (int i = 0; events.open() && i < 10; ++i) events.send({.data = std::to_string(i)});
  });
  // [/streams]
}

TEST(HttpGuide, TheCodeOfThePagesWorks) {
  declare_routes();
  // [tests]
  ev::TestEnvironment env(orders);
  EXPECT_EQ(env.call(greet, "hello", {{"x-user", "sam"}}), "hello sam");  // headers for middleware
  const http::Response response = env.request({.method = http::Method::get, .raw_target = "/me"});
  EXPECT_EQ(response.status, 401);
  // [/tests]
  const http::Response me = env.request(
      {.method = http::Method::get, .raw_target = "/me", .headers = {{"x-user", "sam"}}});
  EXPECT_EQ(me.body, "sam");
  EXPECT_EQ(http::find(me.headers, "x-served-by"), "orders");
  EXPECT_EQ(env.request({.raw_target = "/hello/you"}).body, "hello you");
  EXPECT_EQ(env.request({.raw_target = "/shops/7/notes?word=milk&colours=blue",
                         .headers = {{"accept-language", "de"}}})
                .body,
            "\"7 milk de\"");
  EXPECT_EQ(
      env.request({.method = http::Method::post, .raw_target = "/upload", .body = "12345"}).body,
      "5");
  EXPECT_EQ(env.request({.raw_target = "/ticks"}).body.substr(0, 9), "data: 0\n\n");
}

}  // namespace shop_guide
