// The examples of docs/events.md, and what it promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "eventual/testing.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fulfilment {

struct OrderCreated {
  std::string id;
  std::string country;
  std::int64_t amount_cents = 0;
};
struct OrderCancelled {
  std::string id;
  std::string reason;
};

inline ev::Service orders{"orders"};

// [declare]
inline const auto order_created = orders.event<OrderCreated>("OrderCreated");
// [/declare]
inline const auto order_cancelled = orders.event<OrderCancelled>("OrderCancelled");
inline const auto parcel_sent = orders.event<std::string>("ParcelSent");

struct Log {
  std::vector<std::string> lines;
};
inline Log& seen = orders.provide<Log>();

// [mailing]
inline const auto mailing = order_created.on(
    "mailing", {.retry = {.max_attempts = 3, .initial_interval = 1s, .jitter = 0}},
    [](const OrderCreated& order, ev::EventContext& event, Log& log) {
      log.lines.push_back("mail " + order.id + " #" + std::to_string(event.attempt()));
      if (order.country == "nowhere") throw ev::Error("NoSuchCountry", order.id);
    });
// [/mailing]

// [audit]
inline const auto audit =
    orders.subscription("audit", ev::on(order_created, order_cancelled),
                        [](std::variant<OrderCreated, OrderCancelled> event, Log& log) {
                          const bool created = std::holds_alternative<OrderCreated>(event);
                          log.lines.push_back(created ? "audit created" : "audit cancelled");
                        });
// [/audit]

// [filter]
inline const auto big_orders = orders.subscription(
    "bigOrders",
    ev::on(order_created.where(ev::where<&OrderCreated::amount_cents>() >= 100'000 &&
                               ev::where<&OrderCreated::country>().one_of({"AT", "DE"}))),
    [](const OrderCreated& order, Log& log) { log.lines.push_back("big " + order.id); });
// [/filter]

// [shipping]
inline const auto shipping = orders.subscription(
    "shipping", ev::on(order_created, order_cancelled),
    ev::overloads{
        [](const OrderCreated& order) { parcel_sent.emit("parcel of " + order.id).get(); },
        [](const OrderCancelled&) {}});
// [/shipping]

// [emit]
inline const auto place_order = orders.command("placeOrder", [](OrderCreated order) -> std::string {
  order_created.emit(order, {.id = "created-" + order.id, .key = order.id}).get();
  return order.id;
});
// [/emit]

std::vector<std::string> lines_with(std::string_view word) {
  std::vector<std::string> found;
  for (const std::string& line : seen.lines) {
    if (line.find(word) != std::string::npos) found.push_back(line);
  }
  return found;
}

class EventsGuideTest : public testing::Test {
 protected:
  EventsGuideTest() { seen.lines.clear(); }
};

