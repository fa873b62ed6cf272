// The examples of docs/conversation.md and docs/long-life.md, and what they promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;

namespace conversation {

// --- docs/conversation.md ---
struct Cart {
  std::string customer;
  std::string address;
  std::vector<std::string> items;
};
struct Change {
  std::string address;
};

inline ev::Service shop{"shop"};

inline const auto book =
    shop.task("book", [](std::string address) -> std::string { return "slot for " + address; });
inline const auto add_item = shop.signal<std::string>("addItem");
inline const auto check_out = shop.signal<void>("checkOut");
// [update]
inline const auto set_address = shop.update<Change, std::string>("setAddress");
// [/update]

// [query]
inline const auto item_count = shop.query(
    "itemCount", [](const Cart& cart) -> std::int64_t { return std::ssize(cart.items); });
inline const auto has_item = shop.query("hasItem", [](const Cart& cart, std::string item) -> bool {
  return std::find(cart.items.begin(), cart.items.end(), item) != cart.items.end();
});
// [/query]

// [update]
inline ev::Future<std::string> move_to(Change change, Cart* cart) {
  std::string slot = co_await book(change.address);
  cart->address = change.address;
  ev::publish(*cart);
  co_return slot;
}
// [/update]

inline const auto shopping =
    shop.workflow("shopping", [](std::string customer) -> ev::Future<Cart> {
      Cart cart{.customer = customer, .address = {}, .items = {}};
      // [publish]
      auto adding = add_item.on([&](std::string item) {
        cart.items.push_back(item);
        ev::publish(cart);
      });
      // [/publish]
      // [listen-to-update]
      auto moving = set_address.on(
          move_to,
          [&](const Change& change) {
            if (change.address.empty()) throw ev::Error("NoAddress", "an address is needed");
          },
          &cart);
      // [/listen-to-update]
      co_await check_out.expect();
      co_return cart;
    });

inline const auto delivery =
    shop.workflow("delivery", [](std::string address) -> ev::Future<std::string> {
      co_await ev::sleep_for(24h);
      co_return "delivered to " + address;
    });
// [child]
inline const auto impatient =
    shop.workflow("impatient", [](std::string address) -> ev::Future<std::string> {
      ev::Child<std::string> van = delivery.start_child(address);
      co_await ev::sleep_for(1h);
      co_await van.cancel();
      ev::Result<std::string> ended = co_await ev::settle(van.result());
      co_return ended ? *ended : ended.error().name();
    });
// [/child]

// [ask]
inline const auto put = shop.command("put", [](Change change) -> std::string {
  auto cart = add_item.send_with_start(shopping, "sam", "tea", {.name = "sam"}).get();
  std::string slot = set_address.ask(cart, change, {.id = "once"}).get();
  return slot + ", " + std::to_string(item_count.ask(cart).get());
});
// [/ask]
// --- end ---

// --- docs/long-life.md ---
struct Subscription {
  std::string customer;
  std::int64_t months_paid = 0;
};
inline const auto pay = shop.task("pay", [](const Subscription&) {});
inline const auto thank = shop.task("thank", [](const Subscription&) {});
inline const auto unsubscribe = shop.signal<void>("unsubscribe");

// [subscription]
inline const auto subscription =
    shop.workflow("subscription", [](Subscription state) -> ev::Future<Subscription> {
      bool ends = false;
      auto ending = unsubscribe.on([&] { ends = true; });
      for (int month = 0; month < 12; ++month) {
        co_await pay(state);
        ++state.months_paid;
        if (ev::version("thanks", 0, 1) == 1) co_await thank(state);
        ev::publish(state);
        if (co_await ev::condition([&] { return ends; }, {.timeout = 30 * 24h})) co_return state;
      }
      co_return co_await ev::continue_as_new(state);
    });
// [/subscription]
// --- end ---

inline const auto months =
    shop.query("months", [](const Subscription& state) { return state.months_paid; });

TEST(Conversation, QueriesAndUpdatesOfARunningExecution) {
  ev::TestEnvironment env(shop);
  auto cart = env.start(shopping, "ann", {.name = "ann"});
  EXPECT_THROW(env.query(cart, item_count), ev::Error);
  env.send(cart, add_item, "tea");
  EXPECT_EQ(env.query(cart, item_count), 1);
  EXPECT_TRUE(env.query(cart, has_item, "tea"));
  EXPECT_FALSE(env.query(cart, has_item, "milk"));
  EXPECT_EQ(env.update(cart, set_address, Change{"Vienna"}, {.id = "u-1"}), "slot for Vienna");
  try {
    env.update(cart, set_address, Change{});
    FAIL();
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "NoAddress");
  }
  env.restart();
  EXPECT_EQ(env.update(cart, set_address, Change{"Graz"}, {.id = "u-1"}), "slot for Vienna");
  env.send(cart, check_out);
  EXPECT_EQ(cart.result().address, "Vienna");
  EXPECT_EQ(env.query(cart, item_count), 1);
  EXPECT_EQ(env.update(cart, set_address, Change{"Graz"}, {.id = "u-1"}), "slot for Vienna");
  env.replay_all();
}

