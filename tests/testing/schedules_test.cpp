// Schedules and repair through the users' test environment; docs/schedules.md and docs/repair.md
// show this code.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;

namespace {

ev::Service orders{"orders"};

bool carrier_is_down = false;

struct Report {
  std::string kind;
};
const auto send_report =
    orders.task("sendReport", [](const Report& report) { return report.kind + " sent"; });
const auto ship_order =
    orders.task("shipOrder", {.retry = {.max_attempts = 2, .initial_interval = 1s}},
                [](const std::string& id) -> std::string {
                  if (carrier_is_down) throw ev::Error("NoCarrier", id);
                  return "shipped " + id;
                });
const auto charge_card =
    orders.task("chargeCard", [](const std::string& id) { return "charged " + id; });

// [schedules]
const auto report = orders.workflow(
    "report", [](Report what) -> ev::Future<std::string> { co_return co_await send_report(what); });
const auto nightly =
    orders.schedule("nightly", ev::cron("30 2 * * *", "Europe/Vienna"), report, Report{"daily"});
const auto sweep =
    orders.schedule("sweep", ev::every(6h), report, Report{"sweep"},
                    {.overlap = ev::Overlap::buffer, .catch_up_window = 1h, .paused = true});

const auto stop_reports =
    orders.command("stopReports", [](std::string reason) { nightly.pause(reason).get(); });
const auto report_now =
    orders.command("reportNow", []() -> std::string { return nightly.trigger().get().at(0); });
// [/schedules]

const auto fulfil = orders.workflow("fulfil", [](std::string id) -> ev::Future<std::string> {
  const std::string charged = co_await charge_card(id);
  co_await ev::sleep_for(1h);
  co_return charged + ", " + co_await ship_order(id);
});
// [pause]
const auto hold =
    orders.command("hold", [](std::string id) { fulfil.execution(id).pause("on hold").get(); });
const auto release =
    orders.command("release", [](std::string id) { fulfil.execution(id).resume().get(); });
// [/pause]
// [act]
const auto again = orders.command(
    "again", [](std::string id) -> std::string { return fulfil.execution(id).retry().get().id(); });
const auto what_if = orders.command("whatIf", [](std::string id) -> std::string {
  return fulfil.execution(id).fork(1, id + "-what-if").get().id();
});
// [/act]

ev::Timestamp at(std::string_view text) { return ev::parse_iso8601(text).value(); }

TEST(ScheduleGuide, AYearOfNightsAcrossDaylightSaving) {
  ev::TestEnvironment env(orders, {.start = at("2026-01-01T00:00:00Z")});
  auto reports = env.mock(send_report);
  env.tick(365 * 24h);
  EXPECT_EQ(reports.call_count(), 365U);
  const std::vector<std::string> all = env.executions();
  const std::set<std::string> names(all.begin(), all.end());
  EXPECT_EQ(names.size(), 365U);
  EXPECT_TRUE(names.contains("report/nightly-2026-03-28T01:30:00.000Z"));
  EXPECT_TRUE(
      names.contains("report/nightly-2026-03-29T01:00:00.000Z"));  // 02:30 does not exist: 03:00
  EXPECT_TRUE(names.contains("report/nightly-2026-03-30T00:30:00.000Z"));
  EXPECT_TRUE(names.contains("report/nightly-2026-10-25T00:30:00.000Z"));  // the first 02:30 of two
  EXPECT_FALSE(names.contains("report/nightly-2026-10-25T01:30:00.000Z"));
  env.replay_all();
}

// [schedules-test]
TEST(ScheduleGuide, SchedulesArePausedTriggeredAndFilledUp) {
  ev::TestEnvironment env(orders, {.start = at("2026-06-01T12:00:00Z")});
  EXPECT_EQ(env.view(nightly)["next_at"].as_string(), "2026-06-02T00:30:00.000Z");
  env.call(stop_reports, "holidays");
  EXPECT_EQ(env.view(nightly)["status"].as_string(), "paused");
  EXPECT_EQ(env.view(nightly)["reason"].as_string(), "holidays");
  env.tick(48h);
  EXPECT_TRUE(env.executions().empty());
  EXPECT_EQ(env.call(report_now), "report/nightly-2026-06-03T12:00:00.000Z");
  env.resume(nightly);
  env.restart();
  env.tick(24h);
  EXPECT_EQ(env.executions().size(), 2U);
  EXPECT_EQ(env.backfill(nightly, at("2026-06-01T12:00:00Z"), at("2026-06-03T12:00:00Z")).size(),
            2U);
  EXPECT_EQ(env.view(sweep)["status"].as_string(), "paused");
  env.pause(nightly);
  EXPECT_EQ(env.trigger(sweep).size(), 1U);
  EXPECT_THROW(env.pause(ev::Schedule("none")), ev::Error);
  env.run_until_idle();
}
// [/schedules-test]

TEST(RepairGuide, AnExecutionIsHeldAndGoesOn) {
  ev::TestEnvironment env(orders);
  const auto order = env.start(fulfil, "o-1", {.name = "o-1"});
  env.call(hold, "o-1");
  EXPECT_EQ(order.status(), "paused");
  env.tick(2h);
  ASSERT_EQ(order.waiting_for().size(), 2U);
  EXPECT_EQ(order.waiting_for()[0]["kind"].as_string(), "paused");
  EXPECT_EQ(order.waiting_for()[0]["reason"].as_string(), "on hold");
  EXPECT_EQ(order.waiting_for()[1]["kind"].as_string(), "timer");
  env.call(release, "o-1");
  EXPECT_EQ(order.result(), "charged o-1, shipped o-1");
  env.replay_all();
}

// [retry]
TEST(RepairGuide, AFailedOrderIsRetriedWithoutChargingTwice) {
  ev::TestEnvironment env(orders);
  auto charges = env.mock(charge_card);
  charges.succeed("charged");
  auto shipping = env.mock(ship_order);
  shipping.fail("NoCarrier");
  const auto order = env.start(fulfil, "o-1", {.name = "o-1"});
  env.tick(2h);
  EXPECT_EQ(order.status(), "failed");

  shipping.succeed("shipped");
  EXPECT_EQ(env.retry(order), 2U);
  EXPECT_EQ(order.result(), "charged, shipped");
  EXPECT_EQ(charges.call_count(), 1U);  // shared with the first run

  const auto other = env.fork(order, 1, "o-1-again");  // from the sleep
  EXPECT_EQ(other.status(), "running");
  env.tick(1h);
  EXPECT_EQ(other.result(), "charged, shipped");
  EXPECT_EQ(charges.call_count(), 1U);
  env.replay_all();
}
// [/retry]

TEST(RepairGuide, HandlersRetryAndFork) {
  ev::TestEnvironment env(orders);
  carrier_is_down = true;
  const auto order = env.start(fulfil, "o-1", {.name = "o-1"});
  env.tick(2h);
  EXPECT_EQ(order.status(), "failed");
  carrier_is_down = false;
  EXPECT_EQ(env.call(again, "o-1"), "fulfil/o-1");
  EXPECT_EQ(order.result(), "charged o-1, shipped o-1");
  EXPECT_EQ(env.call(what_if, "o-1"), "fulfil/o-1-what-if");
  EXPECT_THROW(env.call(again, "o-1"), ev::Error);
  EXPECT_THROW(env.call(hold, "o-1"), ev::Error);
}

}  // namespace
