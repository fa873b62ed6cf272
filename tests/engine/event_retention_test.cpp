// How long events and their ids are kept, as the options say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/events.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;
using testing::ElementsAre;

struct Shop {
  Service service{"shop"};
  std::vector<std::string> got;
  ServiceEvent<std::string> said = service.event<std::string>("Said");
  Subscription hearing =
      said.on("hearing", [this](const std::string& text) { got.push_back(text); });
};

/// The answer's "duplicate".
bool emit(World& world, const std::string& text, std::string id = {}) {
  ports::EmitRequest request;
  request.events.push_back({"Said", to_json(text), std::move(id), {}, {}});
  bool duplicate = false;
  world.engine().events().emit(
      std::move(request),
      [&](const Result<ports::EmitReply>& reply) { duplicate = reply->events.at(0).duplicate; },
      world.now);
  world.settle();
  return duplicate;
}

std::uint64_t first_stored(World& world) {
  ports::EventsReply reply;
  world.engine().events().read_events(
      {}, [&](Result<ports::EventsReply> given) { reply = std::move(*given); }, world.now);
  world.settle();
  return reply.first;
}

TEST(EventRetentionTest, EventsGoAfterTheirTimeAndIdsAfterTheirs) {
  Shop shop;
  Options options{.timer_window = k_forever};
  options.events_kept = 5h;
  options.event_ids_kept = 2h;
  World world(shop.service, options);
  EXPECT_FALSE(emit(world, "a", "id-1"));
  world.advance(1h);
  EXPECT_FALSE(emit(world, "b"));
  world.advance(1h - 1ms);
  EXPECT_TRUE(emit(world, "a again", "id-1"));
  EXPECT_EQ(world.rows(Table::dedupe).size(), 1U);
  world.advance(1ms);
  EXPECT_TRUE(world.rows(Table::dedupe).empty());
  EXPECT_FALSE(emit(world, "c", "id-1"));
  EXPECT_EQ(first_stored(world), 1U);
  world.advance(3h - 1ms);
  EXPECT_EQ(first_stored(world), 1U);
  world.advance(1ms);
  EXPECT_EQ(first_stored(world), 2U);
  world.restart();
  EXPECT_EQ(first_stored(world), 2U);
  world.advance(2h);
  EXPECT_EQ(first_stored(world), 4U);
  EXPECT_TRUE(world.rows(Table::dedupe).empty());
  EXPECT_EQ(world.rows(Table::events).size(), 1U);  // the ends of the log
  EXPECT_THAT(shop.got, ElementsAre("a", "b", "c"));
  EXPECT_FALSE(world.engine().next_due());
}

TEST(EventRetentionTest, IdsMayBeKeptForLongerThanEvents) {
  Shop shop;
  Options options{.timer_window = k_forever};
  options.events_kept = 1h;
  options.event_ids_kept = 3h;
  World world(shop.service, options);
  emit(world, "a", "id-1");
  world.advance(2h);
  EXPECT_TRUE(emit(world, "a again", "id-1"));
  world.advance(1h);
  EXPECT_FALSE(emit(world, "a at last", "id-1"));
  world.advance(100h);
  EXPECT_EQ(first_stored(world), 3U);
  EXPECT_TRUE(world.rows(Table::dedupe).empty());
}

TEST(EventRetentionTest, ForeverKeepsThem) {
  Shop shop;
  Options options{.timer_window = k_forever};
  options.events_kept = k_forever;
  options.event_ids_kept = k_forever;
  World world(shop.service, options);
  emit(world, "a", "id-1");
  world.advance(24h * 365 * 50);
  EXPECT_TRUE(emit(world, "a again", "id-1"));
  EXPECT_EQ(first_stored(world), 1U);
  EXPECT_FALSE(world.engine().next_due());
}

}  // namespace
}  // namespace eventual::engine
