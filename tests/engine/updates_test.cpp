// Updates, views and signal-with-start in the engine.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

Service& service() {
  static Service made{"updates"};
  return made;
}

const auto add = service().update<std::int64_t, std::int64_t>("add");
const auto close_it = service().signal<void>("close");
const auto again = service().signal<void>("again");
const auto note = service().signal<std::int64_t>("note");
const auto check = service().task("check", [](std::int64_t n) {
  if (n == 13) throw Error("Unlucky", "13");
  return n;
});

Future<std::int64_t> checked_add(std::int64_t n, std::int64_t* total) {
  const std::int64_t approved = co_await check(n);
  *total += approved;
  publish(*total);
  co_return *total;
}

const auto account = service().workflow("account", [](std::int64_t total) -> Future<std::int64_t> {
  auto adding = add.on(
      checked_add,
      [](std::int64_t n) {
        if (n < 0) throw Error("Negative", std::to_string(n));
      },
      &total);
  bool closed = false;
  bool renewed = false;
  auto closing = close_it.on([&] { closed = true; });
  auto renewing = again.on([&] { renewed = true; });
  co_await condition([&] { return closed || renewed; });
  if (renewed) co_return co_await continue_as_new(total);
  co_return total;
});
const auto notes = service().workflow("notes", [](std::int64_t first) -> Future<std::int64_t> {
  std::int64_t sum = first;
  for (int i = 0; i < 2; ++i) sum += co_await note.expect();
  co_return sum;
});

struct Answer {
  std::optional<Result<ports::UpdateReply>> reply;
  std::string text() const {
    if (!reply) return "waits";
    if (!*reply) return (*reply).error().name();
    if ((*reply)->error) return "failed " + (*reply)->error->name();
    return (*reply)->result_json.value_or("accepted");
  }
};

std::shared_ptr<Answer> ask(World& world, std::int64_t n, std::string id = {},
                            Duration wait = k_forever) {
  auto answer = std::make_shared<Answer>();
  world.engine().update(
      {{"account", "one", 0}, "add", std::to_string(n), std::move(id), wait},
      [answer](auto given) { answer->reply = std::move(given); }, world.now);
  world.settle();
  return answer;
}

std::string view_of(World& world, const std::string& name = "one", std::uint32_t run = 0) {
  std::optional<Result<std::string>> reply;
  world.engine().published({"account", name, run},
                           [&](Result<std::string> given) { reply = std::move(given); });
  world.settle();
  return *reply ? **reply : reply->error().name();
}

TEST(UpdatesTest, AreAnsweredWhenTheAnswerIsDurable) {
  World world(service());
  world.start(account, std::int64_t{100});
  world.run_tasks = false;
  const auto waiting = ask(world, 5, "u-1");
  EXPECT_EQ(waiting->text(), "waits");
  world.run_attempt();
  EXPECT_EQ(waiting->text(), "waits");
  Output output = world.engine().take_output();
  EXPECT_EQ(waiting->text(), "waits");
  world.store().commit({&output.batch, 1}).value();
  for (auto& reply : output.replies) reply();
  EXPECT_EQ(waiting->text(), "105");
  world.engine().committed(output, world.now);
}

TEST(UpdatesTest, ARefusalLeavesNoRecord) {
  World world(service());
  world.start(account, std::int64_t{100});
  const std::size_t commits = world.commits;
  EXPECT_EQ(ask(world, -1, "u-1")->text(), "Negative");
  EXPECT_EQ(world.commits, commits);
  EXPECT_EQ(world.count("account/one", "update_received"), 0U);
  EXPECT_EQ(ask(world, 1, "u-1")->text(), "101");
}

TEST(UpdatesTest, TheSameIdHasTheSameAnswerForEver) {
  World world(service());
  world.start(account, std::int64_t{0});
  EXPECT_EQ(ask(world, 5, "u-1")->text(), "5");
  EXPECT_EQ(ask(world, 13, "u-2")->text(), "failed Unlucky");
  EXPECT_EQ(ask(world, 5, "u-1")->text(), "5");
  world.restart();
  EXPECT_EQ(ask(world, 5, "u-1")->text(), "5");
  EXPECT_EQ(ask(world, 13, "u-2")->text(), "failed Unlucky");
  ASSERT_TRUE(world.signal("account/one", "again"));
  EXPECT_EQ(world.view("account/one").execution.run, 2U);
  EXPECT_EQ(ask(world, 5, "u-1")->text(), "5");
  EXPECT_EQ(ask(world, 6, "u-3")->text(), "11");
  world.restart();
  EXPECT_EQ(ask(world, 13, "u-2")->text(), "failed Unlucky");
  ASSERT_TRUE(world.signal("account/one", "close"));
  world.restart();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ask(world, 5, "u-1")->text(), "5");
    EXPECT_EQ(ask(world, 6, "u-3")->text(), "11");
    EXPECT_EQ(ask(world, 6, "u-4")->text(), "Closed");
  }
  EXPECT_EQ(world.view("account/one").result_json, "11");
}

TEST(UpdatesTest, TwoWhoAskWithOneIdGetOneAnswer) {
  World world(service());
  world.start(account, std::int64_t{0});
  world.run_tasks = false;
  const auto first = ask(world, 5, "u-1");
  const auto second = ask(world, 5, "u-1");
  EXPECT_EQ(world.attempts.size(), 1U);
  world.run_tasks = true;
  world.settle();
  EXPECT_EQ(first->text(), "5");
  EXPECT_EQ(second->text(), "5");
}

