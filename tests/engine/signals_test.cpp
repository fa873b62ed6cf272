// Signals: from outside and between executions; each acknowledged one is applied once.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

Service& service() {
  static Service made{"signals"};
  return made;
}

const auto add = service().signal<std::int64_t>("add");
const auto finish = service().signal<void>("finish");
const auto other = service().signal<void>("other");

/// Two listeners and an expectation: each sees every signal.
const auto fan = service().workflow("fan", []() -> Future<std::string> {
  std::int64_t left = 0;
  std::int64_t right = 0;
  auto first = add.on([&](std::int64_t n) { left += n; });
  auto second = add.on([&](std::int64_t n) { right += 10 * n; });
  const std::int64_t seen = co_await add.expect();
  co_await finish.expect();
  co_return std::to_string(left) + " " + std::to_string(right) + " " + std::to_string(seen);
});
const auto backlog = service().workflow("backlog", []() -> Future<std::string> {
  co_await finish.expect();
  const std::int64_t oldest = co_await add.expect();
  std::string rest;
  auto listening = add.on([&](std::int64_t n) { rest += " " + std::to_string(n); });
  co_await finish.expect();
  co_return std::to_string(oldest) + ":" + rest;
});
const auto sum = service().workflow("sum", []() -> Future<std::int64_t> {
  std::int64_t total = 0;
  auto listening = add.on([&](std::int64_t n) { total += n; });
  co_await finish.expect();
  co_return total;
});
const auto sender = service().workflow("sender", [](std::string target) -> Future<std::string> {
  const Result<void> first = co_await settle(add.send(ExecutionId{target, 0}, std::int64_t{5}));
  if (!first.ok()) co_return first.error().name();
  const Result<void> second = co_await settle(finish.send(ExecutionId{target, 0}));
  co_return second.ok() ? "sent" : second.error().name();
});
const auto own = service().workflow("own", []() -> Future<std::int64_t> {
  detach(add.send(this_execution(), std::int64_t{3}));
  const std::int64_t got = co_await add.expect();
  co_return got;
});
const auto own_waits = service().workflow("ownWaits", []() -> Future<std::int64_t> {
  co_await add.send(this_execution(), std::int64_t{4});
  co_return co_await add.expect();
});

TEST(SignalsTest, FanOutToEveryListenerPresent) {
  World world(service());
  world.start_json("fan", "null", "one").value();
  world.signal("fan/one", "add", "1").value();
  world.signal("fan/one", "add", "2").value();
  world.signal("fan/one", "finish").value();
  EXPECT_EQ(world.view("fan/one").result_json, R"("3 30 1")");
  EXPECT_EQ(world.replay_difference("fan/one"), "");
}

TEST(SignalsTest, WaitInABacklogUntilSomebodyListens) {
  for (const bool restart : {false, true}) {
    World world(service());
    world.start_json("backlog", "null", "one").value();
    for (const char* n : {"1", "2", "3"}) world.signal("backlog/one", "add", n).value();
    if (restart) world.restart();
    world.signal("backlog/one", "finish").value();
    if (restart) world.restart();
    world.signal("backlog/one", "finish").value();
    EXPECT_EQ(world.view("backlog/one").result_json, R"("1: 2 3")");
  }
}

TEST(SignalsTest, AMessageIdCountsOnceAlsoOverRestartsAndEviction) {
  World world(service(), {.live_executions_max = 1});
  world.start_json("sum", "null", "one").value();
  world.start_json("sum", "null", "two").value();
  EXPECT_TRUE(world.signal("sum/one", "add", "1", "m1").ok());
  EXPECT_TRUE(world.signal("sum/one", "add", "1", "m1").ok());
  world.signal("sum/two", "add", "1", "m1").value();  // its own ids; puts the first away
  EXPECT_TRUE(world.signal("sum/one", "add", "1", "m1").ok());
  world.restart();
  EXPECT_TRUE(world.signal("sum/one", "add", "1", "m1").ok());
  EXPECT_TRUE(world.signal("sum/one", "add", "10", "m2").ok());
  EXPECT_TRUE(world.signal("sum/one", "add", "100").ok());
  EXPECT_TRUE(world.signal("sum/one", "add", "100").ok()) << "without an id every send counts";
  world.signal("sum/one", "finish").value();
  EXPECT_EQ(world.view("sum/one").result_json, "211");
}

