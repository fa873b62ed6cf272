// Values of more than 4 KiB that pass between executions: each stores its own, the message none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/message_row.hpp"
#include "model/split_turn.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t k_bytes = 10'000;
constexpr Options k_keep_a_day{.timer_window = k_forever, .retention = 24h};

Service& service() {
  static Service made{"large"};
  return made;
}
const auto go = service().signal<std::string>("go");
const auto more = service().signal<std::string>("more");
const auto hears = service().workflow("hears", [](std::string) -> Future<std::int64_t> {
  const std::string heard = co_await go.expect();
  co_await more.expect();
  co_return static_cast<std::int64_t>(heard.size());
});
const auto tells = service().workflow("tells", [](std::string letter) -> Future<std::string> {
  co_await go.send(ExecutionId{"hears/one", 0}, std::string(k_bytes, letter.at(0)));
  co_return "told";
});
const auto child = service().workflow("child", [](std::string text) -> Future<std::string> {
  const std::string letter = co_await go.expect();
  co_return std::string(text.size(), letter.at(0));
});
const auto asks = service().workflow("asks", [](std::string letter) -> Future<std::int64_t> {
  const std::string answer = co_await child(std::string(k_bytes, letter.at(0)), {.name = "mine"});
  co_return static_cast<std::int64_t>(answer.size());
});

/// The values of this many bytes, by their letter, that the writes of a batch hold.
std::string letters_in(const ports::Batch& batch) {
  std::string letters;
  for (const ports::Write& write : batch.writes) {
    for (const char letter : {'a', 'b', 'c'}) {
      std::size_t at = 0;
      const std::string value(k_bytes, letter);
      while ((at = write.value.find(value, at)) != std::string::npos) {
        letters += letter;
        at += k_bytes;
      }
    }
  }
  return letters;
}

/// As World::settle. The large values of each batch that has some, in order.
std::vector<std::string> settle_and_look(World& world) {
  std::vector<std::string> written;
  world.engine().tick(world.now);
  while (world.engine().has_output()) {
    Output output = world.engine().take_output();
    if (std::string letters = letters_in(output.batch); !letters.empty())
      written.push_back(std::move(letters));
    world.store().commit({&output.batch, 1}).value();
    for (auto& reply : output.replies) reply();
    world.engine().committed(output, world.now);
  }
  return written;
}

void begin(World& world, const std::string& workflow, const std::string& input) {
  world.engine().start(
      {workflow, "one", to_json(input), {}}, [](const Result<ports::StartReply>&) {}, world.now);
}

void tell(World& world, const std::string& name, const std::string& signal,
          const std::string& text) {
  world.engine().signal(
      {ports::parse_execution_id(name).value(), signal, to_json(text), {}},
      [](const Result<bool>&) {}, world.now);
}

/// Commits what there is of one round, and nothing of what follows from it.
void commit_one(World& world) {
  Output output = world.engine().take_output();
  world.store().commit({&output.batch, 1}).value();
}

TEST(LargeMessages, ASignalIsWrittenBySenderAndReceiverAlone) {
  World world(service());
  world.start(hears, std::string("i"));
  begin(world, "tells", "a");
  EXPECT_THAT(settle_and_look(world), ElementsAre("a", "a"));
  EXPECT_THAT(world.rows(Table::payloads), SizeIs(2));
  EXPECT_THAT(world.rows(Table::messages), IsEmpty());
  EXPECT_EQ(world.view("tells/one").result_json, "\"told\"");
}

TEST(LargeMessages, AChildsInputAndResultAreWrittenByBothAlone) {
  World world(service());
  begin(world, "asks", "a");
  EXPECT_THAT(settle_and_look(world), ElementsAre("a", "a"));
  tell(world, "child/mine", "go", "b");
  EXPECT_THAT(settle_and_look(world), ElementsAre("b", "b"));
  EXPECT_EQ(world.view("asks/one").result_json, "10000");
  EXPECT_THAT(world.rows(Table::payloads), SizeIs(4));
  EXPECT_THAT(world.rows(Table::messages), IsEmpty());
  world.restart();
  EXPECT_EQ(world.replay_difference("asks/one"), "");
  EXPECT_EQ(world.replay_difference("child/mine"), "");
}

TEST(LargeMessages, ASmallOneStandsInItsMessage) {
  World world(service());
  world.start(hears, std::string("i"));
  begin(world, "tells", "a");
  commit_one(world);
  const auto large = world.rows(Table::messages);
  ASSERT_THAT(large, SizeIs(1));
  EXPECT_TRUE(model::decode_message_row(large.begin()->second).value().turn.has_value());
  EXPECT_LT(large.begin()->second.size(), 200U);

  World other(service());
  begin(other, "child", "i");
  static_cast<void>(settle_and_look(other));
  EXPECT_THAT(other.rows(Table::payloads), IsEmpty());
}

TEST(LargeMessages, WhateverCommitIsTheLastASignalArrivesOnce) {
  for (std::size_t kill_at = 2; kill_at <= 5; ++kill_at) {
    for (const bool before_write : {false, true}) {
      SCOPED_TRACE(std::to_string(kill_at) + (before_write ? " before" : " after"));
      World world(service());
      world.start(hears, std::string("i"));
      world.kill_at = kill_at;
      world.kill_before_write = before_write;
      try {
        world.start(tells, std::string("a"));
      } catch (const std::bad_optional_access&) {
        world.start(tells, std::string("a"));  // no answer: asked again
      }
      world.settle();
      EXPECT_EQ(world.count("hears/one", "signal_received"), 1U);
      ASSERT_TRUE(world.signal("hears/one", "more", "\"!\""));
      EXPECT_EQ(world.view("hears/one").result_json, "10000");
      EXPECT_EQ(world.view("tells/one").result_json, "\"told\"");
      EXPECT_THAT(world.rows(Table::payloads), SizeIs(2));
      EXPECT_THAT(world.rows(Table::messages), IsEmpty());
    }
  }
}

