// The service on virtual time: a day passes at once.
#include "service.hpp"

#include <gtest/gtest.h>

#include <eventual/testing.hpp>

namespace {

TEST(Service, SaysHello) {
  ev::TestEnvironment env(service);
  EXPECT_EQ(env.call(hello, Person{"Sam"}), "Hello, Sam!");
}

TEST(Service, GreetsADayLater) {
  ev::TestEnvironment env(service);
  auto greeting = env.start(greet_tomorrow, Person{"Sam"});
  env.tick(23h);
  EXPECT_EQ(greeting.status(), "running");
  env.tick(1h);
  EXPECT_EQ(greeting.result(), "Good morning, Sam!");
  env.replay_all();  // code and histories agree
}

}  // namespace
