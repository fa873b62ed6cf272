// Two services as processes that call each other by contract, and a program that calls both.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "contracts.hpp"
#include "service_process.hpp"

namespace {

namespace ev = eventual;
using processes::ServiceProcess;
using shop::Delivery;
using shop::Line;

class Contract : public testing::Test {
 protected:
  void SetUp() override {
    // Each is told the other's address before it runs; a port may be taken in between.
    for (int attempt = 1; orders_ == nullptr; ++attempt) {
      const std::string orders = "127.0.0.1:" + std::to_string(processes::free_port());
      const std::string stock = "127.0.0.1:" + std::to_string(processes::free_port());
      try {
        stock_ = std::make_unique<ServiceProcess>(
            "contract-stock", std::vector<std::string>{"ORDERS_URL=http://" + orders}, stock);
        orders_ = std::make_unique<ServiceProcess>(
            "contract-orders", std::vector<std::string>{"STOCK_URL=http://" + stock}, orders);
      } catch (const std::runtime_error& error) {
        ASSERT_LT(attempt, 5) << error.what();
      }
    }
  }

  std::unique_ptr<ServiceProcess> stock_;
  std::unique_ptr<ServiceProcess> orders_;
};

// [test]
TEST_F(Contract, AnOrderIsFulfilledFromWhatIsThere) {
  const ev::ServiceClient<shop::Stock> stock(stock_->url());
  const ev::ServiceClient<shop::Orders> orders(orders_->url());
  EXPECT_EQ(stock->deliver(Delivery{"d-1", "chairs", 10}).get(), 10);
  EXPECT_EQ(orders->fulfil(Line{"o-1", "chairs", 4}, {.name = "o-1"}).get(), "4 chairs for o-1");
  EXPECT_EQ(stock->deliver(Delivery{"d-1", "chairs", 10}).get(), 10) << "a delivery counts once";
  EXPECT_EQ(stock->deliver(Delivery{"d-2", "chairs", 1}).get(), 7);
}
// [/test]

TEST_F(Contract, AnOrderWaitsForADeliveryThoughBothServicesDie) {
  {
    const ev::ServiceClient<shop::Stock> stock(stock_->url());
    const ev::ServiceClient<shop::Orders> orders(orders_->url());
    (void)orders->fulfil.start(Line{"o-1", "lamps", 2}, {.name = "o-1"}).get();
    EXPECT_FALSE(stock->reserve(Line{"o-2", "lamps", 5}).get());
  }
  stock_->kill();
  orders_->kill();
  orders_->start();
  stock_->start();
  const ev::ServiceClient<shop::Stock> stock(stock_->url());
  const ev::ServiceClient<shop::Orders> orders(orders_->url());
  (void)stock->deliver(Delivery{"d-1", "lamps", 2}).get();
  EXPECT_EQ(orders->fulfil.execution("o-1").result().get(), "2 lamps for o-1");
}

}  // namespace