TEST_F(EventsGuideTest, EachSubscriptionGetsTheEventOnItsOwn) {
  // [test]
  ev::TestEnvironment env(orders);
  std::vector<std::string> parcels;
  env.subscribe(parcel_sent, [&](const std::string& parcel) { parcels.push_back(parcel); });
  env.emit(order_created, {"o-1", "AT", 250'000});
  // [/test]
  EXPECT_THAT(lines_with("mail"), ElementsAre("mail o-1 #1"));
  EXPECT_THAT(lines_with("audit"), ElementsAre("audit created"));
  EXPECT_THAT(lines_with("big"), ElementsAre("big o-1"));
  // [test]
  EXPECT_THAT(parcels, ElementsAre("parcel of o-1"));
  EXPECT_THAT(env.deliveries(), ElementsAre());
  // [/test]
}

TEST_F(EventsGuideTest, AFilterIsAskedBeforeTheHandler) {
  ev::TestEnvironment env(orders);
  env.emit(order_created, {"small", "AT", 99'999});
  env.emit(order_created, {"elsewhere", "FR", 250'000});
  env.emit(order_created, {"exact", "DE", 100'000});
  EXPECT_THAT(lines_with("big"), ElementsAre("big exact"));
}

TEST_F(EventsGuideTest, WhatFailsIsTriedAgainThenADeadLetterThenRedriven) {
  ev::TestEnvironment env(orders);
  const std::string id = env.emit(order_created, {"o-1", "nowhere", 1}, {.id = "e-1"});
  EXPECT_EQ(id, "e-1");
  EXPECT_THAT(lines_with("mail"), ElementsAre("mail o-1 #1"));
  EXPECT_THAT(env.deliveries(), ElementsAre(HasSubstr("subscription mailing: delivery of event 1 "
                                                      "(attempt 2 at 1970-01-01T00:00:01.000Z "
                                                      "after NoSuchCountry: o-1)")));
  env.tick(1s);
  EXPECT_THAT(lines_with("mail"), ElementsAre("mail o-1 #1", "mail o-1 #2"));
  EXPECT_TRUE(env.dead_letters().empty());
  env.tick(2s);
  EXPECT_THAT(lines_with("mail"), ElementsAre("mail o-1 #1", "mail o-1 #2", "mail o-1 #3"));
  ASSERT_EQ(env.dead_letters(mailing).size(), 1U);
  const ev::Json letter = env.dead_letters(mailing)[0];
  EXPECT_EQ(letter["id"].as_string(), "mailing/1");
  EXPECT_EQ(letter["attempts"].as_int64(), 3);
  EXPECT_EQ(letter["error"]["name"].as_string(), "NoSuchCountry");
  EXPECT_EQ(letter["event"]["id"].as_string(), "e-1");
  EXPECT_EQ(letter["event"]["payload"]["country"].as_string(), "nowhere");
  EXPECT_THAT(lines_with("audit"), ElementsAre("audit created"));  // others know nothing of it

  EXPECT_EQ(env.redrive(mailing), 1U);
  EXPECT_EQ(lines_with("mail").back(), "mail o-1 #1");
  EXPECT_TRUE(env.dead_letters().empty());
  env.tick(3s);
  EXPECT_EQ(env.dead_letters().size(), 1U);
  EXPECT_EQ(env.discard(mailing), 1U);
  EXPECT_TRUE(env.dead_letters().empty());
  EXPECT_EQ(lines_with("mail").size(), 6U);
}

TEST_F(EventsGuideTest, TheSameIdIsTakenOnceForADay) {
  ev::TestEnvironment env(orders);
  env.call(place_order, {"o-1", "AT", 1});
  env.call(place_order, {"o-1", "AT", 1});
  env.restart();
  env.call(place_order, {"o-1", "AT", 1});
  EXPECT_EQ(lines_with("mail").size(), 1U);
  env.tick(23h);
  env.call(place_order, {"o-1", "AT", 1});
  EXPECT_EQ(lines_with("mail").size(), 1U);
  env.tick(1h);
  env.call(place_order, {"o-1", "AT", 1});
  EXPECT_EQ(lines_with("mail").size(), 2U);
}

TEST_F(EventsGuideTest, ABadPayloadIsRefusedWithEveryBadField) {
  ev::TestEnvironment env(orders);
  try {
    env.emit_json("OrderCreated", R"({"id": 3, "country": true})", {});
    FAIL() << "it was taken";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "InvalidInput");
    const ev::Json problems = ev::Json::parse(error.details_json()).value();
    std::set<std::string> pointers;
    for (const ev::Json& problem : problems.as_array())
      pointers.insert(problem["pointer"].as_string());
    EXPECT_TRUE(pointers.contains("/payload/id")) << error.details_json();
    EXPECT_TRUE(pointers.contains("/payload/country")) << error.details_json();
  }
  EXPECT_THROW(env.emit_json("Nothing", "{}", {}), ev::Error);
  EXPECT_TRUE(seen.lines.empty());
}

TEST_F(EventsGuideTest, ServiceSubscriptionsCanBeSwitchedOffAndTestOnesReset) {
  ev::TestEnvironment env(orders);
  std::vector<std::string> created;
  env.subscribe(order_created, [&](const OrderCreated& order) { created.push_back(order.id); });
  env.disable_service_subscriptions();
  env.emit(order_created, {"o-1", "AT", 1});
  EXPECT_TRUE(seen.lines.empty());
  EXPECT_THAT(created, ElementsAre("o-1"));
  env.enable_service_subscriptions();
  env.reset_test_subscriptions();
  env.emit(order_created, {"o-2", "AT", 1});
  EXPECT_THAT(lines_with("mail"), ElementsAre("mail o-2 #1"));
  EXPECT_THAT(created, ElementsAre("o-1"));
}

}  // namespace fulfilment

namespace events {

struct Item {
  std::string key;
  std::int64_t n = 0;
};

/// What the handlers of one test do.
struct Behaviour {
  std::map<std::string, int> failures;  ///< how often a number still fails, by "key n"
  std::vector<std::string> calls;
  std::string handle(const Item& item) {
    std::string name = item.key + std::to_string(item.n);
    calls.push_back(name);
    if (failures[name]-- > 0) throw ev::Error("Busy", name);
    return name;
  }
};

struct Shop {
  ev::Service service{"shop"};
  Behaviour ordered, loose, batched;
  std::vector<std::string> batches;
  static inline Shop* current = nullptr;
  Shop() { current = this; }

  ev::ServiceEvent<Item> item = service.event<Item>("Item");
  ev::ServiceEvent<std::string> done = service.event<std::string>("Done");

  ev::Subscription in_order =
      item.on("inOrder",
              {.retry = {.max_attempts = 3, .initial_interval = 10s, .multiplier = 1, .jitter = 0},
               .order = ev::EventOrder::per_key},
              [this](const Item& each) { ordered.handle(each); });
  ev::Subscription in_batches =
      service.subscription("inBatches", ev::on(item),
                           {.retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0},
                            .batch = {.max = 3, .wait = 5s}},
                           [this](const std::vector<Item>& items, ev::EventContext& context) {
                             std::string names;
                             for (const Item& each : items) names += batched.handle(each) + " ";
                             EXPECT_EQ(items.size(), context.events().size());
                             batches.push_back(names);
                           });

  ev::Task<std::string, void> work =
      service.task("work", {.retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}},
                   [this](const std::string& name, const ev::TaskContext& context) {
                     done.emit("progress of " + name, {.immediate = true}).get();
                     done.emit(name + " is done").get();
                     if (context.attempt() == 1) throw ev::Error("Busy", "again");
                   });
  ev::Workflow<std::string, std::string> flow =
      service.workflow("flow", [](std::string name) -> ev::Future<std::string> {
        co_await current->done.emit("begun " + name);
        co_await current->work(name);
        co_await current->done.emit("ended " + name, {.id = "end-of-" + name});
        co_return "done!";
      });
  ev::Signal<std::string> go = service.signal<std::string>("go");
  ev::Workflow<void, std::string> waiting = service.workflow(
      "waiting", []() -> ev::Future<std::string> { co_return co_await current->go.expect(); });
  ev::Subscription waking = done.on("waking", [this](const std::string& text) {
    if (text.starts_with("wake")) go.send(ev::ExecutionId{"waiting/one"}, text).get();
  });
};

TEST(EventsTest, OneKeysEventsComeInOrderAndOthersPassBy) {
  Shop shop;
  shop.ordered.failures = {{"a1", 2}, {"b2", 5}};
  ev::TestEnvironment env(shop.service);
  for (const std::int64_t n : {1, 2, 3}) {
    env.emit(shop.item, {"a", n}, {.key = "a"});
    env.emit(shop.item, {"b", n}, {.key = "b"});
    env.emit(shop.item, {"", n});
  }
  EXPECT_THAT(shop.ordered.calls, ElementsAre("a1", "b1", "1", "b2", "2", "3"));
  shop.ordered.calls.clear();
  env.restart();  // what waits for its key waits on
  env.tick(10s);
  EXPECT_THAT(shop.ordered.calls, ElementsAre("a1", "b2"));
  shop.ordered.calls.clear();
  env.tick(10s);  // the last attempts: one succeeds, one becomes a dead letter and frees its key
  EXPECT_THAT(shop.ordered.calls, testing::UnorderedElementsAre("a1", "b2", "a2", "a3", "b3"));
  ASSERT_EQ(env.dead_letters().size(), 1U);
  EXPECT_EQ(env.dead_letters()[0]["event"]["payload"]["n"].as_int64(), 2);
  EXPECT_TRUE(env.deliveries().empty() ||
              env.deliveries()[0].find("inBatches") != std::string::npos);
}

TEST(EventsTest, BatchesFillUpOrTheirTimePasses) {
  Shop shop;
  ev::TestEnvironment env(shop.service);
  for (const std::int64_t n : {1, 2, 3, 4}) env.emit(shop.item, {"", n});
  EXPECT_THAT(shop.batches, ElementsAre("1 2 3 "));
  env.tick(4s);
  EXPECT_THAT(shop.batches, ElementsAre("1 2 3 "));
  env.tick(1s);
  EXPECT_THAT(shop.batches, ElementsAre("1 2 3 ", "4 "));
}

TEST(EventsTest, ABatchThatFailsIsDeliveredAgainOneByOne) {
  Shop shop;
  shop.batched.failures = {{"2", 9}};
  ev::TestEnvironment env(shop.service);
  for (const std::int64_t n : {1, 2, 3}) env.emit(shop.item, {"", n});
  EXPECT_TRUE(shop.batches.empty());
  env.restart();
  env.tick(1s);
  EXPECT_THAT(shop.batches, ElementsAre("1 ", "3 "));
  ASSERT_EQ(env.dead_letters(shop.in_batches).size(), 1U);
  EXPECT_EQ(env.dead_letters()[0]["event"]["payload"]["n"].as_int64(), 2);
}

TEST(EventsTest, WorkflowsAndTasksEmitOncePerTurnAndPerSuccess) {
  Shop shop;
  ev::TestEnvironment env(shop.service);
  std::vector<std::string> done;
  env.subscribe(shop.done, [&](const std::string& text) { done.push_back(text); });
  auto flow = env.start(shop.flow, "x");
  EXPECT_THAT(done, ElementsAre("begun x", "progress of x"));
  env.restart();
  env.tick(1s);
  EXPECT_EQ(flow.result(), "done!");
  // The second attempt's progress has the id of the first one's.
  EXPECT_THAT(done, ElementsAre("begun x", "progress of x", "x is done", "ended x"));
  env.start(shop.flow, "x");
  env.tick(1s);
  EXPECT_EQ(std::count(done.begin(), done.end(), "ended x"), 1);  // its id was given
  EXPECT_EQ(std::count(done.begin(), done.end(), "begun x"), 2);
  env.replay_all();
  std::vector<std::string> types;
  for (const ev::Json& event : flow.history()) types.push_back(event["type"].as_string());
  EXPECT_EQ(std::count(types.begin(), types.end(), "event_emitted"), 2);
}

TEST(EventsTest, ASubscriptionSignalsAWorkflowWithItsSuccess) {
  Shop shop;
  ev::TestEnvironment env(shop.service);
  auto waiting = env.start(shop.waiting, {.name = "one"});
  env.emit(shop.done, "wake up");
  EXPECT_EQ(waiting.result(), "wake up");
}

TEST(EventsTest, ANewSubscriptionBeginsWhereItsOptionSays) {
  Shop shop;
  ev::TestEnvironment env(shop.service);
  for (const char* text : {"a", "b", "c"}) {
    env.emit(shop.done, text);
    env.tick(1min);
  }
  const auto collect = [&](ev::SubscriptionStart start) {
    auto got = std::make_shared<std::vector<std::string>>();
    env.subscribe(ev::on(shop.done), {.start = start, .in_flight_max = 1},
                  [got](const std::string& text) { got->push_back(text); });
    return *got;
  };
  EXPECT_THAT(collect(ev::SubscriptionStart::now()), ElementsAre());
  EXPECT_THAT(collect(ev::SubscriptionStart::beginning()), ElementsAre("a", "b", "c"));
  EXPECT_THAT(collect(ev::SubscriptionStart::from(ev::Timestamp(1min))), ElementsAre("b", "c"));
  EXPECT_THAT(collect(ev::SubscriptionStart::from(ev::Timestamp(61s))), ElementsAre("c"));
  env.tick(72h);  // stored events are kept three days
  EXPECT_THAT(collect(ev::SubscriptionStart::beginning()), ElementsAre());
}

TEST(EventsTest, EventsStayAsLongAsADeliveryMayAskForThem) {
  Shop shop;
  shop.ordered.failures = {{"a1", 99}};
  ev::TestEnvironment env(shop.service);
  env.emit(shop.item, {"a", 1}, {.key = "a"});
  env.tick(10s);
  shop.ordered.failures.clear();
  env.tick(100h);
  EXPECT_THAT(shop.ordered.calls, ElementsAre("a1", "a1", "a1"));
  EXPECT_TRUE(env.dead_letters().empty());
}

TEST(EventsTest, DefectsOfDeclarationsAreToldWithTheirName) {
  ev::Service service("bad");
  const auto a = service.event<Item>("A");
  service.event<Item>("A");
  a.on("twice", {.batch = {.max = 10}}, [](const Item&) {});
  a.on("twice", [](const Item&) {});
  service.subscription("double", ev::on(a, a), [](const Item&) {});
  service.subscription("other", ev::on(ev::Event<std::string>("A")), [](const std::string&) {});
  std::string all;
  for (const auto& defect : service.declarations().defects()) all += defect.message + "\n";
  EXPECT_THAT(all, HasSubstr("event \"A\": declared twice"));
  EXPECT_THAT(all, HasSubstr("subscription \"twice\": batch.max needs a handler that takes"));
  EXPECT_THAT(all, HasSubstr("subscription \"twice\": declared twice"));
  EXPECT_THAT(all, HasSubstr("subscription \"double\": it takes event A twice"));
  EXPECT_THAT(all, HasSubstr("subscription \"other\": it takes event A with another payload type"));
}

TEST(EventsTest, TooManyDeadLettersStopASubscriptionUntilTheyAreDiscarded) {
  ev::Service service("full");
  const auto item = service.event<Item>("Item");
  std::vector<std::int64_t> calls;
  const auto failing = item.on("failing", {.retry = {}, .in_flight_max = 1, .dead_letters_max = 2},
                               [&](const Item& each) {
                                 calls.push_back(each.n);
                                 throw ev::Error("Broken", "always");
                               });
  ev::TestEnvironment env(service);
  for (const std::int64_t n : {1, 2, 3}) env.emit(item, {"", n});
  EXPECT_THAT(calls, ElementsAre(1, 2));
  EXPECT_THAT(env.subscriptions()[0]["stopped"].as_string(), HasSubstr("has 2 dead letters"));
  EXPECT_EQ(env.discard(failing), 2U);
  EXPECT_THAT(calls, ElementsAre(1, 2, 3));
}

TEST(EventsTest, ABacklogBeyondItsLimitRefusesWhoeverWaits) {
  ev::Service service("slow");
  const auto item = service.event<Item>("Item");
  item.on("slow", {.retry = {.max_attempts = 9, .initial_interval = 1h}, .backlog_max = 2},
          [](const Item&) { throw ev::Error("Busy", "later"); });
  ev::TestEnvironment env(service);
  env.emit(item, {"", 1});
  env.emit(item, {"", 2});
  try {
    env.emit(item, {"", 3});
    FAIL() << "it was taken";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "LimitExceeded");
    EXPECT_THAT(error.message(), HasSubstr("subscription slow has 2 events to deliver"));
  }
}

TEST(EventsTest, AnAttemptThatTakesTooLongFailsWithTimeout) {
  ev::Service service("late");
  const auto item = service.event<Item>("Item");
  std::uint32_t attempts = 0;
  item.on("late",
          {.timeout = 5s, .retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}},
          [&](const Item&, ev::EventContext& context) {
            attempts = context.attempt();
            if (attempts == 1) ev::sleep_for(1h).get();
          });
  ev::TestEnvironment env(service);
  env.emit(item, {"", 1});
  env.tick(6s);
  EXPECT_EQ(attempts, 2U);
  EXPECT_TRUE(env.dead_letters().empty());
  EXPECT_TRUE(env.deliveries().empty());
}

TEST(EventsTest, ATransactionsEventsLeaveWithItsCommitAndOnlyThen) {
  ev::Service service("transactions");
  const auto stock = service.entity("stock", ev::key(&Item::key));
  const auto item = service.event<Item>("Item");
  const auto tell = service.transaction("tell", [&](Item told, ev::TransactionContext& tx) {
    tx.emit(item, told, ev::EmitOptions{.key = told.key});
    tx.emit(item, Item{"second", told.n});
    tx.put(stock, told);
    if (told.n < 0) throw ev::Error("Negative", "a number is positive");
  });
  const auto hasty = service.transaction("hasty", [&](ev::TransactionContext& tx) {
    tx.emit(item, Item{"now", 1}, ev::EmitOptions{.immediate = true});
  });
  const auto only = service.transaction("only", [&](ev::TransactionContext& tx) {
    tx.emit(item, Item{"only", 1}, ev::EmitOptions{.id = "one"});
  });
  std::vector<std::string> got;
  item.on(
      "receive", {.order = ev::EventOrder::per_key},
      [&](const Item& told, ev::EventContext& event) {
        got.push_back(told.key + " " + std::to_string(told.n) + " by " + std::string(event.key()));
      });
  ev::TestEnvironment env(service);
  EXPECT_THROW(env.run(tell, {"a", -1}), ev::Error);
  EXPECT_THAT(got, ElementsAre());
  env.run(tell, {"a", 7});
  EXPECT_THAT(got, ElementsAre("a 7 by a", "second 7 by "));
  try {
    env.run(hasty);
    FAIL() << "it was taken";
  } catch (const ev::Error& error) {
    EXPECT_EQ(error.name(), "NotAllowed");
  }
  got.clear();
  env.run(only);
  env.run(only);
  EXPECT_THAT(got, ElementsAre("only 1 by "));
  env.restart();
  EXPECT_EQ(got.size(), 1U);
  EXPECT_THAT(env.deliveries(), ElementsAre());
}

}  // namespace events
