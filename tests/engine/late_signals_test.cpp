// Signals at the end of an execution: repeats that were acknowledged before, and those that nobody
// read.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.hpp"
#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;

Service& service() {
  static Service made{"lateSignals"};
  return made;
}

const auto add = service().signal<std::int64_t>("add");
const auto note = service().signal<std::string>("note");
const auto finish = service().signal<void>("finish");
const auto sum = service().workflow("sum", []() -> Future<std::int64_t> {
  std::int64_t total = 0;
  auto listening = add.on([&](std::int64_t n) { total += n; });
  co_await finish.expect();
  co_return total;
});
/// Continues as new once for each `finish`, until it has done so `rounds` times.
const auto rounds = service().workflow("rounds", [](std::int64_t left) -> Future<std::int64_t> {
  co_await finish.expect();
  if (left > 0) co_return co_await continue_as_new(left - 1);
  co_return 0;
});

std::string name_of(const Result<bool>& reply) { return reply ? "ok" : reply.error().name(); }

/// The signals_unread of the latest run, as JSON; empty where it has none.
std::string unread_of(World& world, const std::string& id) {
  for (const model::Turn& turn : world.stored(id).turns) {
    for (const model::Event& event : turn.events) {
      if (const auto* unread = std::get_if<model::SignalsUnread>(&event))
        return std::to_string(unread->count) + " " + unread->signals.text;
    }
  }
  return "";
}

TEST(LateSignals, ARepeatIsAcknowledgedAsTheFirstWasAlsoOfTheOneThatClosedIt) {
  for (const bool restart : {false, true}) {
    World world(service());
    world.start_json("sum", "null", "one").value();
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "1", "a1")), "ok");
    EXPECT_EQ(name_of(world.signal("sum/one", "finish", "null", "f1")), "ok");
    if (restart) world.restart();
    EXPECT_EQ(name_of(world.signal("sum/one", "finish", "null", "f1")), "ok") << restart;
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "1", "a1")), "ok") << restart;
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "1", "a2")), "Closed") << restart;
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "1")), "Closed") << restart;
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "1", "a2")), "Closed")
        << "a refused one is not taken for received";
    EXPECT_EQ(world.view("sum/one").result_json, "1");
  }
}

TEST(LateSignals, ARepeatInTheRoundOfTheCloseIsAcknowledgedToo) {
  World world(service());
  world.start_json("sum", "null", "one").value();
  std::vector<std::string> replies;
  const auto keep = [&](Result<bool> reply) { replies.push_back(name_of(reply)); };
  for (const char* id : {"f1", "f1", "f2"})
    world.engine().signal({{"sum", "one", 0}, "finish", "null", id}, keep, world.now);
  world.settle();
  EXPECT_EQ(replies, (std::vector<std::string>{"ok", "ok", "Closed"}));
}

TEST(LateSignals, ARepeatToALaterRunIsKnown) {
  for (const bool restart : {false, true}) {
    World world(service());
    world.start_json("rounds", "2", "one").value();
    for (const char* id : {"f1", "f2", "f3"})
      EXPECT_EQ(name_of(world.signal("rounds/one", "finish", "null", id)), "ok");
    EXPECT_EQ(world.view("rounds/one").status, "succeeded");
    if (restart) world.restart();
    for (const char* id : {"f1", "f2", "f3"})
      EXPECT_EQ(name_of(world.signal("rounds/one", "finish", "null", id)), "ok") << id;
    EXPECT_EQ(name_of(world.signal("rounds/one", "finish", "null", "f4")), "Closed");
  }
}

TEST(LateSignals, ARepeatThatNamesAnEarlierRunIsKnownAndANewOneRefused) {
  World world(service());
  world.start_json("rounds", "1", "one").value();
  world.signal("rounds/one", "finish", "null", "f1").value();
  const auto to_run_one = [&](std::string message_id) {
    std::string outcome = "no answer";
    world.engine().signal(
        {{"rounds", "one", 1}, "finish", "null", std::move(message_id)},
        [&](Result<bool> reply) { outcome = name_of(reply); }, world.now);
    world.settle();
    return outcome;
  };
  EXPECT_EQ(to_run_one("f1"), "ok");
  EXPECT_EQ(to_run_one("f2"), "Closed");
  EXPECT_EQ(world.view("rounds/one").status, "running");
}

