#include "base/timetable.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace eventual::base {
namespace {

Timestamp at(std::string_view text) { return parse_iso8601(text).value(); }

/// The next `count` times after `after`, in UTC to the minute.
std::vector<std::string> times(const Timetable& timetable, std::string_view after, int count) {
  std::vector<std::string> all;
  Timestamp time = at(after);
  for (int i = 0; i < count; ++i) {
    const auto next = timetable.next(time);
    if (!next) break;
    time = *next;
    all.push_back(to_iso8601(time).substr(0, 16));
  }
  return all;
}

std::vector<std::string> cron(std::string_view expression, std::string_view after, int count,
                              std::string_view zone = "UTC") {
  const auto timetable = Timetable::cron(expression, zone);
  EXPECT_TRUE(timetable.ok()) << timetable.error().message();
  return times(*timetable, after, count);
}

using Texts = std::vector<std::string>;

TEST(Timetable, FieldsTakeNumbersNamesRangesListsAndSteps) {
  EXPECT_EQ(cron("0 3 * * *", "2026-01-31T03:00:00Z", 2),
            (Texts{"2026-02-01T03:00", "2026-02-02T03:00"}));
  EXPECT_EQ(
      cron("*/20 8-9 * * *", "2026-01-01T08:30:00Z", 4),
      (Texts{"2026-01-01T08:40", "2026-01-01T09:00", "2026-01-01T09:20", "2026-01-01T09:40"}));
  EXPECT_EQ(cron("0 0 1,15 jan,JUL *", "2026-01-02T00:00:00Z", 3),
            (Texts{"2026-01-15T00:00", "2026-07-01T00:00", "2026-07-15T00:00"}));
  EXPECT_EQ(cron("30 6 * * MON-FRI", "2026-01-02T07:00:00Z", 2),
            (Texts{"2026-01-05T06:30", "2026-01-06T06:30"}));
  EXPECT_EQ(cron("0 12 * * sat-sun", "2026-01-01T00:00:00Z", 3),
            (Texts{"2026-01-03T12:00", "2026-01-04T12:00", "2026-01-10T12:00"}));
  EXPECT_EQ(cron("0 12 * * 7", "2026-01-01T00:00:00Z", 1), (Texts{"2026-01-04T12:00"}));
  EXPECT_EQ(cron("5/25 0 1 1 *", "2026-06-01T00:00:00Z", 3),
            (Texts{"2027-01-01T00:05", "2027-01-01T00:30", "2027-01-01T00:55"}));
  EXPECT_EQ(cron("@monthly", "2026-01-01T00:00:00Z", 1), (Texts{"2026-02-01T00:00"}));
}

TEST(Timetable, OneOfTwoGivenDaysSuffices) {
  EXPECT_EQ(cron("0 0 13 * FRI", "2026-02-01T00:00:00Z", 3),
            (Texts{"2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00"}));
  EXPECT_EQ(cron("0 0 */2 * MON", "2026-02-01T00:00:00Z", 2),
            (Texts{"2026-02-09T00:00", "2026-02-23T00:00"}));
}

TEST(Timetable, LeapDaysComeWhenTheyCome) {
  EXPECT_EQ(cron("0 0 29 2 *", "2026-01-01T00:00:00Z", 2),
            (Texts{"2028-02-29T00:00", "2032-02-29T00:00"}));
}

TEST(Timetable, WhatIsWrongIsSaid) {
  const auto wrong = [](std::string_view expression) {
    const auto parsed = Cron::parse(expression);
    return parsed ? std::string("accepted") : parsed.error().message();
  };
  EXPECT_EQ(wrong("60 * * * *"), "the minute '60' is not from 0 to 59");
  EXPECT_EQ(wrong("* 5-3 * * *"), "the hour '5-3' ends before it begins");
  EXPECT_EQ(wrong("* * 0 * *"), "the day of the month '0' is not from 1 to 31");
  EXPECT_EQ(wrong("* * * FOO *"), "the month 'FOO' is neither a number, a range, a step nor '*'");
  EXPECT_NE(wrong("*/0 * * * *").find("step"), std::string::npos);
  EXPECT_NE(wrong("* * * *").find("has 4 fields"), std::string::npos);
  EXPECT_NE(wrong("* * * * * *").find("has 6 fields"), std::string::npos);
  EXPECT_NE(wrong("").find("has 0 fields"), std::string::npos);
  EXPECT_NE(wrong("0 0 31 2 *").find("names no day that exists"), std::string::npos);
  EXPECT_NE(wrong(", * * * *"), "accepted");
  EXPECT_NE(wrong("1- * * * *"), "accepted");
  EXPECT_EQ(Timetable::cron("* * * * *", "Europe/Atlantis").error().message(),
            "the time zone 'Europe/Atlantis' is not in the system's tz database");
  EXPECT_FALSE(Timetable::every(Duration(999)));
}

TEST(Timetable, LocalTimesFollowTheZone) {
  EXPECT_EQ(cron("0 3 * * *", "2026-01-01T12:00:00Z", 1, "Europe/Vienna"),
            (Texts{"2026-01-02T02:00"}));
  EXPECT_EQ(cron("0 3 * * *", "2026-07-01T12:00:00Z", 1, "Europe/Vienna"),
            (Texts{"2026-07-02T01:00"}));
  EXPECT_EQ(cron("0 0 1 * *", "2026-01-15T00:00:00Z", 1, "Asia/Kolkata"),
            (Texts{"2026-01-31T18:30"}));
}

// 2026-03-29: 02:00 becomes 03:00 in Vienna, at 01:00 UTC.
TEST(Timetable, ASkippedTimeRunsAtTheFirstInstantAfterTheGap) {
  EXPECT_EQ(cron("30 2 * * *", "2026-03-27T12:00:00Z", 3, "Europe/Vienna"),
            (Texts{"2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"}));
  // Several of the same gap are one.
  EXPECT_EQ(cron("0,30 2-3 * * *", "2026-03-28T12:00:00Z", 3, "Europe/Vienna"),
            (Texts{"2026-03-29T01:00", "2026-03-29T01:30", "2026-03-30T00:00"}));
}

// 2026-10-25: 03:00 becomes 02:00 in Vienna, at 01:00 UTC.
TEST(Timetable, ADoubledTimeRunsOnceTheFirstTime) {
  EXPECT_EQ(cron("30 2 * * *", "2026-10-24T12:00:00Z", 2, "Europe/Vienna"),
            (Texts{"2026-10-25T00:30", "2026-10-26T01:30"}));
  EXPECT_EQ(cron("30 2 * * *", "2026-10-25T00:45:00Z", 1, "Europe/Vienna"),
            (Texts{"2026-10-26T01:30"}));
}

TEST(Timetable, WhatRunsInEveryHourFollowsRealTime) {
  EXPECT_EQ(cron("30 * * * *", "2026-03-28T23:45:00Z", 3, "Europe/Vienna"),
            (Texts{"2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30"}));
  EXPECT_EQ(cron("*/30 * * * *", "2026-10-24T23:45:00Z", 6, "Europe/Vienna"),
            (Texts{"2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30",
                   "2026-10-25T02:00", "2026-10-25T02:30"}));
}

TEST(Timetable, AGapOfAWholeDayIsAGap) {  // Samoa had no 2011-12-30
  EXPECT_EQ(cron("0 3 * * *", "2011-12-29T00:00:00Z", 3, "Pacific/Apia"),
            (Texts{"2011-12-29T13:00", "2011-12-30T10:00", "2011-12-30T13:00"}));
}

TEST(Timetable, EachDayOfAYearHasOneNightAcrossDaylightSaving) {
  const Timetable nightly = Timetable::cron("30 2 * * *", "America/New_York").value();
  Timestamp time = at("2026-01-01T00:00:00Z");
  int count = 0;
  while ((time = nightly.next(time).value()) < at("2027-01-01T00:00:00Z")) ++count;
  EXPECT_EQ(count, 365);
}

TEST(Timetable, IntervalsAreCountedFrom1970) {
  const Timetable every = Timetable::every(std::chrono::minutes(90)).value();
  EXPECT_EQ(times(every, "1970-01-01T00:00:00Z", 2),
            (Texts{"1970-01-01T01:30", "1970-01-01T03:00"}));
  EXPECT_EQ(every.next(Timestamp(Duration(-1))), Timestamp());
  EXPECT_FALSE(Timetable::every(std::chrono::hours(24)).value().next(Timestamp::max()));
}

}  // namespace
}  // namespace eventual::base
