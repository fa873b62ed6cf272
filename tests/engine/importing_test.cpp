// Histories of one service taken over by another: each World is a service of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;
using testing::HasSubstr;
using testing::IsEmpty;

/// What the attempts of all services did, by idempotency key.
struct Outside {
  std::map<std::string, int> work;
  int undone = 0;
  bool failing = false;
};
Outside& outside() {
  static Outside made;
  return made;
}

Service& service() {
  static Service made{"importing"};
  return made;
}

struct Count {
  std::string id;
  std::int64_t value = 0;
};

const auto work = service().task(
    "work", {.retry = {.max_attempts = 3, .initial_interval = 10s, .multiplier = 1, .jitter = 0}},
    [](const std::string& text, TaskContext& context) {
      ++outside().work[std::string(context.idempotency_key())];
      if (outside().failing) throw Error("Flaky", "not yet");
      return text + "!";
    });
const auto undo = service().task("undo", [](const std::string&) { ++outside().undone; });
const auto once = service().task("once", {.delivery = Delivery::at_most_once},
                                 [](const std::string& text) { return text; });
const auto go = service().signal<std::string>("go");
const auto counts = service().entity("counts", key(&Count::id));

const auto works = service().workflow(
    "works", [](std::string text) -> Future<std::string> { co_return co_await work(text); });
const auto risks = service().workflow(
    "risks", [](std::string text) -> Future<std::string> { co_return co_await once(text); });
const auto sleeps =
    service().workflow("sleeps", {.timeout = 24h}, [](std::string text) -> Future<std::string> {
      publish(text);
      const std::string id = new_id();
      co_await sleep_for(1h);
      const auto late = co_await settle(go.expect({.timeout = 1h}));
      co_return late.ok() ? *late + id : "late" + id;
    });
const auto two = service().workflow("two", [](std::string) -> Future<std::string> {
  const std::string first = co_await go.expect();
  co_return first + co_await go.expect();
});
const auto child = service().workflow(
    "child", [](std::string) -> Future<std::string> { co_return co_await go.expect(); });
const auto parent = service().workflow("parent", [](std::string text) -> Future<std::string> {
  co_return "child said " + co_await child(text, {.name = "of-" + text});
});
const auto tells = service().workflow("tells", [](std::string to) -> Future<std::string> {
  co_await go.send({to}, "told");
  co_return "sent";
});
const auto fails = service().workflow("fails", [](std::string text) -> Future<std::string> {
  Saga saga;
  const std::string made = co_await work(text);
  saga.undo(undo, made);
  throw Error("Broken", text);
});
const auto rounds = service().workflow("rounds", [](std::int64_t n) -> Future<std::int64_t> {
  co_await go.expect();
  if (n == 3) co_return n;
  co_return co_await continue_as_new(n + 1);
});
const auto add = service().update<std::int64_t, std::int64_t>("add");
Future<std::int64_t> add_up(std::int64_t n, std::int64_t* total) {
  if (n == 0) co_await sleep_for(24h);
  if (n < 0) throw Error("Negative", "only up");
  co_return * total += n;
}
const auto sums = service().workflow("sums", [](std::int64_t total) -> Future<std::int64_t> {
  auto adding = add.on(add_up, [](std::int64_t) {}, &total);
  const std::string word = co_await go.expect();
  if (word == "end") co_return total;
  co_return co_await continue_as_new(total);
});
const auto keeps = service().workflow("keeps", [](std::string id) -> Future<std::string> {
  co_await counts.put({id, 1});
  co_return id;
});

/// The same declarations, but another "works".
Service& changed() {
  static Service made{"importing"};
  static const bool declared = [] {
    made.workflow("works", [](std::string) -> Future<std::string> {
      co_await sleep_for(1s);
      co_return "other";
    });
    return true;
  }();
  (void)declared;
  return made;
}

std::string file_of(World& world, const std::string& id, std::uint32_t run = 0) {
  ports::HistoryRequest request{ports::parse_execution_id(id).value(), 1'000'000, {}};
  request.execution.run = run;
  return model::write_history(read_history_page(world.store(), Options().shards, request).value());
}

Result<ports::ImportReply> import_file(World& world, const std::string& file,
                                       const std::string& name = {}) {
  auto history = model::read_history(file);
  if (!history) return history.error();
  std::optional<Result<ports::ImportReply>> reply;
  world.engine().import_history(
      std::move(*history), name,
      [&reply](Result<ports::ImportReply> given) { reply = std::move(given); }, world.now);
  world.settle();
  return std::move(reply).value();
}

/// A service whose clock shows the same time.
struct Pair {
  World from{service()};
  World to{service()};

