#include "eventual/time.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::int64_t milliseconds) { return Timestamp(Duration(milliseconds)); }

TEST(TimeTest, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(to_iso8601(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso8601(at(1'795'348'800'001)), "2026-11-22T12:00:00.001Z");
  EXPECT_EQ(to_iso8601(at(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(TimeTest, WhatIsWrittenIsReadBack) {
  base::Random random(3);
  for (int i = 0; i < 1000; ++i) {
    const Timestamp time = at(static_cast<std::int64_t>(random.below(253'402'300'800'000)));
    EXPECT_EQ(parse_iso8601(to_iso8601(time)).value(), time);
  }
}

TEST(TimeTest, ReadsZonesAndCutsFractions) {
  const Timestamp noon = at(1'795'348'800'000);
  EXPECT_EQ(parse_iso8601("2026-11-22T12:00:00Z").value(), noon);
  EXPECT_EQ(parse_iso8601("2026-11-22t12:00:00.5z").value(), noon + 500ms);
  EXPECT_EQ(parse_iso8601("2026-11-22T14:00:00.123999+02:00").value(), noon + 123ms);
  EXPECT_EQ(parse_iso8601("2026-11-22T06:30:00-05:30").value(), noon);
  EXPECT_EQ(parse_iso8601("2024-02-29T00:00:00Z").value(), at(1'709'164'800'000));
}

TEST(TimeTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "now", "2026-11-22", "2026-11-22T12:00:00", "2026-11-22 12:00:00Z",
                           "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
                           "2026-11-22T12:60:00Z", "2026-11-22T12:00:60Z", "2026-11-22T12:00:00.Z",
                           "2026-11-22T12:00:00+25:00", "2026-11-22T12:00:00+0200",
                           "2026-11-22T12:00:00Zx", "+026-11-22T12:00:00Z"}) {
    const Result<Timestamp> result = parse_iso8601(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().name(), error_names::k_invalid_input);
  }
}

}  // namespace
}  // namespace eventual
