// Events over kills of the process: each reaches each subscription at least once, and once where
// nothing went wrong; what a delivery does is committed with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "model/events.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;
using testing::ElementsAre;
using testing::HasSubstr;

struct Item {
  std::int64_t n = 0;
};

struct Shop {
  Service service{"shop"};
  std::vector<std::int64_t> first, second;
  bool second_fails = false;
  ServiceEvent<Item> item = service.event<Item>("Item");
  Subscription a = item.on("a", {.retry = {.max_attempts = 3, .initial_interval = 1s, .jitter = 0}},
                           [this](const Item& each) { first.push_back(each.n); });
  Subscription b = item.on("b", {.retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}},
                           [this](const Item& each) {
                             second.push_back(each.n);
                             if (second_fails) throw Error("Broken", "it is broken");
                           });
};

std::size_t emit(World& world, std::int64_t n, std::string id = {}, std::string key = {}) {
  ports::EmitRequest request;
  request.events.push_back(
      {"Item", "{\"n\":" + std::to_string(n) + "}", std::move(id), std::move(key), {}});
  std::size_t taken = 0;
  world.engine().events().emit(
      std::move(request),
      [&](const Result<ports::EmitReply>& reply) {
        taken = reply && !reply->events.at(0).duplicate ? 1 : 0;
      },
      world.now);
  world.settle();
  return taken;
}

TEST(EventsTest, ADeliveryThatSucceedsLeavesOnlyTheEventAndOneRowForEachSubscription) {
  Shop shop;
  World world(shop.service);
  for (int n = 0; n < 20; ++n) EXPECT_EQ(emit(world, n), 1U);
  EXPECT_EQ(world.rows(Table::events).size(), 21U);  // and the ends of the log
  EXPECT_EQ(world.rows(Table::deliveries).size(), 2U);
  EXPECT_EQ(shop.first.size(), 20U);
  world.restart();
  EXPECT_EQ(shop.first.size(), 20U);
  EXPECT_EQ(shop.second.size(), 20U);
}

TEST(EventsTest, AKillAtAnyCommitLosesNoEventThatWasAcknowledged) {
  for (const bool before_write : {false, true}) {
    for (std::size_t kill_at = 1; kill_at < 12; ++kill_at) {
      Shop shop;
      World world(shop.service);
      world.kill_at = kill_at;
      world.kill_before_write = before_write;
      std::vector<std::int64_t> taken;
      for (std::int64_t n = 0; n < 4; ++n) {
        if (emit(world, n) == 1) taken.push_back(n);
      }
      world.settle();
      for (const std::int64_t n : taken) {
        EXPECT_GE(std::count(shop.first.begin(), shop.first.end(), n), 1)
            << "event " << n << ", killed at " << kill_at;
        EXPECT_GE(std::count(shop.second.begin(), shop.second.end(), n), 1);
      }
      EXPECT_TRUE(world.engine().events().waiting_for().empty());
      EXPECT_LE(shop.first.size(), 5U) << "killed at " << kill_at;
    }
  }
}

TEST(EventsTest, ARetrySurvivesAKillWithItsAttemptAndItsTime) {
  Shop shop;
  shop.second_fails = true;
  World world(shop.service);
  emit(world, 1);
  EXPECT_THAT(shop.second, ElementsAre(1));
  world.restart();
  EXPECT_THAT(shop.second, ElementsAre(1));
  world.advance(1s);
  EXPECT_THAT(shop.second, ElementsAre(1, 1));
  EXPECT_EQ(world.rows(Table::dead_letters).size(), 1U);
  EXPECT_THAT(shop.first, ElementsAre(1));
  world.restart();
  world.advance(1h);
  EXPECT_THAT(shop.second, ElementsAre(1, 1));
}

TEST(EventsTest, ADeliveryThatAKillInterruptsRunsAgainWithoutUsingUpAnAttempt) {
  Shop shop;
  World world(shop.service);
  world.run_tasks = false;
  emit(world, 1);
  ASSERT_EQ(world.attempts.size(), 2U);
  world.restart();
  world.settle();
  ASSERT_EQ(world.attempts.size(), 2U);
  EXPECT_EQ(world.attempts[0].attempt, 1U);
  EXPECT_EQ(world.attempts[0].idempotency_key.substr(0, 2), "a/");
}