  Pair() {
    outside() = {};
    from.now = to.now = Timestamp(1'000'000s);
    from.settle();
    to.settle();
  }
  void advance(Duration duration) {
    from.advance(duration);
    to.advance(duration);
  }
};

/// Passes everything on; once, behind the first record that is read, something happens.
class ReadMeanwhile final : public ports::Store {
 public:
  ReadMeanwhile(ports::Store& inner, std::function<void()> meanwhile)
      : inner_(inner), meanwhile_(std::move(meanwhile)) {}

  Result<std::optional<std::string>> get(Table table, std::string_view key) override {
    auto row = inner_.get(table, key);
    if (table == Table::executions && meanwhile_) std::exchange(meanwhile_, nullptr)();
    return row;
  }
  Result<void> scan(Table table, ports::ScanRange range, const ports::RowVisitor& visit) override {
    return inner_.scan(table, range, visit);
  }
  Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch> parts) override {
    return inner_.commit(parts);
  }
  Result<void> backup(const std::string& folder) override { return inner_.backup(folder); }
  ports::StoreFigures figures() const override { return inner_.figures(); }

 private:
  ports::Store& inner_;
  std::function<void()> meanwhile_;
};

Result<model::ExportedHistory> read_meanwhile(World& world, const std::string& id,
                                              std::function<void()> meanwhile) {
  ReadMeanwhile store(world.store(), std::move(meanwhile));
  return read_history_page(store, Options().shards,
                           {ports::parse_execution_id(id).value(), 1'000'000, {}});
}

/// What sums/one answers to the update: its result, or the name of its error.
std::string added(World& world, std::int64_t n, const std::string& id) {
  const auto reply = std::make_shared<std::optional<Result<ports::UpdateReply>>>();
  world.engine().update(
      {{"sums", "one", 0}, "add", std::to_string(n), id, Duration(0)},
      [reply](Result<ports::UpdateReply> given) { *reply = std::move(given); }, world.now);
  world.settle();
  const Result<ports::UpdateReply>& given = reply->value();
  if (!given) return given.error().name();
  if (given->error) return given->error->name();
  return given->result_json.value_or("accepted");
}

std::map<int, World::Rows> all_rows(World& world) {
  std::map<int, World::Rows> rows;
  for (const Table table : {Table::executions, Table::history, Table::listing, Table::timers,
                            Table::active, Table::messages, Table::payloads, Table::dedupe}) {
    rows.emplace(static_cast<int>(table), world.rows(table));
  }
  return rows;
}

TEST(Importing, AClosedOneIsAsItWas) {
  Pair pair;
  pair.from.start(works, std::string("x"));
  pair.advance(5s);
  const auto reply = import_file(pair.to, file_of(pair.from, "works/one"));
  ASSERT_TRUE(reply.ok()) << reply.error().message();
  EXPECT_EQ(reply->execution_id, "works/one");
  EXPECT_EQ(reply->status, "succeeded");
  for (int restarts = 0; restarts < 2; ++restarts) {
    const auto was = pair.from.view("works/one");
    const auto is = pair.to.view("works/one");
    EXPECT_EQ(is.status, "succeeded");
    EXPECT_EQ(is.input_json, "\"x\"");
    EXPECT_EQ(is.result_json, "\"x!\"");
    EXPECT_EQ(is.started_at, was.started_at);
    EXPECT_EQ(is.closed_at, was.closed_at);
    EXPECT_EQ(file_of(pair.to, "works/one"), file_of(pair.from, "works/one"));
    EXPECT_EQ(pair.to.replay_difference("works/one"), "");
    pair.to.restart();
  }
  EXPECT_EQ(outside().work.at("works/one/1/0"), 1) << "nothing ran again";
  EXPECT_THAT(pair.to.rows(Table::active), IsEmpty());
  EXPECT_THAT(pair.to.rows(Table::timers), IsEmpty());
}

TEST(Importing, StartingAnImportedOneAgainFindsIt) {
  Pair pair;
  pair.from.start(works, std::string("x"));
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "works/one")).ok());
  EXPECT_TRUE(pair.to.start_json("works", "\"x\"", "one").value().already_running);
  EXPECT_EQ(pair.to.start_json("works", "\"y\"", "one").error().name(),
            error_names::k_already_exists);
}

