// Closed executions are forgotten after their time, with every row of theirs; open ones stay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Service& service() {
  static Service made{"retained"};
  return made;
}
const auto work = service().task("work", [](std::int64_t n) { return n; });
const auto go = service().signal<void>("go");
struct Seen {
  std::int64_t n = 0;
};
const auto steps = service().workflow("steps", [](std::int64_t n) -> Future<std::int64_t> {
  publish(Seen{n});
  for (std::int64_t i = 0; i < n; ++i) co_await work(i);
  co_return n;
});
const auto waiting = service().workflow("waiting", []() -> Future<void> { co_await go.expect(); });
const auto runs = service().workflow("runs", [](std::int64_t n) -> Future<std::int64_t> {
  publish(Seen{n});
  co_await go.expect();
  co_await work(n);
  if (n == 1) co_return n;
  co_return co_await continue_as_new(n - 1);
});

// All timers in memory: time moves in fewer steps.
constexpr Options k_keep_all{.timer_window = k_forever};
constexpr Options k_keep_a_day{.timer_window = k_forever, .retention = 24h};
/// A pass begins at least this often.
constexpr auto k_pass = 2min;

/// The tables in which executions leave rows.
std::size_t rows_left(World& world) {
  std::size_t rows = 0;
  for (const Table table : {Table::executions, Table::history, Table::listing, Table::timers,
                            Table::active, Table::messages, Table::payloads, Table::dedupe}) {
    rows += world.rows(table).size();
  }
  return rows;
}

TEST(Retention, AClosedExecutionGoesAfterItsTimeAndNotBefore) {
  World world(service(), k_keep_a_day);
  world.start(steps, std::int64_t{5});
  world.advance(24h - 1min);
  EXPECT_EQ(world.view("steps/one").status, "succeeded");
  world.advance(1min + k_pass);
  EXPECT_EQ(rows_left(world), 0U);
  EXPECT_EQ(world.engine().figures().forgotten, 1U);
}

TEST(Retention, WithoutALimitNothingGoes) {
  World world(service(), k_keep_all);
  world.start(steps, std::int64_t{1});
  world.advance(std::chrono::days(3650));
  EXPECT_EQ(world.view("steps/one").status, "succeeded");
  EXPECT_EQ(world.engine().next_due(), std::nullopt);
}

TEST(Retention, TimeCountsFromTheCloseAndOpenOnesStay) {
  World world(service(), k_keep_a_day);
  world.start_json("waiting", "null", "one").value();
  world.advance(240h);
  EXPECT_EQ(world.view("waiting/one").status, "running");
  ASSERT_TRUE(world.signal("waiting/one", "go"));
  world.advance(23h);
  EXPECT_EQ(world.view("waiting/one").status, "succeeded");
  world.advance(1h + k_pass);
  EXPECT_EQ(rows_left(world), 0U);
}

TEST(Retention, ItsNameIsFreeAgain) {
  World world(service(), k_keep_a_day);
  world.start(steps, std::int64_t{2});
  world.advance(24h + k_pass);
  const auto again = world.start_json("steps", "3", "one").value();
  EXPECT_FALSE(again.already_running);
  world.settle();
  EXPECT_EQ(world.view("steps/one").result_json, "3");
  EXPECT_EQ(world.replay_difference("steps/one"), "");
}

TEST(Retention, RunsGoAfterTheirOwnTimeAndAllWithTheLast) {
  World world(service(), k_keep_a_day);
  world.start(runs, std::int64_t{3});
  ASSERT_TRUE(world.signal("runs/one", "go", "null", "first"));
  world.advance(12h);
  ASSERT_TRUE(world.signal("runs/one", "go", "null", "second"));
  world.advance(12h + k_pass);
  EXPECT_EQ(read_execution(world.store(), 64, "runs/one", 1).error().name(),
            error_names::k_not_found);
  EXPECT_EQ(read_execution(world.store(), 64, "runs/one", 2).value().record.run, 2U);
  // Its ids are known as long as the execution is.
  ASSERT_TRUE(world.signal("runs/one", "go", "null", "first"));
  EXPECT_EQ(world.view("runs/one").status, "running");
  ASSERT_TRUE(world.signal("runs/one", "go", "null", "third"));
  EXPECT_EQ(world.view("runs/one").status, "succeeded");
  world.advance(24h + k_pass);
  EXPECT_EQ(rows_left(world), 0U);
}