TEST(LargeMessages, WhateverCommitIsTheLastAChildAnswersOnce) {
  for (std::size_t kill_at = 2; kill_at <= 8; ++kill_at) {
    for (const bool before_write : {false, true}) {
      SCOPED_TRACE(std::to_string(kill_at) + (before_write ? " before" : " after"));
      World world(service());
      world.kill_at = kill_at;
      world.kill_before_write = before_write;
      try {
        world.start(asks, std::string("a"));
      } catch (const std::bad_optional_access&) {
        world.start(asks, std::string("a"));
      }
      world.settle();
      try {
        static_cast<void>(world.signal("child/mine", "go", "\"b\"", "once").ok());
      } catch (const std::bad_optional_access&) {
        static_cast<void>(world.signal("child/mine", "go", "\"b\"", "once").ok());
      }
      world.settle();
      EXPECT_EQ(world.view("child/mine").status, "succeeded");
      EXPECT_EQ(world.view("asks/one").result_json, "10000");
      EXPECT_THAT(world.rows(Table::payloads), SizeIs(4));
      EXPECT_THAT(world.rows(Table::messages), IsEmpty());
    }
  }
}

TEST(LargeMessages, AForgottenSenderTakesNothingFromItsReceiver) {
  World world(service(), k_keep_a_day);
  world.start(hears, std::string("i"));
  world.start(tells, std::string("a"));
  world.advance(25h);
  EXPECT_THAT(world.rows(Table::executions), SizeIs(1)) << "the sender is forgotten";
  EXPECT_THAT(world.rows(Table::payloads), SizeIs(1)) << "the receiver has its own";
  world.restart();
  EXPECT_EQ(world.replay_difference("hears/one"), "");
  ASSERT_TRUE(world.signal("hears/one", "more", "\"!\""));
  EXPECT_EQ(world.view("hears/one").result_json, "10000");
  world.advance(25h);
  EXPECT_THAT(world.rows(Table::executions), IsEmpty());
  EXPECT_THAT(world.rows(Table::payloads), IsEmpty());
}

TEST(LargeMessages, OneThatWaitsForTheNextStartOutlivesItsSender) {
  World world(service(), k_keep_a_day);
  world.start(asks, std::string("a"));
  world.engine().put_away();
  tell(world, "child/mine", "go", "b");
  Output output = world.engine().take_output();
  world.store().commit({&output.batch, 1}).value();
  world.unreadable().failing = true;
  world.engine().committed(output, world.now);  // the parent cannot be read
  world.unreadable().failing = false;
  EXPECT_THAT(settle_and_look(world), ElementsAre("b")) << "the message takes its payload along";
  ASSERT_THAT(world.rows(Table::messages), SizeIs(1));
  world.advance(25h);
  EXPECT_THAT(world.rows(Table::executions), SizeIs(1)) << "the child is forgotten";
  EXPECT_EQ(world.view("asks/one").status, "running");
  world.restart();
  EXPECT_EQ(world.view("asks/one").result_json, "10000");
  EXPECT_THAT(world.rows(Table::messages), IsEmpty());
}

TEST(LargeMessages, ThoseOfEarlierProgramsHoldTheirs) {
  World world(service());
  world.start(hears, std::string("i"));
  begin(world, "tells", "a");
  commit_one(world);
  const auto rows = world.rows(Table::messages);
  ASSERT_THAT(rows, SizeIs(1));
  model::Message message = model::decode_message_row(rows.begin()->second).value().message;
  message.payload = to_json(std::string(k_bytes, 'b'));
  world.put_row(Table::messages, rows.begin()->first, model::encode(message));
  world.restart();
  EXPECT_THAT(world.rows(Table::messages), IsEmpty());
  EXPECT_EQ(world.view("tells/one").result_json, "\"told\"");
  const auto payloads = world.rows(Table::payloads);
  EXPECT_EQ(payloads.size(), 2U);
  bool received = false;
  for (const auto& [key, value] : payloads) received |= value == message.payload;
  EXPECT_TRUE(received) << "what the message held is what arrived";
}

TEST(LargeMessages, OneWhosePayloadIsMissingIsLeftAloneAndTold) {
  World world(service());
  world.start(hears, std::string("i"));
  begin(world, "tells", "a");
  commit_one(world);
  const auto rows = world.rows(Table::messages);
  ASSERT_THAT(rows, SizeIs(1));
  const std::string key = model::keys::turn_value(world.shard("tells/one"), "tells/one", 1, 0, 0);
  const std::string value = world.rows(Table::payloads).at(key);
  world.remove_row(Table::payloads, key);
  world.restart();
  EXPECT_EQ(world.rows(Table::messages), rows);
  EXPECT_THAT(world.log, testing::Contains(HasSubstr("a message's row is left alone")));
  EXPECT_EQ(world.count("hears/one", "signal_received"), 0U);
  world.put_row(Table::payloads, key, value);
  world.restart();
  EXPECT_EQ(world.count("hears/one", "signal_received"), 1U);
  EXPECT_THAT(world.rows(Table::messages), IsEmpty());
}

TEST(LargeMessages, AnUnreadableStoreStopsTheStartInsteadOfLosingThem) {
  World world(service());
  world.start(hears, std::string("i"));
  begin(world, "tells", "a");
  commit_one(world);
  world.unreadable().failing = true;
  EXPECT_THROW(world.restart(), Error);
  world.unreadable().failing = false;
  world.restart();
  EXPECT_EQ(world.count("hears/one", "signal_received"), 1U);
}

}  // namespace
}  // namespace eventual::engine