TEST(Importing, TimersGoOnWhereTheyWere) {
  Pair pair;
  pair.from.start(sleeps, std::string("view"));
  pair.advance(50min);
  const std::string file = file_of(pair.from, "sleeps/one");
  ASSERT_TRUE(import_file(pair.to, file).ok());
  pair.to.restart();
  pair.advance(9min);
  EXPECT_EQ(pair.to.view("sleeps/one").waiting_for.at(0).kind, "timer");
  pair.advance(1min);
  EXPECT_EQ(pair.to.view("sleeps/one").waiting_for.at(0).kind, "signal");
  pair.advance(1h);
  EXPECT_EQ(pair.to.view("sleeps/one").status, "succeeded");
  // The same ids and random numbers: the code cannot tell.
  EXPECT_EQ(pair.to.view("sleeps/one").result_json, pair.from.view("sleeps/one").result_json);
  EXPECT_EQ(pair.to.replay_difference("sleeps/one"), "");
}

TEST(Importing, WhatFellDueOnTheWayFiresAtOnce) {
  Pair pair;
  pair.from.start(sleeps, std::string("view"));
  const std::string file = file_of(pair.from, "sleeps/one");
  pair.to.now += 3h;
  ASSERT_TRUE(import_file(pair.to, file).ok());
  EXPECT_EQ(pair.to.view("sleeps/one").waiting_for.at(0).kind, "signal");
}

TEST(Importing, TheTimeOfTheWholeExecutionIsKept) {
  Pair pair;
  pair.from.start(sleeps, std::string("view"));
  const std::string file = file_of(pair.from, "sleeps/one");
  pair.to.now += 25h;
  ASSERT_TRUE(import_file(pair.to, file).ok());
  EXPECT_EQ(pair.to.view("sleeps/one").status, "timed_out");
}

TEST(Importing, TheViewIsThereAtOnce) {
  Pair pair;
  pair.from.start(sleeps, std::string("view"));
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "sleeps/one")).ok());
  pair.from.advance(3h);
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "sleeps/one"), "closed").ok());
  for (const std::string name : {"one", "closed"}) {
    std::optional<Result<std::string>> view;
    pair.to.engine().published({"sleeps", name, 0},
                               [&view](Result<std::string> given) { view = std::move(given); });
    pair.to.settle();
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->value(), "\"view\"") << name;
  }
}

TEST(Importing, AnAttemptThatRanBeginsAgainUnderItsKey) {
  Pair pair;
  pair.from.run_tasks = false;
  pair.from.start(works, std::string("x"));
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "works/one")).ok());
  EXPECT_EQ(pair.to.view("works/one").result_json, "\"x!\"");
  EXPECT_EQ(outside().work.at("works/one/1/0"), 1);
  EXPECT_EQ(pair.to.count("works/one", "task_attempt_failed"), 0U) << "it used up no attempt";
}

TEST(Importing, AnAttemptThatRunsAtMostOnceWasInterrupted) {
  Pair pair;
  pair.from.run_tasks = false;
  pair.from.start(risks, std::string("x"));
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "risks/one")).ok());
  EXPECT_EQ(pair.to.view("risks/one").error->name(), error_names::k_interrupted);
}

TEST(Importing, APauseBeforeTheNextAttemptIsKept) {
  Pair pair;
  outside().failing = true;
  pair.from.start(works, std::string("x"));
  const std::string file = file_of(pair.from, "works/one");
  ASSERT_THAT(file, HasSubstr("task_attempt_failed"));
  outside().failing = false;
  pair.advance(4s);
  ASSERT_TRUE(import_file(pair.to, file).ok());
  pair.to.restart();
  pair.to.advance(5s);
  EXPECT_EQ(pair.to.view("works/one").status, "running");
  pair.to.advance(1s);
  EXPECT_EQ(pair.to.view("works/one").status, "succeeded");
  EXPECT_THAT(file_of(pair.to, "works/one"), HasSubstr(R"("task_succeeded","seq":0,)"));
  EXPECT_EQ(pair.to.count("works/one", "task_attempt_started"), 1U);
}

TEST(Importing, SignalsThatWereTakenCountOnce) {
  Pair pair;
  pair.from.start(two, std::string("x"));
  ASSERT_TRUE(pair.from.signal("two/one", "go", "\"a\"", "m-1").ok());
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "two/one")).ok());
  ASSERT_TRUE(pair.to.signal("two/one", "go", "\"a\"", "m-1").ok());
  EXPECT_EQ(pair.to.view("two/one").status, "running");
  ASSERT_TRUE(pair.to.signal("two/one", "go", "\"b\"", "m-2").ok());
  EXPECT_EQ(pair.to.view("two/one").result_json, "\"ab\"");
}

