// The service on virtual time: fifteen minutes pass at once, and no bank is asked.
#include "service.hpp"

#include <gtest/gtest.h>

#include <eventual/testing.hpp>

namespace {

TEST(Orders, AnOrderIsShippedWhenItsWindowHasPassed) {
  ev::TestEnvironment env(service);
  env.mock(charge_card).succeed(Charge{"charge-1"});
  env.mock(ship_order).succeed("parcel-1");
  auto order = env.start(process_order, Order{"o-1", "visa", 1999});
  EXPECT_EQ(order.status(), "running");
  env.tick(15min);
  EXPECT_EQ(order.result().tracking_id, "parcel-1");
  env.replay_all();  // code and histories agree
}

TEST(Orders, ACancelledOrderIsRefunded) {
  ev::TestEnvironment env(service);
  env.mock(charge_card).succeed(Charge{"charge-1"});
  auto shipping = env.mock(ship_order);
  auto refunds = env.mock(refund_card);
  auto order = env.start(process_order, Order{"o-1", "visa", 1999});
  env.tick(5min);
  env.send(order, cancel_order, "changed my mind");
  EXPECT_EQ(order.error()->name(), "OrderCancelled");
  ASSERT_EQ(refunds.call_count(), 1U);
  EXPECT_EQ(refunds.calls()[0].charge_id, "charge-1");
  EXPECT_EQ(shipping.call_count(), 0U);
}

TEST(Orders, ADeclinedCardIsNotTriedAgain) {
  ev::TestEnvironment env(service);
  auto order = env.start(process_order, Order{"o-1", "declined", 1999});
  env.tick(15min);
  EXPECT_EQ(order.error()->name(), "CardDeclined");
}

TEST(Orders, TheCommandStartsEachOrderOnce) {
  ev::TestEnvironment env(service);
  EXPECT_EQ(env.call(create_order, Order{"o-1", "visa", 1999}), "processOrder/o-1");
  EXPECT_EQ(env.call(create_order, Order{"o-1", "visa", 1999}), "processOrder/o-1");
  EXPECT_EQ(env.executions().size(), 1U);
}

}  // namespace
