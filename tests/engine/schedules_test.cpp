// Schedules: times, overlaps, outages, changes of the declaration, and a kill at any commit.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

/// A service whose one schedule starts a workflow that sleeps for its input in minutes.
struct Scheduled {
  Service service{"scheduled"};
  Workflow<std::int64_t, std::int64_t> nap =
      service.workflow("nap", [](std::int64_t minutes) -> Future<std::int64_t> {
        if (minutes > 0) co_await sleep_for(std::chrono::minutes(minutes));
        co_return minutes;
      });
  explicit Scheduled(Timetable when = every(1h), std::int64_t minutes = 0,
                     ScheduleOptions options = {}) {
    service.schedule("hourly", std::move(when), nap, minutes, std::move(options));
  }
};

std::vector<std::string> names(World& world) {
  std::vector<std::string> all;
  for (const auto& view : list_executions(world.store(), Options().shards, {}).value().executions)
    all.push_back(view.execution.name + " " + view.status);
  std::sort(all.begin(), all.end());  // by their time
  return all;
}

ports::ScheduleView schedule(World& world) {
  std::optional<Result<std::vector<ports::ScheduleView>>> views;
  world.engine().schedules("hourly", [&](auto given) { views = std::move(given); });
  world.settle();
  return std::move(views).value().value().at(0);
}

Result<ports::ScheduleReply> act(World& world, ports::ScheduleAct::Kind kind, Timestamp from = {},
                                 Timestamp to = {}) {
  std::optional<Result<ports::ScheduleReply>> reply;
  world.engine().act_on_schedule(
      {kind, "hourly", "because", from, to}, [&](auto given) { reply = std::move(given); },
      world.now);
  world.settle();
  return std::move(reply).value();
}

using Names = std::vector<std::string>;
using Kind = ports::ScheduleAct::Kind;