TEST(Importing, APausedOneStaysPausedUntilItIsResumed) {
  Pair pair;
  pair.from.run_tasks = false;
  pair.from.start(works, std::string("x"));
  ASSERT_TRUE(pair.from.pause("works/one", "look at it").ok());
  const auto reply = import_file(pair.to, file_of(pair.from, "works/one"));
  ASSERT_TRUE(reply.ok()) << reply.error().message();
  EXPECT_EQ(reply->status, "paused");
  EXPECT_EQ(pair.to.view("works/one").waiting_for.at(0).details["reason"], Json("look at it"));
  pair.to.restart();
  EXPECT_EQ(pair.to.view("works/one").status, "paused");
  EXPECT_THAT(outside().work, IsEmpty());
  ASSERT_TRUE(pair.to.resume("works/one").ok());
  EXPECT_EQ(pair.to.view("works/one").result_json, "\"x!\"");
}

TEST(Importing, WhatArrivedWhileItWasPausedComesToo) {
  Pair pair;
  pair.from.start(two, std::string("x"));
  ASSERT_TRUE(pair.from.signal("two/one", "go", "\"a\"", "m-1").ok());
  ASSERT_TRUE(pair.from.pause("two/one", "look at it").ok());
  ASSERT_TRUE(pair.from.signal("two/one", "go", "\"b\"", "m-2").ok());
  const std::string file = file_of(pair.from, "two/one");
  EXPECT_THAT(file, HasSubstr("\"version\":2")) << "an older program must not lose it in silence";
  ASSERT_TRUE(import_file(pair.to, file).ok());
  EXPECT_EQ(file_of(pair.to, "two/one"), file);
  ASSERT_TRUE(pair.to.signal("two/one", "go", "\"b\"", "m-2").ok()) << "it was taken before";
  pair.to.restart();
  ASSERT_TRUE(pair.to.signal("two/one", "go", "\"b\"", "m-2").ok());
  EXPECT_EQ(file_of(pair.to, "two/one"), file);
  ASSERT_TRUE(pair.to.resume("two/one").ok());
  EXPECT_EQ(pair.to.view("two/one").result_json, "\"ab\"");

  ASSERT_TRUE(import_file(pair.to, file, "copy").ok());
  EXPECT_EQ(pair.to.view("two/copy").result_json, "\"ab\"") << "a copy is not paused";
}

TEST(Importing, AnExportOfOneThatIsResumedMeanwhileLosesNothingInSilence) {
  World world(service());
  world.start(two, std::string("x"));
  ASSERT_TRUE(world.pause("two/one").ok());
  ASSERT_TRUE(world.signal("two/one", "go", "\"a\"", "m-1").ok());
  const auto page =
      read_meanwhile(world, "two/one", [&] { ASSERT_TRUE(world.resume("two/one").ok()); });
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().name(), error_names::k_unavailable);
  EXPECT_THAT(page.error().message(), HasSubstr("went on while it was read: try again"));
}

TEST(Importing, AnAnswerThatCameWhileItWasPausedIsNotAskedForAgain) {
  Pair pair;
  pair.from.run_tasks = false;
  pair.from.start(works, std::string("x"));
  ASSERT_TRUE(pair.from.pause("works/one").ok());
  pair.from.run_tasks = true;
  pair.from.settle();
  ASSERT_EQ(outside().work.size(), 1U);
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "works/one")).ok());
  pair.to.restart();
  ASSERT_TRUE(pair.to.resume("works/one").ok());
  EXPECT_EQ(pair.to.view("works/one").result_json, "\"x!\"");
  EXPECT_EQ(outside().work.begin()->second, 1);
}

TEST(Importing, ACancelThatCameWhileItWasPausedComesToo) {
  Pair pair;
  pair.from.start(two, std::string("x"));
  ASSERT_TRUE(pair.from.pause("two/one").ok());
  ASSERT_TRUE(pair.from.cancel("two/one").ok());
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "two/one")).ok());
  ASSERT_TRUE(pair.to.resume("two/one").ok());
  EXPECT_EQ(pair.to.view("two/one").status, "cancelled");
}

TEST(Importing, EarlierRunsKnowWhatTheyTook) {
  Pair pair;
  pair.from.start(rounds, std::int64_t{1});
  ASSERT_TRUE(pair.from.signal("rounds/one", "go", "\"x\"", "m-1").ok());
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "rounds/one", 2)).ok());
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "rounds/one", 1)).ok());
  EXPECT_EQ(pair.to.rows(Table::dedupe), pair.from.rows(Table::dedupe));
  for (World* world : {&pair.from, &pair.to}) {
    ASSERT_TRUE(world->signal("rounds/one", "go", "\"x\"", "m-1").ok());
    EXPECT_EQ(world->view("rounds/one").execution.run, 2U) << "the message counts once";
  }
}