TEST(Conversation, ACommandAsksAndStartsWithASignal) {
  ev::TestEnvironment env(shop);
  EXPECT_EQ(env.call(put, Change{"Vienna"}), "slot for Vienna, 1");
  EXPECT_EQ(env.call(put, Change{"Linz"}), "slot for Vienna, 2");
  EXPECT_EQ(env.executions(), std::vector<std::string>{"shopping/sam"});
  auto bob = env.send_with_start(shopping, "bob", add_item, "milk", {.name = "bob"});
  EXPECT_TRUE(env.query(bob, has_item, "milk"));
}

TEST(Conversation, AnUpdateThatNeedsTimeIsAnsweredWhenAskedAgain) {
  ev::TestEnvironment env(shop);
  env.mock(book).block_once().succeed("slot");
  auto cart = env.start(shopping, "ann", {.name = "ann"});
  EXPECT_THROW(env.update(cart, set_address, Change{"Vienna"}, {.id = "u-1"}), ev::Error);
  const auto waiting = cart.waiting_for();
  ASSERT_EQ(waiting.size(), 3U) << "the task of its handler, the signal, the update";
  EXPECT_EQ(waiting[2]["kind"].as_string(), "update");
  EXPECT_EQ(waiting[2]["update"].as_string(), "setAddress");
  EXPECT_EQ(waiting[2]["update_id"].as_string(), "u-1");
  EXPECT_EQ(waiting[2]["since"].as_string(), "1970-01-01T00:00:00.000Z");
  env.restart();  // the attempt that hung is lost with the process
  EXPECT_EQ(env.update(cart, set_address, Change{"Vienna"}, {.id = "u-1"}), "slot");
  EXPECT_EQ(cart.waiting_for().size(), 1U);
}

TEST(Conversation, AChildIsCancelledAndStillTellsHowItEnded) {
  ev::TestEnvironment env(shop);
  auto run = env.start(impatient, "Vienna");
  env.tick(1h);
  EXPECT_EQ(run.result(), "Cancelled");
  env.replay_all();
}

// [subscription-test]
TEST(LongLife, ASubscriptionGoesOnForYearsWithShortHistories) {
  ev::TestEnvironment env(shop);
  env.mock(pay).succeed();
  auto thanks = env.mock(thank).succeed();
  auto run = env.start(subscription, Subscription{"ann", 0}, {.name = "ann"});
  env.tick(ev::Duration(30 * 24h) * 30);
  EXPECT_EQ(run.status(), "running");
  EXPECT_EQ(env.query(run, months), 31);
  EXPECT_EQ(env.query({run.id(), 1}, months), 12);
  EXPECT_EQ(env.view(run)["run"].as_uint64(), 3U);
  EXPECT_LT(run.history().size(), 60U);
  env.send(run, unsubscribe);
  EXPECT_EQ(run.result().months_paid, 31);
  EXPECT_EQ(thanks.call_count(), 31U);
  env.replay_all();
}
// [/subscription-test]

TEST(Conversation, KeepsItsPromisesUnderFaults) {
  ev::Simulation simulation(shop, {.seeds = 60, .executions = 4});
  simulation.scenario([](ev::SimulatedRun& run) {
    for (int i = 0; i < 3; ++i) {
      const std::string name = "s-" + std::to_string(i);
      const std::string id = run.start(subscription, Subscription{name, 0}, name,
                                       ev::Duration(static_cast<std::int64_t>(run.random(1000))));
      run.send_json(id, unsubscribe.name(), "null",
                    ev::Duration(30 * 24h) * static_cast<std::int64_t>(5 + run.random(25)));
      run.start(impatient, name, name);
    }
  });
  const ev::SimulationReport report = simulation.run();
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
}

}  // namespace conversation