TEST(EventsTest, WhatEndsOutOfOrderIsNotDeliveredAgain) {
  Shop shop;
  World world(shop.service);
  world.run_tasks = false;
  for (std::int64_t n = 1; n <= 3; ++n) emit(world, n);
  ASSERT_EQ(world.attempts.size(), 6U);
  // Subscription a: 3 and 2 end, 1 runs when the process is killed.
  for (const std::size_t place : {4U, 2U}) world.finish(world.attempts[place]);
  while (world.engine().has_output()) world.commit();
  world.restart();
  world.settle();
  std::map<std::string, std::vector<std::uint32_t>> again;
  for (const Attempt& attempt : world.attempts) again[attempt.execution_id].push_back(attempt.seq);
  EXPECT_THAT(again["~subscription/a"], ElementsAre(1));
  EXPECT_THAT(again["~subscription/b"], ElementsAre(1, 2, 3));
}

TEST(EventsTest, ABatchThatIsFullLeavesTheRestOfAKeysLineForLater) {
  Service service{"shop"};
  (void)service.event<Item>("Item").on("pairs", {.order = EventOrder::per_key, .batch = {.max = 2}},
                                       [](const std::vector<Item>&) {});
  World world(service);
  world.run_tasks = false;
  emit(world, 1, {}, "left");
  emit(world, 2, {}, "right");
  for (const std::int64_t n : {3, 4}) emit(world, n, {}, "left");
  emit(world, 5, {}, "right");
  const auto under_way = [&] {
    std::vector<std::string> payloads;
    for (const Attempt& attempt : world.attempts) {
      std::string_view subscription;
      std::string together;
      for (const detail::DeliveredEvent& event : detail::read_delivery(attempt.input, subscription))
        together += event.payload;
      payloads.push_back(std::move(together));
    }
    return payloads;
  };
  const auto finish_all = [&] {  // in one round, the newest first
    std::deque<Attempt> ended;
    ended.swap(world.attempts);
    for (auto attempt = ended.rbegin(); attempt != ended.rend(); ++attempt) world.finish(*attempt);
    world.settle();
  };
  ASSERT_THAT(under_way(), ElementsAre("{\"n\":1}", "{\"n\":2}"));
  finish_all();
  EXPECT_THAT(under_way(), ElementsAre("{\"n\":5}{\"n\":3}"));
  finish_all();
  EXPECT_THAT(under_way(), ElementsAre("{\"n\":4}"));
  finish_all();
  EXPECT_THAT(under_way(), ElementsAre());
}

TEST(EventsTest, AHandlerThatCrashesTheProcessAgainAndAgainMakesADeadLetter) {
  Shop shop;
  ScriptedMarker marker;
  World world(shop.service, {}, &marker);
  world.run_tasks = false;
  emit(world, 1);
  marker.counts[ScriptedMarker::name_of("~subscription/a", 1)] = 3;
  world.restart();
  world.run_tasks = true;
  world.settle();
  EXPECT_TRUE(shop.first.empty());
  EXPECT_THAT(shop.second, ElementsAre(1));
  const auto letters = world.rows(Table::dead_letters);
  ASSERT_EQ(letters.size(), 1U);
  const auto record = model::decode_dead_letter(letters.begin()->second).value();
  EXPECT_EQ(record.error.name, "CrashedRepeatedly");
}

TEST(EventsTest, ALateResultOfAnAttemptThatWasGivenUpIsIgnored) {
  Shop shop;
  World world(shop.service);
  world.run_tasks = false;
  emit(world, 1);
  const Attempt late = world.attempts[0];
  const AttemptResult result = world.result_of(late);
  world.finish(late);
  while (world.engine().has_output()) world.commit();
  world.engine().attempt_finished(result, world.now);
  EXPECT_FALSE(world.engine().has_output());
}

model::StoredEvent item_event(std::int64_t n) {
  model::StoredEvent event;
  event.name = "Item";
  event.payload.text = "{\"n\":" + std::to_string(n) + "}";
  return event;
}

TEST(EventsTest, EventsOfATransactionGetTheirPlaceAfterItsCommit) {
  Shop shop;
  World world(shop.service);
  ports::Batch batch;
  std::uint64_t next = 0;
  std::vector<IncomingEvent> events;
  for (const std::int64_t n : {7, 8})
    events.push_back(make_incoming_event("t-1/" + std::to_string(n), item_event(n)));
  put_incoming_events(batch, events, next);
  world.store().commit({&batch, 1}).value();
  events.pop_back();  // nobody tells of the second
  world.engine().take_incoming_events(std::move(events), world.now);
  world.settle();
  EXPECT_THAT(shop.first, ElementsAre(7));
  world.restart();
  EXPECT_THAT(shop.first, ElementsAre(7, 8));
  EXPECT_EQ(world.rows(Table::events).size(), 3U);
  world.restart();
  EXPECT_THAT(shop.first, ElementsAre(7, 8));
}