TEST(LateSignals, OneThatWasKeptForAPausedExecutionStaysKnownWhenThatIsTerminated) {
  for (const bool restart : {false, true}) {
    World world(service());
    world.start_json("sum", "null", "one").value();
    world.pause("sum/one").value();
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "5", "a1")), "ok");
    world.terminate("sum/one").value();
    EXPECT_EQ(unread_of(world, "sum/one"), R"(1 [{"signal":"add","payload":5}])");
    if (restart) world.restart();
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "5", "a1")), "ok");
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "5", "a2")), "Closed");
  }
}

TEST(LateSignals, ARetryGoesOnWithWhatWasKeptForAPausedExecutionThatWasTerminated) {
  for (const bool in_one_round : {false, true}) {
    World world(service());
    world.start_json("sum", "null", "one").value();
    world.pause("sum/one").value();
    if (in_one_round) {
      world.engine().signal({{"sum", "one", 0}, "add", "5", "a1"}, [](auto) {}, world.now);
      world.terminate("sum/one").value();
    } else {
      world.signal("sum/one", "add", "5", "a1").value();
      world.terminate("sum/one").value();
      world.restart();
    }
    EXPECT_EQ(world.replay_difference("sum/one"), "");
    world.retry("sum/one").value();
    EXPECT_EQ(name_of(world.signal("sum/one", "add", "5", "a1")), "ok") << "it counts once";
    world.signal("sum/one", "finish").value();
    EXPECT_EQ(world.view("sum/one").result_json, "5") << in_one_round;
    EXPECT_EQ(world.replay_difference("sum/one"), "");
    EXPECT_TRUE(world.rows(ports::Table::messages).empty());
  }
}

TEST(UnreadSignals, AreListedInTheHistoryWhenTheExecutionCloses) {
  World world(service());
  world.start_json("sum", "null", "one").value();
  world.signal("sum/one", "note", R"("first")").value();
  world.signal("sum/one", "add", "1").value();  // somebody listens
  world.signal("sum/one", "note", R"("second")").value();
  world.signal("sum/one", "finish").value();
  EXPECT_EQ(unread_of(world, "sum/one"),
            R"(2 [{"signal":"note","payload":"first"},{"signal":"note","payload":"second"}])");
  EXPECT_EQ(world.replay_difference("sum/one"), "");
  EXPECT_NE(world.log.back().find("2 signals that nobody has read"), std::string::npos);
}

TEST(UnreadSignals, AreListedWhenItIsTerminatedToo) {
  World world(service());
  world.start_json("sum", "null", "one").value();
  world.signal("sum/one", "note", R"("lost")").value();
  world.restart();
  world.terminate("sum/one").value();
  EXPECT_EQ(unread_of(world, "sum/one"), R"(1 [{"signal":"note","payload":"lost"}])");
}

TEST(UnreadSignals, AListBeyondItsRoomIsCutAndSaysHowManyThereWere) {
  World world(service());
  world.start_json("sum", "null", "one").value();
  const std::string large = "\"" + std::string(base::k_unread_listed_bytes_max / 2, 'x') + "\"";
  for (int i = 0; i < 5; ++i) world.signal("sum/one", "note", large).value();
  world.signal("sum/one", "finish").value();
  const std::string listed = unread_of(world, "sum/one");
  EXPECT_TRUE(listed.starts_with("5 ")) << listed.substr(0, 10);
  EXPECT_LT(listed.size(), base::k_unread_listed_bytes_max + 10);
}

TEST(UnreadSignals, ARunThatContinuesCarriesThemAndListsNone) {
  World world(service());
  world.start_json("rounds", "1", "one").value();
  world.signal("rounds/one", "note", R"("kept")").value();
  world.signal("rounds/one", "finish").value();
  EXPECT_EQ(world.count("rounds/one", "signals_unread"), 0U);
  world.signal("rounds/one", "finish").value();
  EXPECT_EQ(unread_of(world, "rounds/one"), R"(1 [{"signal":"note","payload":"kept"}])");
}

TEST(UnreadSignals, AllNamesShareOneLimit) {
  World world(service());
  world.start_json("sum", "null", "one").value();
  for (std::size_t i = 0; i < base::k_queued_signals_max; ++i) {
    world.engine().signal(
        {{"sum", "one", 0}, "note", R"("n")", ""}, [](auto reply) { EXPECT_TRUE(reply.ok()); },
        world.now);
  }
  world.settle();
  const auto refused = world.signal("sum/one", "add", "1");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().name(), "LimitExceeded");
  EXPECT_NE(refused.error().message().find("of all names together"), std::string::npos);
}

}  // namespace
}  // namespace eventual::engine