TEST(Retention, TheLastRunTakesEarlierOnesWithItThatAreYoungerInTheListing) {
  World world(service(), k_keep_a_day);
  world.start(runs, std::int64_t{40});
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(world.signal("runs/one", "go"));
  EXPECT_EQ(world.view("runs/one").status, "succeeded");
  world.advance(24h + k_pass);
  EXPECT_EQ(rows_left(world), 0U);
  EXPECT_EQ(world.start_json("runs", "1", "one").value().run, 1U);
}

TEST(Retention, ManyGoInSlicesOfBoundedSize) {
  World world(service(), k_keep_a_day);
  constexpr int k_many = 1000;
  for (int i = 0; i < k_many; ++i) world.start(steps, std::int64_t{3}, "n" + std::to_string(i));
  world.advance(24h - 1min);
  std::uint64_t before = 0;
  std::uint64_t most = 0;
  for (int slice = 0; slice < 100 && before < k_many; ++slice) {
    world.advance(*world.engine().next_due() - world.now);
    const std::uint64_t gone = world.engine().figures().forgotten;
    most = std::max(most, gone - before);
    before = gone;
  }
  EXPECT_GT(most, 0U);
  EXPECT_LE(most, 128U);
  EXPECT_EQ(rows_left(world), 0U);
  EXPECT_EQ(world.engine().figures().forgotten, static_cast<std::uint64_t>(k_many));
}

TEST(Retention, ALongHistoryGoesWhole) {
  World world(service(), k_keep_a_day);
  world.start(steps, std::int64_t{500});
  EXPECT_EQ(world.view("steps/one").status, "succeeded");
  world.advance(24h + k_pass);
  EXPECT_EQ(rows_left(world), 0U);
}

TEST(Retention, OneThatIsInMemoryGoesToo) {
  World world(service(), k_keep_a_day);
  world.start(steps, std::int64_t{2});
  world.advance(24h - 1min);
  EXPECT_EQ(world.view("steps/one").status, "succeeded");  // and loads it
  world.advance(k_pass + 1min);
  EXPECT_EQ(rows_left(world), 0U);
  EXPECT_EQ(world.engine().figures().live, 0U);
}

TEST(Retention, AParkedOneStaysForItIsOpen) {
  World world(service(),
              Options{.timer_window = k_forever, .history_events_max = 4, .retention = 24h});
  world.start(steps, std::int64_t{20});
  EXPECT_EQ(world.view("steps/one").status, "parked");
  world.advance(240h);
  EXPECT_EQ(world.view("steps/one").status, "parked");
}

TEST(Retention, ARestartInTheMiddleOfAPassChangesNothing) {
  World world(service(), k_keep_a_day);
  for (int i = 0; i < 400; ++i) world.start(steps, std::int64_t{2}, "n" + std::to_string(i));
  world.advance(24h + 61s);
  world.restart();
  world.advance(k_pass);
  EXPECT_EQ(rows_left(world), 0U);
}

TEST(Retention, AStoreThatCannotBeReadIsAskedAgainLater) {
  World world(service(), k_keep_a_day);
  world.start(steps, std::int64_t{2});
  world.unreadable().failing = true;
  world.advance(24h + k_pass);
  EXPECT_THAT(world.log, Contains(HasSubstr("closed executions were not removed")));
  world.unreadable().failing = false;
  world.advance(k_pass);
  EXPECT_EQ(rows_left(world), 0U);
}

}  // namespace
}  // namespace eventual::engine
