// The opaque value, and texts that mean harm.
#include "eventual/json.hpp"

#include <gtest/gtest.h>

#include <string>

#include "eventual/schema.hpp"

namespace {

namespace ev = eventual;
using ev::Json;

std::string reason(std::string_view text) {
  const ev::Result<Json> value = Json::parse(text);
  return value.ok() ? "accepted" : value.error().message();
}

std::string nested(std::size_t depth, const std::string& inside) {
  return std::string(depth, '[') + inside + std::string(depth, ']');
}

TEST(JsonValue, IsBuiltFromCpp) {
  Json value = Json::object({{"a", 1}, {"b", Json::array({true, nullptr, "x", 1.5})}});
  value["c"]["d"] = std::string("deep");
  value.set("a", 2U);
  value["list"].push_back(1).push_back("two");
  EXPECT_EQ(value.dump(), R"({"a":2,"b":[true,null,"x",1.5],"c":{"d":"deep"},"list":[1,"two"]})");
  EXPECT_TRUE(value.erase("b"));
  EXPECT_FALSE(value.erase("b"));
  EXPECT_EQ(value.size(), 3U);
}

TEST(JsonValue, OfTwoMembersOfOneNameTheLastCounts) {
  EXPECT_EQ(Json::object({{"a", 1}, {"b", 2}, {"a", 3}}).dump(), R"({"a":3,"b":2})");
  EXPECT_EQ(Json(Json::Object{{"a", 1}, {"b", 2}, {"a", 3}}).dump(), R"({"a":3,"b":2})");
}

TEST(JsonValue, TellsItsPartsAndRefusesWrongTypes) {
  const Json value = Json::parse(R"({"a":[1,{"b/c":"x"}],"big":18446744073709551615})").value();
  EXPECT_EQ(value.find_at("/a/1/b~1c")->as_string(), "x");
  EXPECT_EQ(value.find_at("")->size(), 2U);
  EXPECT_EQ(value.find_at("/a/2"), nullptr);
  EXPECT_EQ(value.find_at("/a/01x"), nullptr);
  EXPECT_EQ(value.find_at("a"), nullptr);
  EXPECT_TRUE(value["nothing"]["deeper"].is_null());
  EXPECT_EQ(value["big"].as_uint64(), UINT64_MAX);
  EXPECT_THROW(static_cast<void>(value["big"].as_int64()), ev::Error);
  EXPECT_THROW(static_cast<void>(value["a"].as_string()), ev::Error);
  EXPECT_THROW(Json(1).push_back(2), ev::Error);
}

TEST(JsonValue, CopiesAreDeepAndMovesLeaveNull) {
  Json one = Json::object({{"a", Json::array({1})}});
  Json two = one;
  two["a"].push_back(2);
  EXPECT_EQ(one["a"].size(), 1U);
  const Json three = std::move(two);
  EXPECT_TRUE(two.is_null());  // NOLINT: that is what is tested
  EXPECT_EQ(three["a"].size(), 2U);
  one = one["a"];  // a part of itself
  EXPECT_EQ(one.dump(), "[1]");
  one = std::move(one.as_array()[0]);
  EXPECT_EQ(one.dump(), "1");
}

TEST(JsonValue, EqualityIsStructural) {
  EXPECT_EQ(Json::parse(R"({"a":1,"b":[1,2]})").value(),
            Json::parse(R"({"b":[1,2],"a":1.0})").value());
  EXPECT_NE(Json::parse("[1,2]").value(), Json::parse("[2,1]").value());
  EXPECT_NE(Json(1), Json("1"));
  EXPECT_NE(Json(0), Json(nullptr));
  EXPECT_NE(Json(9007199254740993), Json(9007199254740992.0));
  EXPECT_EQ(Json(-2.0), Json(-2));
  EXPECT_NE(Json(UINT64_MAX), Json(-1));
  Json::Object forward;
  Json::Object backward;
  for (int i = 0; i < 200; ++i) forward.emplace_back(std::to_string(i), i);
  for (int i = 199; i >= 0; --i) backward.emplace_back(std::to_string(i), i);
  EXPECT_EQ(Json(forward), Json(backward));
  backward.back().second = 7;
  EXPECT_NE(Json(forward), Json(backward));
}

TEST(HostileText, IsRefusedWithAReason) {
  EXPECT_EQ(reason(""), "the value is empty: JSON is expected");
  EXPECT_EQ(reason("  "), "the value is empty: JSON is expected");
  EXPECT_EQ(reason("\"\xff\""), "the value is not valid UTF-8");
  EXPECT_EQ(reason("\"\xed\xa0\x80\""), "the value is not valid UTF-8");
  EXPECT_EQ(reason("\"a\nb\""),
            "the value is not valid JSON: a string has an unescaped control character");
  EXPECT_EQ(reason("\"abc"), "the value is not valid JSON: a string is not closed");
  EXPECT_EQ(reason(R"({"a":1,"a":2})"), "/a appears more than once");
  EXPECT_EQ(reason(R"({"a":1,"\u0061":2})"), "/a appears more than once");
  for (const char* text : {"1 2",
                           "{} {}",
                           "[1,]",
                           "{\"a\":1,}",
                           "[1",
                           "{\"a\"}",
                           "{a:1}",
                           "'a'",
                           "nul",
                           "NaN",
                           "Infinity",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "-",
                           "1e",
                           "0x1",
                           "\"\\x\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\u12\"",
                           "99999999999999999999",
                           "-9223372036854775809",
                           "1e999",
                           "// c\n1",
                           "[1]]",
                           "\xef\xbb\xbf"
                           "1"}) {
    EXPECT_NE(reason(text), "accepted") << text;
  }
  EXPECT_NE(reason(std::string_view("1\0", 2)), "accepted");
  EXPECT_NE(reason(std::string_view("\"a\0b\"", 5)), "accepted");
}

TEST(HostileText, IsRefusedBeyondTheDepthLimit) {
  EXPECT_EQ(reason(nested(ev::k_json_depth_max, "1")), "accepted");
  EXPECT_EQ(reason(nested(ev::k_json_depth_max + 1, "1")), "the value is nested too deeply");
  EXPECT_EQ(reason(nested(100'000, "")), "the value is nested too deeply");
  EXPECT_NE(reason(std::string(100'000, '[')), "accepted");
}

TEST(HostileText, WhatWasReadCanBeWritten) {
  for (std::size_t depth = 60; depth < 70; ++depth) {
    for (const char* inside : {"", "1"}) {
      const ev::Result<Json> value = Json::parse(nested(depth, inside));
      if (value.ok()) EXPECT_EQ(value->dump(), nested(depth, inside));
    }
  }
  Json deep = 1;
  for (std::size_t i = 0; i < ev::k_json_depth_max; ++i) deep = Json::array({std::move(deep)});
  EXPECT_EQ(reason(deep.dump()), "accepted");
  deep = Json::array({std::move(deep)});
  EXPECT_THROW(static_cast<void>(deep.dump()), ev::Error);
}

TEST(HostileText, LargeTextsAreReadAndLeaveNoMemoryBehind) {
  const std::string large = '"' + std::string(3 << 20, 'x') + '"';
  EXPECT_EQ(Json::parse(large)->as_string().size(), 3U << 20);
  EXPECT_EQ(Json::parse("1").value(), Json(1));
}

}  // namespace