TEST(EventsTest, EventsOfTransactionsKeepTheOrderOfTheirCommitsOverAKill) {
  Shop shop;
  World world(shop.service);
  std::int64_t n = 0;
  for (int process = 0; process < 2; ++process) {
    // Ids that sort against the order of the commits.
    for (const char* id : {"z", "m", "a"}) {
      Part part;
      part.events.push_back(make_incoming_event(id + std::to_string(process), item_event(++n)));
      world.engine().add_part(std::move(part));
      Output output = world.engine().take_output();
      ASSERT_EQ(output.parts.size(), 1U);
      std::vector<ports::Batch> batches{output.batch, output.parts[0].batch};
      world.store().commit(batches).value();
      for (auto& answer : output.replies) answer();
      output.parts[0].committed = false;  // killed before it is told
      world.engine().committed(output, world.now);
    }
    world.restart();
  }
  EXPECT_THAT(shop.first, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(EventsTest, ASubscriptionThatIsFarBehindReadsTheLogInPieces) {
  Shop shop;
  World world(shop.service);
  world.run_tasks = false;
  for (std::int64_t n = 0; n < 5'000; ++n) {
    ports::EmitRequest request;
    request.events.push_back({"Item", "{\"n\":" + std::to_string(n) + "}", {}, {}, {}});
    world.engine().events().emit(std::move(request), [](const auto&) {}, world.now);
  }
  world.settle();
  EXPECT_EQ(world.attempts.size(), 128U);  // 64 of each
  world.restart();
  world.run_tasks = true;
  world.settle();
  ASSERT_EQ(shop.first.size(), 5'000U);
  for (std::int64_t n = 0; n < 5'000; ++n) EXPECT_EQ(shop.first[static_cast<std::size_t>(n)], n);
}

TEST(EventsTest, WhoReadsTheLogGetsWhatIsDurableAndWaitsForMore) {
  Shop shop;
  World world(shop.service);
  emit(world, 1);
  std::vector<ports::EventsReply> replies;
  const auto read = [&](std::uint64_t after, Duration wait) {
    ports::EventsRequest request;
    request.after = after;
    request.names = {"Item"};
    request.wait = wait;
    world.engine().events().read_events(
        std::move(request), [&](Result<ports::EventsReply> reply) { replies.push_back(*reply); },
        world.now);
    world.settle();
  };
  read(0, 0ms);
  ASSERT_EQ(replies.size(), 1U);
  ASSERT_EQ(replies[0].events.size(), 1U);
  EXPECT_EQ(replies[0].next, 1U);
  read(1, 10s);
  EXPECT_EQ(replies.size(), 1U);
  emit(world, 2);
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_EQ(replies[1].events.at(0).payload_json, R"({"n":2})");
  read(replies[1].next, 10s);
  world.advance(10s);
  ASSERT_EQ(replies.size(), 3U);
  EXPECT_TRUE(replies[2].events.empty());
  EXPECT_EQ(replies[2].next, 2U);
}

TEST(EventsTest, EventsOfAnotherServiceAreTakenOnceWithTheirPosition) {
  Shop shop;
  World world(shop.service);
  const auto receive = [&](std::string log, std::uint64_t next, std::string id, std::int64_t n) {
    ports::ReceiveRequest request;
    request.source = "orders";
    request.url = "http://orders";
    request.log_id = std::move(log);
    request.next = next;
    request.events.push_back({"Item", "{\"n\":" + std::to_string(n) + "}", std::move(id), {}, {}});
    world.engine().events().receive(std::move(request), [](const auto&) {}, world.now);
    world.settle();
  };
  receive("log-1", 5, "e-1", 1);
  receive("log-1", 5, "e-1", 1);  // the same answer came twice
  receive("log-1", 6, "e-2", 2);
  world.restart();
  receive("log-1", 6, "e-2", 2);
  receive("log-2", 1, "e-2", 2);  // the sender's log began anew: its ids tell
  receive("log-2", 2, "e-3", 3);
  EXPECT_THAT(shop.first, ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace eventual::engine
