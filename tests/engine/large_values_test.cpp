// Values of more than 4 KiB: stored once, in rows of their own, and read wherever a history is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>

#include "engine/stored_turns.hpp"
#include "model/split_turn.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;
using testing::HasSubstr;
using testing::IsEmpty;

Service& service() {
  static Service made{"large"};
  return made;
}
const auto echo = service().task("echo", [](const std::string& text) { return text; });
const auto fails = service().task("fails", {.retry = {.max_attempts = 1}},
                                  [](const std::string& text) { throw Error("Refused", text); });
const auto go = service().signal<std::string>("go");
const auto echoes = service().workflow(
    "echoes", [](std::string text) -> Future<std::string> { co_return co_await echo(text); });
const auto waits = service().workflow("waits", [](std::string text) -> Future<std::string> {
  co_return text.substr(0, 1) + co_await go.expect();
});
const auto breaks = service().workflow("breaks", [](std::string text) -> Future<std::string> {
  const std::string same = co_await echo(text);
  co_await fails(same);
  co_return same;
});

/// Of one letter, so that no two of a test are alike.
std::string large(char letter) { return std::string(10'000, letter); }
std::string quoted(char letter) { return "\"" + large(letter) + "\""; }

/// Bytes of all rows but those of values.
std::size_t bytes_of_records(World& world) {
  std::size_t bytes = 0;
  for (const Table table : {Table::executions, Table::history, Table::listing, Table::timers,
                            Table::active, Table::messages, Table::dedupe}) {
    for (const auto& [key, value] : world.rows(table)) bytes += key.size() + value.size();
  }
  return bytes;
}

/// As an earlier program wrote it: with the values within.
void put_values_within(World& world, const std::string& id) {
  const std::uint16_t shard = world.shard(id);
  const std::string key = model::keys::execution(shard, id);
  const auto record = world.stored(id).record;
  ASSERT_FALSE(model::is_split(record.first_turn));
  world.put_row(Table::executions, key, model::encode(record));
  for (const auto& [row, value] : world.rows(Table::payloads))
    world.remove_row(Table::payloads, row);
}

TEST(LargeValues, AnInputAndAResultAreStoredOnce) {
  World world(service());
  world.start(echoes, large('a'));
  EXPECT_EQ(world.view("echoes/one").status, "succeeded");
  EXPECT_EQ(world.view("echoes/one").input_json, quoted('a'));
  EXPECT_EQ(world.view("echoes/one").result_json, quoted('a'));
  // The turn that the start made and the one that the result made: one value each.
  const auto values = world.rows(Table::payloads);
  EXPECT_EQ(values.size(), 2U);
  for (const auto& [key, value] : values) EXPECT_EQ(value, quoted('a'));
  EXPECT_LT(bytes_of_records(world), 1000U);
}

TEST(LargeValues, SmallOnesStayWhereTheyAre) {
  World world(service());
  world.start(echoes, std::string(4000, 'a'));
  EXPECT_THAT(world.rows(Table::payloads), IsEmpty());
}

TEST(LargeValues, ASignalIsStoredOnce) {
  World world(service());
  world.start(waits, std::string("i"));
  ASSERT_TRUE(world.signal("waits/one", "go", quoted('s')));
  EXPECT_EQ(world.view("waits/one").result_json, "\"i" + large('s') + "\"");
  EXPECT_EQ(world.rows(Table::payloads).size(), 2U) << "the signal and the result differ";
  EXPECT_LT(bytes_of_records(world), 1000U);
}

TEST(LargeValues, ClosingDoesNotWriteTheInputAgain) {
  World world(service());
  world.start(waits, large('i'));
  world.engine().signal(
      {{"waits", "one", 0}, "go", "\"s\"", {}}, [](const Result<bool>&) {}, world.now);
  Output output = world.engine().take_output();
  std::size_t bytes = 0;
  for (const ports::Write& write : output.batch.writes) bytes += write.value.size();
  EXPECT_GT(output.batch.writes.size(), 0U);
  EXPECT_LT(bytes, 1000U);
  world.store().commit({&output.batch, 1}).value();
  world.engine().committed(output, world.now);
  EXPECT_EQ(world.view("waits/one").status, "succeeded");
  EXPECT_EQ(world.view("waits/one").input_json, quoted('i'));
}

TEST(LargeValues, ARestartReadsThem) {
  World world(service());
  world.run_tasks = false;
  world.start(echoes, large('a'));
  world.restart();
  world.settle();
  ASSERT_EQ(world.attempts.size(), 1U);
  EXPECT_EQ(world.attempts.front().input, quoted('a'));
  world.run_tasks = true;
  world.settle();
  EXPECT_EQ(world.view("echoes/one").result_json, quoted('a'));
  world.restart();
  EXPECT_EQ(world.view("echoes/one").input_json, quoted('a'));
  EXPECT_EQ(world.view("echoes/one").result_json, quoted('a'));
  EXPECT_EQ(world.replay_difference("echoes/one"), "");
}

TEST(LargeValues, WhateverCommitIsTheLastEverythingEnds) {
  for (std::size_t kill_at = 1; kill_at <= 3; ++kill_at) {
    for (const bool before_write : {false, true}) {
      World world(service());
      world.kill_at = kill_at;
      world.kill_before_write = before_write;
      try {
        world.start(echoes, large('a'));
      } catch (const std::bad_optional_access&) {
        world.start(echoes, large('a'));  // no answer: asked again
      }
      world.settle();
      EXPECT_EQ(world.view("echoes/one").result_json, quoted('a')) << kill_at << before_write;
      EXPECT_EQ(world.rows(Table::payloads).size(), 2U);
    }
  }
}

TEST(LargeValues, AStartIsIdempotentByThem) {
  World world(service());
  world.start(waits, large('i'));
  EXPECT_TRUE(world.start_json("waits", quoted('i'), "one").value().already_running);
  EXPECT_EQ(world.start_json("waits", quoted('j'), "one").error().name(),
            error_names::k_already_exists);
  world.restart();
  EXPECT_TRUE(world.start_json("waits", quoted('i'), "one").value().already_running);
}

TEST(LargeValues, HistoriesOfEarlierProgramsKeepTheirs) {
  World world(service());
  world.start(waits, large('i'));
  put_values_within(world, "waits/one");
  world.restart();
  EXPECT_EQ(world.view("waits/one").input_json, quoted('i'));
  ASSERT_TRUE(world.signal("waits/one", "go", "\"s\""));
  world.restart();
  EXPECT_EQ(world.view("waits/one").input_json, quoted('i'));
  EXPECT_EQ(world.view("waits/one").result_json, "\"is\"");
  EXPECT_EQ(world.rows(Table::payloads).size(), 1U) << "written with the record of its close";
}

TEST(LargeValues, AMissingOneParksItsExecutionAlone) {
  World world(service());
  world.start(waits, large('i'));
  world.start(waits, large('j'), "other");
  const std::string key = model::keys::turn_value(world.shard("waits/one"), "waits/one", 1, 0, 0);
  const std::string value = world.rows(Table::payloads).at(key);
  world.remove_row(Table::payloads, key);
  world.restart();
  static_cast<void>(world.signal("waits/one", "go", "\"s\"").ok());
  ASSERT_TRUE(world.signal("waits/other", "go", "\"s\""));
  EXPECT_EQ(world.view("waits/other").result_json, "\"js\"");
  const auto parked = world.view("waits/one");
  EXPECT_EQ(parked.status, "parked");
  ASSERT_TRUE(parked.error.has_value());
  EXPECT_EQ(parked.error->name(), error_names::k_corrupt);

  // Whoever brings the row back repairs it.
  world.put_row(Table::payloads, key, value);
  world.restart();
  ASSERT_TRUE(world.resume("waits/one"));
  static_cast<void>(world.signal("waits/one", "go", "\"s\"").ok());
  EXPECT_EQ(world.view("waits/one").result_json, "\"is\"");
}

TEST(LargeValues, AForkHasItsOwn) {
  World world(service());
  world.start(breaks, large('b'));
  ASSERT_EQ(world.view("breaks/one").status, "failed");
  ASSERT_TRUE(world.fork("breaks/one", 1, "copy").ok());
  const std::uint16_t shard = world.shard("breaks/one");
  ports::Batch batch;
  remove_turn_values(world.store(), batch, shard, "breaks/one", 0, 1);
  world.store().commit({&batch, 1}).value();
  world.restart();
  EXPECT_EQ(world.view("breaks/copy").input_json, quoted('b'));
  EXPECT_EQ(world.replay_difference("breaks/copy"), "");
}

TEST(LargeValues, ARetryReadsThoseOfTheRunBefore) {
  World world(service());
  world.start(breaks, large('b'));
  ASSERT_TRUE(world.retry("breaks/one").ok());
  EXPECT_EQ(world.view("breaks/one").execution.run, 2U);
  world.restart();
  EXPECT_EQ(world.view("breaks/one").input_json, quoted('b'));
  EXPECT_EQ(world.replay_difference("breaks/one"), "");
}

TEST(LargeValues, TheyGoWithTheirExecution) {
  constexpr Options k_keep_a_day{.timer_window = k_forever, .retention = 24h};
  World world(service(), k_keep_a_day);
  world.start(echoes, large('a'));
  world.start(breaks, large('b'));
  ASSERT_TRUE(world.retry("breaks/one").ok());
  world.start(waits, large('w'));
  world.advance(25h);
  EXPECT_EQ(world.rows(Table::payloads).size(), 1U) << "that of the open one";
  EXPECT_EQ(world.rows(Table::executions).size(), 1U);
}

const auto asks_much = service().workflow("asksMuch", [](std::string text) -> Future<std::string> {
  std::string said;
  try {
    co_await echo(text + text);
    said = "taken";
  } catch (const Error& error) {
    said = error.name();
  }
  co_return said + co_await go.expect();
});

TEST(LargeValues, AnExecutionGoesOnUnderTheLimitThatItBeganWith) {
  // 20,002 bytes as JSON, between both limits.
  for (const auto& [begun, later, outcome] :
       {std::tuple(std::size_t{64'000}, std::size_t{1024}, "\"takens\""),
        std::tuple(std::size_t{12'000}, std::size_t{64'000}, "\"PayloadTooLarges\"")}) {
    World world(service(), {.payload_bytes_max = begun});
    world.start(asks_much, large('a'));
    world.restart_with_payload_limit(later);
    ASSERT_TRUE(world.signal("asksMuch/one", "go", "\"s\""));
    EXPECT_EQ(world.view("asksMuch/one").status, "succeeded");
    EXPECT_EQ(world.view("asksMuch/one").result_json, outcome) << begun;
    EXPECT_EQ(world.replay_difference("asksMuch/one"), "");
  }
}

TEST(LargeValues, AForkThatBeginsAgainTakesTheLimitOfItsTime) {
  World world(service(), {.payload_bytes_max = 12'000});
  world.start(asks_much, large('a'));
  ASSERT_TRUE(world.signal("asksMuch/one", "go", "\"s\""));
  ASSERT_EQ(world.view("asksMuch/one").result_json, "\"PayloadTooLarges\"");
  const auto limit_of = [&](const std::string& id) {
    return std::get<model::ExecutionStarted>(world.stored(id).turns.at(0).events.at(0))
        .payload_bytes_max;
  };
  EXPECT_EQ(limit_of("asksMuch/one"), 12'000U);
  world.restart_with_payload_limit(64'000);
  world.start(asks_much, large('a'), "two");
  EXPECT_EQ(limit_of("asksMuch/two"), 64'000U);
  ASSERT_TRUE(world.fork("asksMuch/two", 0, "three"));
  EXPECT_EQ(limit_of("asksMuch/three"), 64'000U);
}

TEST(LargeValues, ExecutionsWithLargeTurnsArePutAwayBeforeTheyFillTheMemory) {
  World world(service(), {.live_bytes_max = 35'000});
  for (const char letter : {'a', 'b', 'c', 'd', 'e'}) {
    world.start(waits, std::string(1, letter), std::string("small-") + letter);
    world.start(waits, large(letter), std::string("large-") + letter);
  }
  // The small ones stay: putting them away would give nothing.
  // Of a large one count its first turn and what its code holds of it: one stays, too.
  EXPECT_EQ(world.engine().figures().live, 5U + 1U);
  for (const char letter : {'a', 'b', 'c', 'd', 'e'}) {
    const std::string id = std::string("waits/large-") + letter;
    ASSERT_TRUE(world.signal(id, "go", "\"!\""));
    EXPECT_EQ(world.view(id).result_json, std::string("\"") + letter + "!\"");
  }
}

TEST(LargeValues, UnreadSignalsHaveALimitInBytes) {
  World world(service());
  world.start(waits, std::string("i"), "other");
  world.run_tasks = false;
  world.start(echoes, std::string("busy"));
  const std::string payload = "\"" + std::string((16 << 20) - 2, 'x') + "\"";
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.signal("echoes/one", "go", payload)) << i;
  const auto refused = world.signal("echoes/one", "go", "1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "LimitExceeded");
  EXPECT_EQ(
      refused.error().message(),
      "execution echoes/one has signals of 67108864 bytes that nobody has read; with this one "
      "it would be more than 67108864");
}

TEST(LargeValues, SignalsKeptForAPausedOneHaveThatLimitTooAlsoAfterARestart) {
  World world(service());
  world.start(waits, std::string("i"));
  ASSERT_TRUE(world.pause("waits/one"));
  const std::string payload = "\"" + std::string((15 << 20) - 2, 'x') + "\"";
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.signal("waits/one", "go", payload)) << i;
  world.restart();
  const auto refused = world.signal("waits/one", "go", payload);
  ASSERT_FALSE(refused) << "counted again from what is kept";
  EXPECT_EQ(refused.error().name(), "LimitExceeded");
  EXPECT_TRUE(world.signal("waits/one", "go", "1")) << "what fits is still taken";
}

}  // namespace
}  // namespace eventual::engine