TEST(Importing, UpdatesThatEarlierRunsAnsweredAreAnsweredTheSame) {
  Pair pair;
  pair.from.start(sums, std::int64_t{0});
  EXPECT_EQ(added(pair.from, 5, "u-1"), "5");
  EXPECT_EQ(added(pair.from, -1, "u-2"), "Negative");
  EXPECT_EQ(added(pair.from, 0, "u-3"), "accepted");
  ASSERT_TRUE(pair.from.signal("sums/one", "go", "\"on\"").ok());
  EXPECT_EQ(added(pair.from, 2, "u-4"), "7");
  ASSERT_TRUE(pair.from.signal("sums/one", "go", "\"on\"").ok());
  EXPECT_EQ(added(pair.from, 1, "u-5"), "8");
  ASSERT_EQ(pair.from.view("sums/one").execution.run, 3U);
  for (const std::uint32_t run : {3U, 2U, 1U}) {
    const auto reply = import_file(pair.to, file_of(pair.from, "sums/one", run));
    ASSERT_TRUE(reply.ok()) << reply.error().message();
  }
  EXPECT_EQ(pair.to.rows(Table::dedupe), pair.from.rows(Table::dedupe));

  const auto each_counts_once = [&](std::string_view when) {
    for (World* world : {&pair.from, &pair.to}) {
      const auto before = world->rows(Table::history);
      EXPECT_EQ(added(*world, 5, "u-1"), "5") << when;
      EXPECT_EQ(added(*world, -1, "u-2"), "Negative") << when;
      EXPECT_EQ(added(*world, 0, "u-3"), "Closed") << when << ": its run ended before it did";
      EXPECT_EQ(added(*world, 2, "u-4"), "7") << when;
      EXPECT_EQ(added(*world, 1, "u-5"), "8") << when;
      EXPECT_EQ(world->rows(Table::history), before) << when;
    }
  };
  each_counts_once("at once");
  pair.to.restart();
  each_counts_once("after a restart");
  for (World* world : {&pair.from, &pair.to}) {
    EXPECT_EQ(added(*world, 2, "u-6"), "10") << "what is new is done";
    ASSERT_TRUE(world->signal("sums/one", "go", "\"on\"").ok());
  }
  each_counts_once("in the run after");
  for (World* world : {&pair.from, &pair.to})
    ASSERT_TRUE(world->signal("sums/one", "go", "\"end\"").ok());
  pair.to.restart();
  each_counts_once("when it has closed");
  EXPECT_EQ(pair.to.view("sums/one").result_json, "10");
}

TEST(Importing, OfAClosedOneTheUpdatesOfEarlierRunsAreKnownToo) {
  Pair pair;
  pair.from.start(sums, std::int64_t{0});
  EXPECT_EQ(added(pair.from, 5, "u-1"), "5");
  ASSERT_TRUE(pair.from.signal("sums/one", "go", "\"on\"").ok());
  ASSERT_TRUE(pair.from.signal("sums/one", "go", "\"end\"").ok());
  for (const std::uint32_t run : {2U, 1U})
    ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "sums/one", run)).ok());
  EXPECT_EQ(added(pair.to, 5, "u-1"), "5");
  EXPECT_EQ(added(pair.to, 5, "u-2"), "Closed");
  pair.to.restart();
  EXPECT_EQ(added(pair.to, 5, "u-1"), "5");
}

TEST(Importing, AParentNeedsItsChildHere) {
  Pair pair;
  pair.from.start(parent, std::string("p"));
  const std::string parents = file_of(pair.from, "parent/one");
  const std::string children = file_of(pair.from, "child/of-p");
  const auto before = all_rows(pair.to);
  const auto refused = import_file(pair.to, parents);
  EXPECT_EQ(refused.error().name(), k_missing_execution);
  EXPECT_THAT(refused.error().message(), HasSubstr("import child/of-p first"));
  EXPECT_EQ(all_rows(pair.to), before);

  ASSERT_TRUE(import_file(pair.to, children).ok());
  ASSERT_TRUE(import_file(pair.to, parents).ok());
  ASSERT_TRUE(pair.to.signal("child/of-p", "go", "\"hello\"").ok());
  EXPECT_EQ(pair.to.view("parent/one").result_json, "\"child said hello\"");
  EXPECT_EQ(pair.to.count("child/of-p", "execution_started"), 1U);
}