TEST(SignalsTest, NobodyThereIsNotFoundAndClosedIsClosed) {
  World world(service());
  EXPECT_EQ(world.signal("sum/none", "add", "1").error().name(), "NotFound");
  world.start_json("sum", "null", "one").value();
  world.signal("sum/one", "finish").value();
  EXPECT_EQ(world.signal("sum/one", "add", "1").error().name(), "Closed");
  world.restart();
  EXPECT_EQ(world.signal("sum/one", "add", "1").error().name(), "Closed");
}

TEST(SignalsTest, InTheRoundOfTheCloseTheFirstComesInTheSecondIsRefused) {
  World world(service());
  world.start_json("sum", "null", "one").value();
  std::vector<std::string> replies;
  const auto note = [&](Result<bool> reply) {
    replies.push_back(reply ? "ok" : reply.error().name());
  };
  world.engine().signal({{"sum", "one", 0}, "add", "1", ""}, note, world.now);
  world.engine().signal({{"sum", "one", 0}, "finish", "null", ""}, note, world.now);
  world.engine().signal({{"sum", "one", 0}, "add", "1", ""}, note, world.now);
  world.settle();
  EXPECT_EQ(replies, (std::vector<std::string>{"ok", "ok", "Closed"}));
  EXPECT_EQ(world.view("sum/one").result_json, "1");
}

TEST(SignalsTest, UnreadOnesAreBoundedAndARefusedOneMayBeSentAgain) {
  World world(service());
  world.start_json("backlog", "null", "one").value();
  for (std::size_t i = 0; i < base::k_queued_signals_max; ++i) {
    world.engine().signal(
        {{"backlog", "one", 0}, "add", "1", ""}, [](auto reply) { EXPECT_TRUE(reply.ok()); },
        world.now);
  }
  world.settle();
  EXPECT_EQ(world.signal("backlog/one", "add", "7", "mine").error().name(), "LimitExceeded");
  EXPECT_EQ(world.signal("backlog/one", "add", "7", "mine").error().name(), "LimitExceeded")
      << "it was refused: it must not count as seen";
}

TEST(SignalsTest, BetweenExecutionsEachIsDeliveredOnceWhereverTheProcessIsKilled) {
  for (std::size_t kill_at = 0; kill_at < 12; ++kill_at) {
    for (const bool before_effects : {false, true}) {
      World world(service());
      world.start_json("sum", "null", "one").value();
      world.engine().start({"sender", "s", R"("sum/one")", {}}, [](auto) {}, world.now);
      std::size_t commit = 0;
      for (int guard = 0; guard < 100 && world.engine().has_output(); ++guard) {
        if (commit++ == kill_at) {
          if (before_effects) {
            const Output lost = world.engine().take_output();
          } else {
            Output output = world.engine().take_output();
            world.store().commit({&output.batch, 1}).value();
          }
          world.restart();
          world.engine().start({"sender", "s", R"("sum/one")", {}}, [](auto) {}, world.now);
        } else {
          world.commit();
        }
      }
      world.settle();
      EXPECT_EQ(world.view("sender/s").result_json, R"("sent")") << kill_at;
      EXPECT_EQ(world.view("sum/one").result_json, "5") << kill_at;
      EXPECT_TRUE(world.rows(Table::messages).empty());
    }
  }
}

TEST(SignalsTest, ToNobodyToTheClosedAndToNonsenseAreRefused) {
  World world(service());
  world.start(sender, std::string("sum/none"), "a");
  EXPECT_EQ(world.view("sender/a").result_json, R"("NotFound")");
  world.start_json("sum", "null", "one").value();
  world.signal("sum/one", "finish").value();
  world.start(sender, std::string("sum/one"), "b");
  EXPECT_EQ(world.view("sender/b").result_json, R"("Closed")");
  world.start(sender, std::string("no id at all"), "c");
  EXPECT_EQ(world.view("sender/c").status, "succeeded");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST(SignalsTest, AnExecutionSignalsItself) {
  World world(service());
  world.start_json("own", "null", "one").value();
  EXPECT_EQ(world.view("own/one").result_json, "3");
  world.start_json("ownWaits", "null", "one").value();
  EXPECT_EQ(world.view("ownWaits/one").result_json, "4");
  EXPECT_EQ(world.replay_difference("ownWaits/one"), "");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

}  // namespace
}  // namespace eventual::engine
