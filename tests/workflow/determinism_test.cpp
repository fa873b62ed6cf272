// Determinism: code that differs from its history is parked with both sides and the line.
// Behaviours 30 to 38, 273.
#include <algorithm>
#include <source_location>

#include "workflow/driver.hpp"

namespace eventual::test {
namespace {

struct Item {
  std::string name;
  int count = 1;
  std::optional<std::string> note;
};
inline constexpr Task<Item, std::string> Order{"Order"};
inline constexpr Signal<Item> Ordered{"Ordered"};

model::Turn start_turn(std::vector<model::Event> calls, std::vector<model::Event> more = {}) {
  model::Turn turn;
  turn.at = k_start;
  turn.events.emplace_back(model::ExecutionStarted{});
  for (model::Event& event : more) turn.events.push_back(std::move(event));
  turn.calls = std::move(calls);
  return turn;
}

model::TaskScheduled task(std::uint32_t seq, std::string name, std::string input) {
  model::TaskScheduled scheduled;
  scheduled.seq = seq;
  scheduled.task = std::move(name);
  scheduled.input.text = std::move(input);
  return scheduled;
}

void expect_stuck(Driver& d, const Turns& turns, std::string_view first, std::string_view second,
                  std::uint_least32_t line = 0) {
  const std::string outcome = d.replayed(turns);
  EXPECT_TRUE(outcome.starts_with("stuck DeterminismError: ")) << outcome;
  EXPECT_NE(outcome.find(first), std::string::npos) << outcome << "\n lacks " << first;
  EXPECT_NE(outcome.find(second), std::string::npos) << outcome << "\n lacks " << second;
  if (line != 0) {
    const std::string place = "determinism_test.cpp:" + std::to_string(line);
    EXPECT_NE(outcome.find(place), std::string::npos) << outcome << "\n lacks " << place;
  }
}

constexpr auto k_line_a = std::source_location::current().line() + 1;
Future<std::string> calls_a() { co_return co_await A("x"); }

// 30
TEST(Determinism, AnotherKindOfCallIsAnErrorWithBothSidesAndTheLine) {
  Driver d(calls_a);
  expect_stuck(d, {start_turn({model::TimerStarted{0, k_start + Duration(5)}})},
               "history has timer_started (call 0)", "gives task_scheduled A (call 0)", k_line_a);
}

TEST(Determinism, AnotherNameIsAnError) {
  Driver d(calls_a);
  expect_stuck(d, {start_turn({task(0, "B", "\"x\"")})}, "task_scheduled B (call 0)",
               "task_scheduled A (call 0)", k_line_a);
}

TEST(Determinism, AnotherInputIsAnErrorAndTheDetailsShowBoth) {
  Driver d(calls_a);
  const auto executor = d.make_executor();
  replay_turn(*executor, start_turn({task(0, "A", "\"y\"")}));
  ASSERT_TRUE(executor->stuck());
  EXPECT_NE(executor->stuck()->message().find("with another input"), std::string::npos);
  const Json details = Json::parse(executor->stuck()->details_json()).value();
  EXPECT_EQ(details["recorded"]["input"].as_string(), "y");
  EXPECT_EQ(details["attempted"]["input"].as_string(), "x");
  EXPECT_NE(details["location"].as_string().find("determinism_test.cpp"), std::string::npos);
}

TEST(Determinism, AnotherNumberIsAnError) {
  Driver d(calls_a);
  expect_stuck(d, {start_turn({task(1, "A", "\"x\"")})}, "(call 1)", "(call 0)");
}

TEST(Determinism, ACallThatTheHistoryDoesNotHaveIsAnError) {
  Driver d(calls_a);
  expect_stuck(d, {start_turn({})}, "gives task_scheduled A (call 0)", "the history has nothing",
               k_line_a);
}

TEST(Determinism, ARecordedCallThatTheCodeNoLongerMakesIsAnError) {
  Driver d(calls_a);
  expect_stuck(d, {start_turn({task(0, "A", "\"x\""), task(1, "B", "\"y\"")})},
               "history has task_scheduled B (call 1)", "no longer");
}

TEST(Determinism, AnEndThatTheHistoryDoesNotHaveIsAnError) {
  Driver d([]() -> Future<int> { co_return 1; });
  expect_stuck(d, {start_turn({})}, "gives execution_succeeded", "the history has nothing");
  expect_stuck(d, {start_turn({task(0, "A", "\"x\"")})}, "task_scheduled A", "no longer");
}

TEST(Determinism, AnotherEndThanTheRecordedOneIsAnError) {  // 273
  Driver d([]() -> Future<int> { co_return 1; });
  EXPECT_EQ(d.replayed({start_turn({}, {model::ExecutionSucceeded{{"1"}}})}), "succeeded 1");
  expect_stuck(d, {start_turn({}, {model::ExecutionSucceeded{{"2"}}})}, "execution_succeeded",
               "execution_succeeded");
  expect_stuck(d, {start_turn({}, {model::ExecutionFailed{}})}, "execution_failed",
               "execution_succeeded");
  Driver open(calls_a);
  expect_stuck(open, {start_turn({task(0, "A", "\"x\"")}, {model::ExecutionSucceeded{{"2"}}})},
               "execution_succeeded", "no longer");
}

// 32 to 35: every kind of call is compared by what identifies it
TEST(Determinism, EachKindOfCallIsCompared) {
  Driver timer([]() -> Future<void> { co_await sleep_for(Duration(5)); });
  expect_stuck(timer, {start_turn({model::TimerStarted{0, k_start + Duration(6)}})},
               "timer_started", "timer_started");

  Driver child([]() -> Future<void> { (void)co_await W("in", {.name = "n"}); });
  model::ChildScheduled scheduled;
  scheduled.workflow = "W";
  scheduled.name = "n";
  scheduled.input.text = "\"in\"";
  EXPECT_EQ(child.replayed({start_turn({scheduled})}), "open");
  auto other = scheduled;
  other.name = "m";
  expect_stuck(child, {start_turn({other})}, "child_scheduled W", "child_scheduled W");
  other = scheduled;
  other.wait_for_result = false;
  expect_stuck(child, {start_turn({other})}, "child_scheduled W", "child_scheduled W");

  Driver sender([]() -> Future<void> { co_await S.send(ExecutionId{"w/a", 0}, "x"); });
  model::SignalSent sent{0, "w/a", "S", {"\"x\""}, "m"};
  EXPECT_EQ(sender.replayed({start_turn({sent})}), "open");
  sent.execution_id = "w/b";
  expect_stuck(sender, {start_turn({sent})}, "signal_sent S", "signal_sent S");
  sent = {0, "w/a", "O", {"\"x\""}, "m"};
  expect_stuck(sender, {start_turn({sent})}, "signal_sent O", "signal_sent S");
  sent = {0, "w/a", "S", {"\"y\""}, "m"};
  expect_stuck(sender, {start_turn({sent})}, "signal_sent S", "another input");

  Driver expects([]() -> Future<void> { (void)co_await S.expect({.timeout = Duration(5)}); });
  expect_stuck(expects, {start_turn({model::SignalExpected{0, "O", k_start}})}, "signal_expected O",
               "signal_expected S");
  expect_stuck(expects, {start_turn({model::ConditionStarted{0, k_start}})}, "condition_started",
               "signal_expected S");
}

// 37
TEST(Determinism, TimeoutsAndRetriesAreNotCompared) {
  Driver d([]() -> Future<void> {
    (void)co_await A("x", {.timeout = Duration(5)});
    (void)co_await condition([] { return false; }, {.timeout = Duration(5)});
  });
  auto scheduled = task(0, "A", "\"x\"");
  scheduled.deadline = Duration(9);
  scheduled.retry = RetryPolicy{};
  model::Turn second;
  second.at = k_start;
  second.events.emplace_back(Driver::task_ok(0, "r"));
  second.calls.emplace_back(model::ConditionStarted{1, k_start + Duration(999)});
  EXPECT_EQ(d.replayed({start_turn({scheduled}), second}), "open");
  Driver expects([]() -> Future<void> { (void)co_await S.expect({.timeout = Duration(5)}); });
  EXPECT_EQ(expects.replayed({start_turn({model::SignalExpected{0, "S", k_start + Duration(7)}})}),
            "open");
  Driver child(
      []() -> Future<void> { (void)co_await W("in", {.name = "n", .timeout = Duration(5)}); });
  model::ChildScheduled recorded;
  recorded.workflow = "W";
  recorded.name = "n";
  recorded.input.text = "\"in\"";
  EXPECT_EQ(child.replayed({start_turn({recorded})}), "open");
}

// 33, 34
TEST(Determinism, InputIsComparedByStructureAndAnAbsentMemberEqualsItsDefault) {
  Driver d([]() -> Future<void> { (void)co_await Order(Item{"bread", 1, std::nullopt}); });
  const auto outcome = [&d](std::string input) {
    return d.replayed({start_turn({task(0, "Order", std::move(input))})});
  };
  EXPECT_EQ(outcome(R"({"name":"bread"})"), "open");
  EXPECT_EQ(outcome(R"({"count":1,"name":"bread"})"), "open");
  EXPECT_EQ(outcome(R"({ "name" : "bread", "count" : 1, "note" : null })"), "open");
  EXPECT_TRUE(outcome(R"({"name":"bread","count":2})").starts_with("stuck"));
  EXPECT_TRUE(outcome(R"({"count":1})").starts_with("stuck"));
  EXPECT_TRUE(outcome(R"({"name":"bread","note":""})").starts_with("stuck"));
  EXPECT_TRUE(outcome(R"(["bread"])").starts_with("stuck"));
  EXPECT_TRUE(outcome("not json").starts_with("stuck"));

  Driver sender(
      []() -> Future<void> { co_await Ordered.send(ExecutionId{"w/a", 0}, Item{"bread", 1, {}}); });
  EXPECT_EQ(sender.replayed({start_turn(
                {model::SignalSent{0, "w/a", "Ordered", {R"({"name":"bread"})"}, "m"}})}),
            "open");

  Driver opaque([]() -> Future<void> {
    constexpr Task<Json, Json> task_of_json{"Json"};
    (void)co_await task_of_json(
        Json::object({{"a", Json::array({1, nullptr})}, {"b", Json::object({{"c", false}})}}));
  });
  const auto json = [&opaque](std::string input) {
    return opaque.replayed({start_turn({task(0, "Json", std::move(input))})});
  };
  EXPECT_EQ(json(R"({"b":{"c":false},"a":[1.0,null]})"), "open");
  EXPECT_TRUE(json(R"({"b":{"c":null},"a":[1,null]})").starts_with("stuck"));
  EXPECT_TRUE(json(R"({"b":{"c":false},"a":[1]})").starts_with("stuck"));
  EXPECT_TRUE(json(R"({"b":{"c":false},"a":{"0":1,"1":null}})").starts_with("stuck"));
}

// 38
TEST(Determinism, AfterAnErrorNothingMoreIsApplied) {
  Driver d([]() -> Future<void> {
    (void)co_await A("x");
    (void)co_await B("y");
  });
  const auto executor = d.make_executor();
  replay_turn(*executor, start_turn({task(0, "C", "\"x\"")}));
  const std::string stuck = outcome_of(*executor);
  executor->begin_turn(k_start);
  EXPECT_FALSE(executor->apply(Driver::task_ok(0, "r")));
  EXPECT_FALSE(executor->apply(model::CancelRequested{}));
  EXPECT_FALSE(executor->apply(model::ExecutionUnparked{}))
      << "a repaired execution starts from its history";
  executor->end_turn();
  EXPECT_TRUE(executor->take_calls().empty());
  EXPECT_EQ(outcome_of(*executor), stuck);
}

TEST(Determinism, TheRestOfTheStretchRecordsNothing) {  // 32, ours
  Driver d([]() -> Future<void> {
    detach(A("x"));
    detach(B("y"));
    Saga saga;
    saga.undo(Undo, std::string("z"));
    throw Error("Bad", "");
    co_return;
  });
  const auto executor = d.make_executor();
  replay_turn(*executor, start_turn({task(0, "C", "\"x\"")}));
  EXPECT_TRUE(outcome_of(*executor).starts_with("stuck DeterminismError"));
  EXPECT_TRUE(executor->take_calls().empty());
}

TEST(Determinism, ACompensationNamesItsOwnLine) {
  constexpr auto line = std::source_location::current().line() + 3;
  Driver d([]() -> Future<void> {
    Saga saga;
    saga.undo(Undo, std::string("z"));
    throw Error("Bad", "");
    co_return;
  });
  expect_stuck(d, {start_turn({task(0, "Undo", "\"other\"")})}, "task_scheduled Undo",
               "another input", line);
}

TEST(Determinism, AnErrorInTheMiddleOfAHistoryNamesTheCallThere) {
  Driver d([]() -> Future<void> {
    (void)co_await A("x");
    (void)co_await B("y");
    (void)co_await C("z");
  });
  d.ok(0, "r").ok(1, "r").ok(2, "r");
  for (std::size_t turn = 0; turn < 3; ++turn) {
    Turns turns = d.turns();
    std::get<model::TaskScheduled>(turns[turn].calls[0]).task = "Z";
    expect_stuck(d, turns, "task_scheduled Z (call " + std::to_string(turn) + ")",
                 "determinism_test.cpp");
  }
}

}  // namespace
}  // namespace eventual::test