TEST(Importing, AChildThatClosedBeforeItsParentCameAnswersIt) {
  Pair pair;
  pair.from.start(parent, std::string("p"));
  const std::string parents = file_of(pair.from, "parent/one");
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "child/of-p")).ok());
  ASSERT_TRUE(pair.to.signal("child/of-p", "go", "\"early\"").ok());
  EXPECT_EQ(pair.to.view("child/of-p").status, "succeeded");
  ASSERT_TRUE(import_file(pair.to, parents).ok());
  EXPECT_EQ(pair.to.view("parent/one").result_json, "\"child said early\"");
}

TEST(Importing, ASignalOnItsWayArrivesOnce) {
  Pair pair;
  pair.from.start(two, std::string("x"));
  const std::string receiver = file_of(pair.from, "two/one");
  pair.from.start(tells, std::string("two/one"));
  auto sent = model::read_history(file_of(pair.from, "tells/one")).value();
  sent.turns.resize(1);  // as it was exported before its answer came
  sent.status = "running";
  const std::string sender = model::write_history(sent);
  ASSERT_THAT(sender, HasSubstr("signal_sent"));

  EXPECT_EQ(import_file(pair.to, sender).error().name(), k_missing_execution);
  ASSERT_TRUE(import_file(pair.to, receiver).ok());
  ASSERT_TRUE(import_file(pair.to, sender).ok());
  EXPECT_EQ(pair.to.view("tells/one").status, "succeeded");
  EXPECT_EQ(pair.to.count("two/one", "signal_received"), 1U);

  // The receiver had it already when it was exported: the sender's second try changes nothing.
  World third(service());
  ASSERT_TRUE(import_file(third, file_of(pair.from, "two/one")).ok());
  ASSERT_TRUE(import_file(third, sender).ok());
  EXPECT_EQ(third.view("tells/one").status, "succeeded");
  EXPECT_EQ(third.count("two/one", "signal_received"), 1U);
}

TEST(Importing, WhatWasUndoneIsRetriedFromItsStart) {
  Pair pair;
  pair.from.start(fails, std::string("x"));
  ASSERT_EQ(pair.from.view("fails/one").status, "failed");
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "fails/one")).ok());
  EXPECT_EQ(outside().undone, 1);
  ASSERT_TRUE(pair.to.retry("fails/one").ok());
  EXPECT_EQ(outside().work.size(), 2U) << "the work was done again, under a new key";
  EXPECT_EQ(outside().undone, 2);
}

TEST(Importing, RunsAreImportedFromTheLastOneBack) {
  Pair pair;
  pair.from.start(rounds, std::int64_t{1});
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(pair.from.signal("rounds/one", "go", "\"x\"").ok());
  const auto first_before_last = import_file(pair.to, file_of(pair.from, "rounds/one", 1));
  EXPECT_EQ(first_before_last.error().name(), k_missing_execution);
  EXPECT_THAT(first_before_last.error().message(), HasSubstr("went on as run 2"));

  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "rounds/one", 3)).ok());
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "rounds/one", 1)).ok());
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "rounds/one", 2)).ok());
  EXPECT_EQ(import_file(pair.to, file_of(pair.from, "rounds/one", 2)).error().name(),
            error_names::k_already_exists);
  for (std::uint32_t run = 1; run <= 3; ++run)
    EXPECT_EQ(file_of(pair.to, "rounds/one", run), file_of(pair.from, "rounds/one", run));
  ASSERT_TRUE(pair.to.signal("rounds/one", "go", "\"x\"").ok());
  EXPECT_EQ(pair.to.view("rounds/one").result_json, "3");
  EXPECT_TRUE(pair.to.start_json("rounds", "1", "one").value().already_running)
      << "the first run's input is known";
}

TEST(Importing, UnderAnotherNameAnOpenOneIsACopy) {
  Pair pair;
  pair.from.run_tasks = false;
  pair.from.start(works, std::string("x"));
  const auto reply = import_file(pair.to, file_of(pair.from, "works/one"), "other");
  ASSERT_TRUE(reply.ok()) << reply.error().message();
  EXPECT_EQ(reply->execution_id, "works/other");
  EXPECT_EQ(pair.to.view("works/other").result_json, "\"x!\"");
  EXPECT_EQ(pair.to.count("works/other", "execution_forked"), 1U);
  EXPECT_EQ(import_file(pair.to, file_of(pair.from, "works/one"), "other").error().name(),
            error_names::k_already_exists);
  EXPECT_TRUE(import_file(pair.to, file_of(pair.from, "works/one")).ok());
}