TEST(UpdatesTest, WhoDoesNotWaitLongLearnsThatItWasAccepted) {
  World world(service());
  world.start(account, std::int64_t{0});
  world.run_tasks = false;
  const auto hurried = ask(world, 5, "u-1", 10ms);
  world.advance(10ms);
  EXPECT_EQ(hurried->text(), "accepted");
  world.run_tasks = true;
  world.settle();
  EXPECT_EQ(ask(world, 5, "u-1")->text(), "5");
}

TEST(UpdatesTest, WhatIsNotAnsweredWhenTheRunEndsNeverIs) {
  for (const char* end : {"close", "again"}) {
    World world(service());
    world.start(account, std::int64_t{0});
    world.run_tasks = false;
    const auto waiting = ask(world, 5, "u-1");
    ASSERT_TRUE(world.signal("account/one", end));
    EXPECT_EQ(waiting->text(), "Closed");
    EXPECT_EQ(ask(world, 5, "u-1")->text(), "Closed");
    world.restart();
    EXPECT_EQ(ask(world, 5, "u-1")->text(), "Closed");
  }
}

TEST(UpdatesTest, NobodyAnswersForWhatIsNotThere) {
  World world(service());
  EXPECT_EQ(ask(world, 5)->text(), "NotFound");
  world.start(notes, std::int64_t{0});
  auto answer = std::make_shared<Answer>();
  world.engine().update(
      {{"notes", "one", 0}, "add", "1", {}, k_forever},
      [answer](auto given) { answer->reply = std::move(given); }, world.now);
  world.settle();
  EXPECT_EQ(answer->text(), "NotAllowed");
}

TEST(UpdatesTest, AKillAtAnyCommitKeepsTheAnswer) {
  for (std::size_t kill_at = 0; kill_at < 8; ++kill_at) {
    for (const bool before_commit : {false, true}) {
      World world(service());
      std::shared_ptr<Answer> answer;
      const auto begin = [&] {
        answer = std::make_shared<Answer>();
        world.engine().start({"account", "one", "10", {}, {}}, [](auto) {}, world.now);
        world.engine().update(
            {{"account", "one", 0}, "add", "7", "u-1", k_forever},
            [answer](auto given) { answer->reply = std::move(given); }, world.now);
      };
      begin();
      std::size_t commit = 0;
      for (int guard = 0; guard < 60; ++guard) {
        while (!world.attempts.empty()) world.run_attempt();
        if (!world.engine().has_output()) {
          world.engine().tick(world.now);
          continue;
        }
        if (commit++ == kill_at) {
          Output output = world.engine().take_output();
          if (!before_commit) world.store().commit({&output.batch, 1}).value();
          world.restart();
          begin();
        } else {
          world.commit();
        }
      }
      world.settle();
      EXPECT_EQ(answer->text(), "17") << kill_at;
      EXPECT_EQ(world.count("account/one", "update_received"), 1U) << kill_at;
      EXPECT_EQ(world.count("account/one", "update_succeeded"), 1U) << kill_at;
      EXPECT_EQ(view_of(world), "17") << kill_at;
      EXPECT_EQ(world.replay_difference("account/one"), "") << kill_at;
    }
  }
}

TEST(ViewsTest, AnswerAlikeHotColdContinuedAndClosed) {
  World world(service());
  EXPECT_EQ(view_of(world), "NotFound");
  world.start(account, std::int64_t{0});
  EXPECT_EQ(view_of(world), "NotFound");
  ask(world, 5);
  EXPECT_EQ(view_of(world), "5");
  const std::uint64_t replays = world.engine().figures().replays;
  world.restart();
  EXPECT_EQ(view_of(world), "5");
  EXPECT_LE(world.engine().figures().replays, replays);
  ASSERT_TRUE(world.signal("account/one", "again"));
  EXPECT_EQ(view_of(world), "5");
  EXPECT_EQ(view_of(world, "one", 1), "5");
  ask(world, 6);
  EXPECT_EQ(view_of(world, "one", 1), "5");
  EXPECT_EQ(view_of(world, "one", 2), "11");
  EXPECT_EQ(view_of(world, "one", 3), "NotFound");
  ASSERT_TRUE(world.signal("account/one", "close"));
  EXPECT_EQ(view_of(world), "11");
}

Result<ports::StartReply> start_with(World& world, std::string input, std::string payload,
                                     std::string id) {
  std::optional<Result<ports::StartReply>> reply;
  world.engine().start(
      {"notes",
       "one",
       std::move(input),
       {},
       ports::StartRequest::Signal{"note", std::move(payload), std::move(id)}},
      [&](auto given) { reply = std::move(given); }, world.now);
  world.settle();
  return std::move(reply).value();
}

TEST(SignalWithStartTest, OneTurnHoldsStartAndSignal) {
  World world(service());
  const auto made = start_with(world, "1", "10", "n-1");
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->already_running);
  EXPECT_EQ(world.commits, 2U);  // the first is the store's own
  const auto turns = world.stored("notes/one").turns;
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(world.history_types("notes/one"),
            (std::vector<std::string>{"execution_started", "signal_received"}));

  const auto repeated = start_with(world, "1", "10", "n-1");
  EXPECT_TRUE(repeated->already_running);
  EXPECT_EQ(world.count("notes/one", "signal_received"), 1U);
  const auto second =
      start_with(world, "2", "20", "n-2");  // another input: it is running all the same
  EXPECT_TRUE(second->already_running);
  EXPECT_EQ(world.view("notes/one").result_json, "31");
  EXPECT_EQ(start_with(world, "1", "5", "n-3").error().name(), error_names::k_closed);
}

}  // namespace
}  // namespace eventual::engine
