#include "gateway/router.hpp"

#include <gtest/gtest.h>

namespace eventual::gateway {
namespace {

using http::Method;

class RouterTest : public ::testing::Test {
 protected:
  void add(Method method, std::string_view pattern) {
    router_.add(method, pattern, "route " + std::to_string(next_), next_).value();
    ++next_;
  }

  /// "2 id=7" for route 2 with a parameter, or why there is none.
  std::string matched(Method method, std::string_view path) {
    const Match match = router_.match(method, path);
    switch (match.kind) {
      case Match::Kind::found: {
        std::string text = std::to_string(match.index);
        for (const auto& [name, value] : match.path_parameters) {
          text.append(" ").append(name).append("=").append(value);
        }
        return text;
      }
      case Match::Kind::not_found:
        return "not found";
      case Match::Kind::not_allowed:
        return "allow " + match.allow;
      case Match::Kind::options:
        return "options " + match.allow;
      case Match::Kind::bad_path:
        return "bad path";
    }
    return "?";
  }

  Router router_;
  std::size_t next_ = 0;
};

TEST_F(RouterTest, LiteralsWinOverParametersAndThoseOverTails) {
  add(Method::get, "/orders/:id");
  add(Method::get, "/orders/open");
  add(Method::get, "/orders/*");
  add(Method::get, "/");
  EXPECT_EQ(matched(Method::get, "/orders/7"), "0 id=7");
  EXPECT_EQ(matched(Method::get, "/orders/open"), "1");
  EXPECT_EQ(matched(Method::get, "/orders/7/lines/2"), "2 *=7/lines/2");
  EXPECT_EQ(matched(Method::get, "/orders/"), "2 *=");
  EXPECT_EQ(matched(Method::get, "/"), "3");
  EXPECT_EQ(matched(Method::get, "/orders"), "not found");
}

TEST_F(RouterTest, AnotherRouteTakesAMethodThatTheNearerOneLacks) {
  add(Method::post, "/orders/open");
  add(Method::get, "/orders/:id");
  EXPECT_EQ(matched(Method::get, "/orders/open"), "1 id=open");
  EXPECT_EQ(matched(Method::del, "/orders/open"), "allow GET, HEAD, POST, OPTIONS");
}

TEST_F(RouterTest, SearchComesBackFromALiteralThatLeadsNowhere) {
  add(Method::get, "/a/b/c");
  add(Method::get, "/:x/b/d");
  EXPECT_EQ(matched(Method::get, "/a/b/d"), "1 x=a");
}

TEST_F(RouterTest, HeadTakesTheGetRouteAndOptionsTellsTheMethods) {
  add(Method::get, "/a");
  add(Method::put, "/a");
  EXPECT_EQ(matched(Method::head, "/a"), "0");
  EXPECT_EQ(matched(Method::options, "/a"), "options GET, HEAD, PUT, OPTIONS");
  EXPECT_EQ(matched(Method::options, "/b"), "not found");
}

TEST_F(RouterTest, AnyTakesEveryMethodWithoutARouteOfItsOwn) {
  add(Method::any, "/a");
  add(Method::post, "/a");
  EXPECT_EQ(matched(Method::del, "/a"), "0");
  EXPECT_EQ(matched(Method::post, "/a"), "1");
}

TEST_F(RouterTest, SegmentsAreDecodedAfterTheyAreSplit) {
  add(Method::get, "/x/:workflow/:name");
  EXPECT_EQ(matched(Method::get, "/x/a%2Fb/c%20d"), "0 workflow=a/b name=c d");
  EXPECT_EQ(matched(Method::get, "/x/a%2/c"), "bad path");
  EXPECT_EQ(matched(Method::get, "/%78/a/c"), "0 workflow=a name=c");
  EXPECT_EQ(matched(Method::get, "/x//c"), "not found");
}

TEST_F(RouterTest, ConflictsNameBothRoutes) {
  router_.add(Method::get, "/orders/:id", "getOrder", 0).value();
  const Result<void> added = router_.add(Method::get, "/orders/:number", "findOrder", 1);
  ASSERT_FALSE(added);
  EXPECT_NE(added.error().message().find("getOrder"), std::string::npos);
  EXPECT_NE(added.error().message().find("findOrder"), std::string::npos);
}

TEST_F(RouterTest, MalformedPatternsAreRefused) {
  for (const char* pattern : {"", "orders", "/a/*/b", "/:", "/:a/:a", "/%zz"}) {
    EXPECT_FALSE(router_.add(Method::get, pattern, "x", 0)) << pattern;
  }
}

}  // namespace
}  // namespace eventual::gateway
