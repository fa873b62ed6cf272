#include "client/url.hpp"

#include <gtest/gtest.h>

namespace eventual::client {
namespace {

TEST(Url, IsReadInItsParts) {
  const Url url = parse_url("https://shop.example:8443/base/").value();
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.host, "shop.example");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.base_path, "/base");
  EXPECT_EQ(url.text(), "https://shop.example:8443/base");
}

TEST(Url, TakesSchemeAndPortAsGivenOrByHabit) {
  EXPECT_EQ(parse_url("localhost:9000").value().text(), "http://localhost:9000");
  EXPECT_EQ(parse_url("http://shop.example").value().port, 80);
  EXPECT_EQ(parse_url("https://shop.example").value().port, 443);
  EXPECT_EQ(parse_url("https://shop.example:443").value().authority(), "shop.example");
  EXPECT_EQ(parse_url("http://[::1]:9000/x").value().authority(), "[::1]:9000");
  EXPECT_EQ(parse_url("http://[::1]").value().host, "::1");
}

TEST(Url, RefusesWhatIsNoAddressOfAService) {
  for (const char* text :
       {"", "http://", "ftp://host", "http://host:", "http://host:0", "http://host:70000",
        "http://host:9x", "http://me:secret@host", "http://host?x=1", "http://host/#x",
        "http://a b", "http://[::1", "http://[::1]x", "http://[::1]:", "http://host\n"}) {
    const auto url = parse_url(text);
    EXPECT_FALSE(url) << text;
    if (!url) EXPECT_EQ(url.error().name(), "InvalidInput") << text;
  }
}

}  // namespace
}  // namespace eventual::client