TEST(Importing, WhatExistsIsRefusedAndLeftAlone) {
  Pair pair;
  pair.from.start(works, std::string("x"));
  pair.to.start(works, std::string("mine"));
  const auto before = all_rows(pair.to);
  const auto refused = import_file(pair.to, file_of(pair.from, "works/one"));
  EXPECT_EQ(refused.error().name(), error_names::k_already_exists);
  EXPECT_EQ(refused.error().message(), "execution works/one already exists (run 1)");
  EXPECT_EQ(all_rows(pair.to), before);
}

TEST(Importing, TheSameTwiceInOneRoundIsRefusedOnce) {
  Pair pair;
  pair.from.start(works, std::string("x"));
  const std::string file = file_of(pair.from, "works/one");
  std::vector<Result<ports::ImportReply>> replies;
  for (int i = 0; i < 2; ++i) {
    pair.to.engine().import_history(
        model::read_history(file).value(), {},
        [&replies](Result<ports::ImportReply> reply) { replies.push_back(std::move(reply)); },
        pair.to.now);
  }
  pair.to.settle();
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_TRUE(replies[0].ok());
  EXPECT_EQ(replies[1].error().name(), error_names::k_already_exists);
}

TEST(Importing, CodeThatMakesOtherCallsDoesNotTakeOverAnOpenOne) {
  Pair pair;
  pair.from.run_tasks = false;
  pair.from.start(works, std::string("x"));
  World other(changed());
  const auto before = all_rows(other);
  EXPECT_EQ(import_file(other, file_of(pair.from, "works/one")).error().name(),
            error_names::k_determinism);
  EXPECT_EQ(import_file(other, file_of(pair.from, "works/one"), "copy").error().name(),
            error_names::k_determinism);
  pair.from.start(two, std::string("x"));
  EXPECT_EQ(import_file(other, file_of(pair.from, "two/one")).error().name(),
            error_names::k_not_found);
  EXPECT_EQ(all_rows(other), before);

  // A closed one needs no code.
  pair.from.run_tasks = true;
  pair.from.settle();
  ASSERT_TRUE(import_file(other, file_of(pair.from, "works/one")).ok());
  EXPECT_EQ(other.view("works/one").result_json, "\"x!\"");
}

TEST(Importing, WhatOnlyTheOtherServiceCanFinishIsRefused) {
  Pair pair;
  pair.from.start(keeps, std::string("c-1"));
  const auto in_the_middle = import_file(pair.to, file_of(pair.from, "keeps/one"));
  EXPECT_EQ(in_the_middle.error().name(), error_names::k_not_allowed);
  EXPECT_THAT(in_the_middle.error().message(), HasSubstr("in the middle of counts (call 0)"));

  pair.from.run_tasks = false;
  pair.from.start(works, std::string("x"));
  auto deferred = model::read_history(file_of(pair.from, "works/one")).value();
  deferred.turns.push_back(
      {1, deferred.turns.back().at, {model::TaskAttemptDeferred{0, 1, std::nullopt}}, {}});
  const auto token = import_file(pair.to, model::write_history(deferred));
  EXPECT_EQ(token.error().name(), error_names::k_not_allowed);
  EXPECT_THAT(token.error().message(), HasSubstr("waits for a token of task work (call 0)"));
}

TEST(Importing, WhatIsToldOfAttemptsOfATimerIsNothing) {
  for (const std::string name : {"", "copy"}) {
    Pair pair;
    pair.from.start(sleeps, std::string("view"));
    auto history = model::read_history(file_of(pair.from, "sleeps/one")).value();
    ASSERT_EQ(history.turns.size(), 1U);
    for (std::uint32_t seq = 0; seq < 4; ++seq) {
      history.turns[0].events.push_back(model::TaskAttemptFailed{
          seq, 1, model::ErrorRecord(Error("E", "m")), pair.from.now + 1s, {}});
      history.turns[0].events.push_back(model::TaskAttemptStarted{seq, 2});
    }
    (void)import_file(pair.to, model::write_history(history), name);
    pair.to.restart();
    pair.advance(1min);
    const std::string id = "sleeps/" + (name.empty() ? "one" : name);
    EXPECT_EQ(pair.to.view(id).waiting_for.at(0).kind, "timer");
  }
}

