// The order workflow on virtual time: the payment and shipping stand-ins are never reached.
#include <gtest/gtest.h>

#include <eventual/testing.hpp>

#include "orders.hpp"
#include "simulation.hpp"

namespace {

TEST(Orders, AnOrderIsShippedWhenItsWindowHasPassed) {
  ev::TestEnvironment env(orders);
  env.mock(charge_card).succeed(Charge{"charge-1"});
  env.mock(ship_order).succeed("track-1");
  auto order = env.start(process_order, Order{"o-1", "visa", 1999});
  EXPECT_EQ(order.status(), "running");
  env.tick(15min);
  EXPECT_EQ(order.result().tracking_id, "track-1");
  env.replay_all();
}

// [declined]
TEST(Orders, NothingIsShippedWhenTheCardIsDeclined) {
  ev::TestEnvironment env(orders);  // the production engine on a virtual clock
  env.mock(charge_card).fail("CardDeclined");
  auto shipping = env.mock(ship_order);
  auto order = env.start(process_order, Order{"o-1", "declined", 1999});
  env.tick(15min);
  EXPECT_EQ(order.status(), "failed");
  EXPECT_EQ(shipping.call_count(), 0U);
  env.replay_all();  // code and histories agree
}
// [/declined]

TEST(Orders, ACancelledOrderIsRefunded) {
  ev::TestEnvironment env(orders);
  env.mock(charge_card).succeed(Charge{"charge-1"});
  auto shipping = env.mock(ship_order);
  auto refunds = env.mock(refund_card);
  auto order = env.start(process_order, Order{"o-1", "visa", 1999});
  env.tick(5min);
  env.send(order, cancel, "changed my mind");
  EXPECT_EQ(order.error()->name(), "OrderCancelled");
  ASSERT_EQ(refunds.call_count(), 1U);
  EXPECT_EQ(refunds.calls()[0].charge_id, "charge-1");
  EXPECT_EQ(shipping.call_count(), 0U);
}

TEST(Orders, AnUnshippableOrderIsRefunded) {
  ev::TestEnvironment env(orders);
  env.mock(charge_card).succeed(Charge{"charge-1"});
  env.mock(ship_order).fail("Unshippable");
  auto refunds = env.mock(refund_card);
  auto order = env.start(process_order, Order{"o-1-unshippable", "visa", 1999});
  env.tick(15min);
  EXPECT_EQ(order.status(), "failed");
  EXPECT_EQ(refunds.call_count(), 1U);
}

TEST(Orders, TheCommandStartsEachOrderOnce) {
  ev::TestEnvironment env(orders);
  env.mock(charge_card).succeed(Charge{"charge-1"});
  EXPECT_EQ(env.call(create_order, Order{"o-1", "visa", 1999}), "processOrder/o-1");
  EXPECT_EQ(env.call(create_order, Order{"o-1", "visa", 1999}), "processOrder/o-1");
  EXPECT_EQ(env.executions().size(), 1U);
}

/// The scenario and the invariants of `orders sim`; the verb runs more seeds.
TEST(Orders, EveryOrderEndsAsItShouldUnderFaults) {
  // [simulation]
  ev::Simulation simulation(orders, {.seeds = 50});
  simulate_orders(simulation);
  const ev::SimulationReport report = simulation.run();
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
  // [/simulation]
}

}  // namespace
