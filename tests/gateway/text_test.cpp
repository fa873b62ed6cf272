#include "gateway/text.hpp"

#include <gtest/gtest.h>

#include "gateway/error_response.hpp"
#include "gateway/origin.hpp"

namespace eventual::gateway {
namespace {

TEST(Text, PercentCodingRoundTripsAllBytes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a b/c~"), "a%20b%2Fc~");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  for (const char* bad : {"%", "%1", "%g1", "a%2"}) EXPECT_FALSE(percent_decode(bad)) << bad;
}

TEST(Text, JsonStringsEscapeControlCharactersAndRepairUtf8) {
  std::string out;
  append_json_string(out, "a\"\\\n\x01\xC3\xA9\xFF\xED\xA0\x80");
  EXPECT_EQ(out,
            "\"a\\\"\\\\\\n\\u0001\xC3\xA9"
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Text, TargetsAreDecodedIntoPathAndQuery) {
  http::Request request;
  request.raw_target = "http://localhost:9000/a%20b?x=1&y=a%26b+c&x=2&flag&=v";
  decode_target(request).value();
  EXPECT_EQ(request.path, "/a b");
  EXPECT_EQ(request.query,
            (http::Fields{{"x", "1"}, {"y", "a&b c"}, {"x", "2"}, {"flag", ""}, {"", "v"}}));
  for (const char* bad : {"a", "", "/a%", "/?x=%z"}) {
    request.raw_target = bad;
    EXPECT_FALSE(decode_target(request)) << bad;
  }
}

TEST(Text, ConstantTimeComparisonComparesAll) {
  EXPECT_TRUE(equals_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equals_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equals_in_constant_time("secret", ""));
  EXPECT_FALSE(equals_in_constant_time("ab", "abab"));
  EXPECT_FALSE(equals_in_constant_time("abab", "ab"));
}

TEST(Text, FieldsAreFoundWithoutCase) {
  const http::Fields fields{{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(http::find(fields, "CONTENT-TYPE"), "a");
  EXPECT_EQ(http::find(fields, "host"), "");
}

TEST(ErrorResponse, NamesMapToStatusesAndUnknownOnesTo500) {
  EXPECT_EQ(status_of("InvalidInput"), 400);
  EXPECT_EQ(status_of("NotFound"), 404);
  EXPECT_EQ(status_of("Closed"), 409);
  EXPECT_EQ(status_of("AlreadyExists"), 409);
  EXPECT_EQ(status_of("UnexpectedVersion"), 409);
  EXPECT_EQ(status_of("TransactionConflict"), 409);
  EXPECT_EQ(status_of("LimitExceeded"), 429);
  EXPECT_EQ(status_of("Unavailable"), 503);
  EXPECT_EQ(status_of("NotAllowed"), 403);
  EXPECT_EQ(status_of("OrderCancelled"), 500);
  EXPECT_EQ(http::find(error_response(Error("Unavailable", "")).headers, "retry-after"), "1");
}

TEST(HostPolicy, LoopbackServesOnlyLoopbackAndConfiguredNames) {
  const HostPolicy policy("127.0.0.1:9000", {"shop.example"}, {"https://admin.example"});
  for (const char* host : {"localhost", "LOCALHOST:9000", "127.0.0.1:1", "[::1]:9000", "[::1]",
                           "shop.example", "Shop.Example:443"}) {
    EXPECT_TRUE(policy.host_allowed(host)) << host;
  }
  for (const char* host : {"", "evil.example", "localhost.evil.example", "10.0.0.1", "[::1",
                           "localhost:x", "a@localhost", "127.0.0.1.evil.example"}) {
    EXPECT_FALSE(policy.host_allowed(host)) << host;
  }
}

TEST(HostPolicy, OriginMustBeTheHostsOwnOrListed) {
  const HostPolicy policy("127.0.0.1:9000", {}, {"https://admin.example"});
  EXPECT_TRUE(policy.origin_allowed("http://localhost:9000", "localhost:9000"));
  EXPECT_TRUE(policy.origin_allowed("https://shop.example", "shop.example"));
  EXPECT_TRUE(policy.origin_allowed("https://admin.example", "localhost:9000"));
  EXPECT_FALSE(policy.origin_allowed("http://localhost:3000", "localhost:9000"));
  EXPECT_FALSE(policy.origin_allowed("https://evil.example", "localhost:9000"));
  EXPECT_FALSE(policy.origin_allowed("null", "localhost:9000"));
}

TEST(HostPolicy, OtherAddressesServeAddressesAndConfiguredNames) {
  const HostPolicy policy("0.0.0.0:9000", {"shop.example"}, {});
  EXPECT_TRUE(policy.host_allowed("10.1.2.3:9000"));
  EXPECT_TRUE(policy.host_allowed("shop.example"));
  EXPECT_FALSE(policy.host_allowed("evil.example"));
  EXPECT_TRUE(HostPolicy("0.0.0.0:9000", {"*"}, {}).host_allowed("any.example"));
  EXPECT_TRUE(listens_on_loopback("[::1]:9000"));
  EXPECT_FALSE(listens_on_loopback("0.0.0.0:9000"));
}

}  // namespace
}  // namespace eventual::gateway
