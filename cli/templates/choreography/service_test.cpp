// The three parts together, on virtual time.
#include <gtest/gtest.h>

#include <eventual/testing.hpp>
#include <vector>

#include "orders.hpp"
#include "payments.hpp"
#include "shipping.hpp"

namespace {

TEST(Shop, WhatIsPaidIsSent) {
  ev::TestEnvironment env(service);
  auto order = env.start(orders::order, Order{"o-1", "visa", "Vienna", 1999}, {.name = "o-1"});
  EXPECT_EQ(order.result(), "parcel-o-1");
  EXPECT_TRUE(env.dead_letters().empty());
  env.replay_all();  // code and histories agree
}

TEST(Shop, NothingIsSentWhenTheCardIsDeclined) {
  ev::TestEnvironment env(service);
  std::vector<std::string> sent;
  env.subscribe(parcel_sent, [&](const Parcel& parcel) { sent.push_back(parcel.order_id); });
  auto order = env.start(orders::order, Order{"o-1", "declined", "Vienna", 1999}, {.name = "o-1"});
  EXPECT_EQ(order.error()->name(), "OrderRefused");
  EXPECT_TRUE(sent.empty());
}

TEST(Shop, TheMoneyComesBackWhenNoCarrierGoesThere) {
  ev::TestEnvironment env(service);
  std::vector<std::string> returned;
  env.subscribe(payment_returned, [&](const std::string& id) { returned.push_back(id); });
  auto order = env.start(orders::order, Order{"o-1", "visa", "Atlantis", 1999}, {.name = "o-1"});
  EXPECT_EQ(order.error()->message(), "no carrier goes to Atlantis");
  EXPECT_EQ(returned, std::vector<std::string>{"o-1"});
}

TEST(Shop, TheCommandPlacesEachOrderOnce) {
  ev::TestEnvironment env(service);
  std::vector<std::string> sent;
  env.subscribe(parcel_sent, [&](const Parcel& parcel) { sent.push_back(parcel.order_id); });
  const Order order{"o-1", "visa", "Vienna", 1999};
  EXPECT_EQ(env.call(orders::place_order, order), "order/o-1");
  EXPECT_EQ(env.call(orders::place_order, order), "order/o-1");
  EXPECT_EQ(sent, std::vector<std::string>{"o-1"});
}

}  // namespace