TEST(Schedules, EachTimeStartsOneExecutionNamedAfterIt) {
  Scheduled declared;
  World world(declared.service);
  world.advance(2h);
  EXPECT_EQ(names(world), (Names{"hourly-1970-01-01T01:00:00.000Z succeeded",
                                 "hourly-1970-01-01T02:00:00.000Z succeeded"}));
  const auto view = schedule(world);
  EXPECT_EQ(view.next_at, Timestamp(3h));
  EXPECT_EQ(view.last_at, Timestamp(2h));
  EXPECT_EQ(view.started, 2U);
  EXPECT_TRUE(view.open.empty());
  EXPECT_EQ(world.rows(Table::timers).size(), 1U);
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST(Schedules, AnOpenExecutionMakesTheNextTimeBeSkipped) {
  Scheduled declared(every(1h), 90);
  World world(declared.service);
  world.advance(4h);
  EXPECT_EQ(names(world), (Names{"hourly-1970-01-01T01:00:00.000Z succeeded",
                                 "hourly-1970-01-01T03:00:00.000Z running"}));
  EXPECT_EQ(schedule(world).skipped, 2U);
  EXPECT_EQ(schedule(world).open.size(), 1U);
}

TEST(Schedules, OneTimeIsBufferedUntilTheOpenOneCloses) {
  Scheduled declared(every(1h), 150, {.overlap = Overlap::buffer});
  World world(declared.service);
  world.advance(3h + 10min);
  EXPECT_EQ(schedule(world).buffered_at, Timestamp(2h));
  EXPECT_EQ(schedule(world).skipped, 1U);
  world.restart();
  world.advance(30min);
  EXPECT_EQ(names(world), (Names{"hourly-1970-01-01T01:00:00.000Z succeeded",
                                 "hourly-1970-01-01T02:00:00.000Z running"}));
  EXPECT_FALSE(schedule(world).buffered_at);
}

TEST(Schedules, TheyMayOverlapOrCancelOneAnother) {
  Scheduled overlapping(every(1h), 150, {.overlap = Overlap::allow});
  World side_by_side(overlapping.service);
  side_by_side.advance(3h);
  EXPECT_EQ(schedule(side_by_side).open.size(), 3U);

  Scheduled cancelling(every(1h), 150, {.overlap = Overlap::cancel});
  World one(cancelling.service);
  one.advance(3h);
  EXPECT_EQ(names(one), (Names{"hourly-1970-01-01T01:00:00.000Z cancelled",
                               "hourly-1970-01-01T02:00:00.000Z cancelled",
                               "hourly-1970-01-01T03:00:00.000Z running"}));
}

TEST(Schedules, TimesMissedWithinTheWindowAreMadeUpFor) {
  Scheduled declared(every(1h), 0, {.overlap = Overlap::allow, .catch_up_window = 2h});
  World world(declared.service);
  world.advance(1h);
  world.now += 5h + 30min;  // nobody is there
  world.restart();
  EXPECT_EQ(names(world), (Names{"hourly-1970-01-01T01:00:00.000Z succeeded",
                                 "hourly-1970-01-01T05:00:00.000Z succeeded",
                                 "hourly-1970-01-01T06:00:00.000Z succeeded"}));
  EXPECT_EQ(schedule(world).missed, 3U);
  EXPECT_EQ(schedule(world).next_at, Timestamp(7h));
}

TEST(Schedules, APausedOneStartsNothingUntilItIsResumed) {
  Scheduled declared;
  World world(declared.service);
  EXPECT_TRUE(act(world, Kind::pause).ok());
  world.advance(3h);
  EXPECT_TRUE(names(world).empty());
  EXPECT_TRUE(world.rows(Table::timers).empty());
  world.restart();
  EXPECT_TRUE(schedule(world).paused);
  EXPECT_EQ(schedule(world).reason, "because");
  EXPECT_EQ(act(world, Kind::trigger)->started.size(), 1U);
  EXPECT_TRUE(act(world, Kind::resume).ok());
  world.advance(1h);
  EXPECT_EQ(names(world), (Names{"hourly-1970-01-01T03:00:00.000Z succeeded",
                                 "hourly-1970-01-01T04:00:00.000Z succeeded"}));
}

TEST(Schedules, ABackfillStartsEachTimeOfARangeOnce) {
  Scheduled declared;
  World world(declared.service);
  world.advance(1h);
  const auto filled = act(world, Kind::backfill, Timestamp(-1h), Timestamp(2h));
  ASSERT_TRUE(filled.ok());
  EXPECT_EQ(filled->started,
            (Names{"nap/hourly-1969-12-31T23:00:00.000Z", "nap/hourly-1970-01-01T00:00:00.000Z",
                   "nap/hourly-1970-01-01T02:00:00.000Z"}));
  world.advance(1h);  // already there
  EXPECT_EQ(names(world).size(), 4U);
  EXPECT_EQ(act(world, Kind::backfill, Timestamp(2h), Timestamp(1h)).error().name(),
            "InvalidInput");
  EXPECT_EQ(act(world, Kind::backfill, Timestamp(0h), Timestamp(9999h)).error().name(),
            "LimitExceeded");
}

TEST(Schedules, AChangedOrRemovedDeclarationIsPickedUpAtStart) {
  Scheduled hourly;
  World world(hourly.service);
  world.advance(1h);
  Scheduled daily(cron("0 6 * * *"));
  world.restart(daily.service);
  EXPECT_EQ(schedule(world).next_at, Timestamp(6h));
  EXPECT_EQ(schedule(world).started, 1U);
  EXPECT_EQ(world.rows(Table::timers).size(), 1U);
  Service none("none");
  world.restart(none);
  EXPECT_TRUE(world.rows(Table::timers).empty());
  EXPECT_TRUE(world.rows(Table::schedules).empty());
}

TEST(Schedules, AKillAtAnyCommitStartsEachTimeOnce) {
  Options options;
  options.timer_window = k_forever;
  for (const bool before_write : {false, true}) {
    std::size_t commits = 1000;
    for (std::size_t kill_at = 1; kill_at <= commits; ++kill_at) {
      Scheduled declared(every(1h), 90, {.overlap = Overlap::buffer});
      World world(declared.service, options);
      world.kill_at = kill_at;
      world.kill_before_write = before_write;
      world.advance(6h);
      commits = world.commits;
      EXPECT_EQ(names(world), (Names{"hourly-1970-01-01T01:00:00.000Z succeeded",
                                     "hourly-1970-01-01T02:00:00.000Z succeeded",
                                     "hourly-1970-01-01T03:00:00.000Z succeeded",
                                     "hourly-1970-01-01T05:00:00.000Z running"}))
          << kill_at;
    }
    EXPECT_GT(commits, 10U);
  }
}

TEST(Schedules, WhatIsWrongWithADeclarationIsReportedWithItsLine) {
  const auto defects = [](Timetable when, ScheduleOptions options = {}) {
    Scheduled declared(std::move(when), 0, std::move(options));
    std::vector<std::string> messages;
    for (const auto& defect : declared.service.declarations().defects())
      messages.push_back(defect.message);
    return messages;
  };
  EXPECT_TRUE(defects(cron("0 3 * * *", "Europe/Vienna")).empty());
  EXPECT_EQ(defects(cron("0 25 * * *")),
            (Names{"schedule \"hourly\": the hour '25' is not from 0 to 23"}));
  EXPECT_EQ(defects(cron("0 3 * * *", "Europe/Wien")),
            (Names{"schedule \"hourly\": the time zone 'Europe/Wien' is not in the system's tz "
                   "database"}));
  EXPECT_EQ(defects(every(10ms)).size(), 1U);
  EXPECT_EQ(defects(every(1h), {.catch_up_window = 0ms}).size(), 1U);
  Service service("s");
  service.schedule("lost", every(1h), Workflow<void, void>("nowhere"));
  ASSERT_EQ(service.declarations().defects().size(), 1U);
  EXPECT_TRUE(std::string(service.declarations().defects()[0].location.file_name())
                  .ends_with("schedules_test.cpp"));
}

}  // namespace
}  // namespace eventual::engine