TEST(Importing, WhatWasKeptForCallsThatAreNotThereHarmsNothing) {
  for (const model::Event& forged :
       {model::Event(model::TaskSucceeded{99, 1, {"\"x\""}}), model::Event(model::TimerFired{99}),
        model::Event(model::ChildSucceeded{0, {"5"}}), model::Event(model::CancelDelivered{1})}) {
    Pair pair;
    pair.from.start(sleeps, std::string("x"));
    ASSERT_TRUE(pair.from.pause("sleeps/one").ok());
    auto history = model::read_history(file_of(pair.from, "sleeps/one")).value();
    history.kept = {forged, forged};
    ASSERT_TRUE(import_file(pair.to, model::write_history(history)).ok());
    pair.to.restart();
    ASSERT_TRUE(pair.to.resume("sleeps/one").ok());
    pair.to.advance(3h);
    const std::string status = pair.to.view("sleeps/one").status;
    EXPECT_TRUE(status == "succeeded" || status == "parked" || status == "failed")
        << model::type_of(forged) << ": " << status;
  }
  Pair pair;
  pair.from.start(sleeps, std::string("x"));
  auto running = model::read_history(file_of(pair.from, "sleeps/one")).value();
  running.kept = {model::SignalReceived{"go", {"\"a\""}, ""}};
  EXPECT_EQ(import_file(pair.to, model::write_history(running)).error().name(),
            error_names::k_invalid_input)
      << "what runs keeps nothing";
}

TEST(Importing, HistoriesThatCannotBeAreRefused) {
  Pair pair;
  pair.from.start(works, std::string("x"));
  const auto good = model::read_history(file_of(pair.from, "works/one")).value();
  const auto before = all_rows(pair.to);
  const auto refusal = [&pair](const model::ExportedHistory& history) {
    const auto reply = import_file(pair.to, model::write_history(history));
    return reply ? "taken" : reply.error().name() + ": " + reply.error().message();
  };
  auto cut = good;
  cut.turns.pop_back();
  EXPECT_EQ(refusal(cut),
            "InvalidInput: the history is of an execution that is succeeded, and does not hold "
            "its end");
  auto beyond = good;
  beyond.turns.push_back(beyond.turns.back());
  beyond.turns.back().number = 2;
  EXPECT_EQ(refusal(beyond), "InvalidInput: turn 2 of the history is behind its end");
  auto backwards = good;
  backwards.turns.back().at -= 1h;
  EXPECT_EQ(refusal(backwards),
            "InvalidInput: turn 1 of the history is earlier than the one before it");
  auto twice = good;
  twice.turns.back().events.push_back(twice.turns.back().events.back());
  EXPECT_EQ(refusal(twice), "InvalidInput: turn 1 of the history ends it twice");
  auto last = good;
  last.run = std::numeric_limits<std::uint32_t>::max();
  EXPECT_EQ(refusal(last), "InvalidInput: a run of that number could have none after it");
  auto generous = good;
  std::get<model::ExecutionStarted>(generous.turns[0].events[0]).payload_bytes_max = 1ULL << 40;
  EXPECT_THAT(refusal(generous), HasSubstr("payload_limit must be from 1024 to 16777216"));
  auto page = good;
  page.cursor = "1.0";
  EXPECT_THAT(refusal(page), HasSubstr("only a page"));
  EXPECT_EQ(all_rows(pair.to), before);
}

TEST(Importing, AKillLeavesAllOfItOrNothing) {
  for (const bool before_write : {true, false}) {
    Pair pair;
    pair.from.run_tasks = false;
    pair.from.start(works, std::string(10'000, 'x'));
    const std::string file = file_of(pair.from, "works/one");
    pair.to.kill_at = pair.to.commits + 1;
    pair.to.kill_before_write = before_write;
    EXPECT_THROW((void)import_file(pair.to, file), std::bad_optional_access);
    if (before_write) {
      EXPECT_THAT(pair.to.rows(Table::executions), IsEmpty());
      EXPECT_THAT(pair.to.rows(Table::payloads), IsEmpty());
      EXPECT_TRUE(import_file(pair.to, file).ok());
    } else {
      EXPECT_EQ(import_file(pair.to, file).error().name(), error_names::k_already_exists);
    }
    pair.to.settle();
    EXPECT_EQ(pair.to.view("works/one").result_json, "\"" + std::string(10'000, 'x') + "!\"");
    EXPECT_EQ(outside().work.at("works/one/1/0"), 1);
  }
}

TEST(Importing, LargeValuesAreRowsHereToo) {
  Pair pair;
  pair.from.start(works, std::string(10'000, 'x'));
  ASSERT_TRUE(import_file(pair.to, file_of(pair.from, "works/one")).ok());
  EXPECT_EQ(pair.to.rows(Table::payloads), pair.from.rows(Table::payloads));
  EXPECT_EQ(pair.to.rows(Table::executions), pair.from.rows(Table::executions));
  pair.to.restart();
  EXPECT_EQ(file_of(pair.to, "works/one"), file_of(pair.from, "works/one"));
}

}  // namespace
}  // namespace eventual::engine
