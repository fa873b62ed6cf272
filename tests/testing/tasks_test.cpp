// What tasks can do beyond returning: heartbeats, results that come later, limits; and how
// cancellation reaches them. The examples of docs/tasks.md and docs/cancellation.md stand here.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "eventual/testing.hpp"

namespace eventual {
namespace {

namespace ev = eventual;
using namespace std::chrono_literals;

struct Import {
  std::string file;
  std::int64_t rows = 0;
};
struct Shipment {
  std::string id;
  std::string carrier;
};

struct Answer {
  std::string token;
  std::string carrier;
};

/// What handlers saw, and the tokens that they gave away.
struct Seen {
  std::vector<std::int64_t> began_at;
  std::vector<std::string> tokens;
  std::vector<std::string> order;
  int stopped = 0;
};
Seen g_seen;

Service& service() {
  static Service made{"tasks"};
  return made;
}

// [heartbeat]
const auto import_rows = service().task(
    "importRows",
    {.retry = {.max_attempts = 3, .initial_interval = 1s, .jitter = 0}, .heartbeat_timeout = 10s},
    [](const Import& import, ev::TaskContext& context) -> std::int64_t {
      std::int64_t row =
          context.last_heartbeat<std::int64_t>().value_or(0);  // where an earlier attempt stopped
      // [/heartbeat]
      g_seen.began_at.push_back(row);
      // [heartbeat]
      for (; row < import.rows; ++row) {
        if (row == 3 && context.attempt() == 1) throw ev::Error("Broken", "after three rows");
        context.heartbeat(row + 1);
        if (context.stop_token().stop_requested()) throw ev::Error("Stopped", import.file);
      }
      return row;
    });
// [/heartbeat]
const auto silent =
    service().task("silent", {.retry = {.max_attempts = 1}, .heartbeat_timeout = 10s},
                   [](const std::string& how, ev::TaskContext& context) {
                     for (int i = 0; i < 3; ++i) {
                       ev::sleep_for(how == "often" ? 10s : 11s).get();
                       context.heartbeat();
                     }
                   });
// [later]
const auto ask_carrier = service().task(
    "askCarrier",
    {.timeout = 24h, .retry = {.max_attempts = 2, .initial_interval = 1s, .jitter = 0}},
    [](const Shipment& shipment, ev::TaskContext& context) -> std::string {
      const std::string token = context.complete_later();  // the carrier calls back with it
      g_seen.tokens.push_back(token);
      return shipment.id;  // ignored
    });
const auto carrier_answered = service().command("carrierAnswered", [](Answer answer) {
  ev::complete_task(answer.token, answer.carrier).get();
});
const auto carrier_failed = service().command("carrierFailed", [](std::string token) {
  ev::fail_task(token, ev::Error("NoTruck", "none left")).get();
});
const auto carrier_busy = service().command("carrierBusy", [](std::string token) -> bool {
  return ev::heartbeat_task(token, std::string("busy")).get();
});
// [/later]
// [limit]
const auto call_carrier =
    service().task("callCarrier", {.limit = {.concurrency = 1, .key = &Shipment::carrier}},
                   [](const Shipment& shipment) -> std::string {
                     // [/limit]
                     g_seen.order.push_back(shipment.id);
                     // [limit]
                     ev::sleep_for(1s).get();
                     return shipment.id;
                   });
const auto send_mail = service().task("sendMail", {.limit = {.rate = {2, 10s}}},
                                      [](const std::string& to) { g_seen.order.push_back(to); });
// [/limit]
const auto send_to =
    service().task("sendTo", {.limit = {.rate = {1, 10s}, .key = &Shipment::carrier}},
                   [](const Shipment& shipment) { g_seen.order.push_back(shipment.id); });
// [stop]
const auto patient =
    service().task("patient", {.timeout = 1h, .on_cancel = ev::OnCancel::wait},
                   [](const std::string& text, ev::TaskContext& context) -> std::string {
                     for (int i = 0; i < 60 && !context.stop_token().stop_requested(); ++i)
                       ev::sleep_for(1s).get();
                     // [/stop]
                     if (context.stop_token().stop_requested()) ++g_seen.stopped;
                     // [stop]
                     return text + (context.stop_token().stop_requested() ? " stopped" : " done");
                   });
// [/stop]
const auto undo =
    service().task("undo", [](const std::string& what) { g_seen.order.push_back("undo " + what); });

const auto import_file = service().workflow(
    "importFile",
    [](Import import) -> Future<std::int64_t> { co_return co_await import_rows(import); });
const auto watch = service().workflow("watch", [](std::string how) -> Future<std::string> {
  const Result<void> done = co_await settle(silent(how));
  co_return done ? "done" : done.error().name();
});
const auto ship = service().workflow("ship", [](Shipment shipment) -> Future<std::string> {
  co_return co_await ask_carrier(shipment);
});
const auto send_all =
    service().workflow("sendAll", [](std::vector<Shipment> shipments) -> Future<void> {
      std::vector<Future<void>> sent;
      for (const Shipment& shipment : shipments) sent.push_back(send_to(shipment));
      co_await all(std::move(sent));
    });
const auto call_all = service().workflow(
    "callAll", [](std::vector<Shipment> shipments) -> Future<std::vector<std::string>> {
      co_return co_await ev::map(shipments,
                                 [](const Shipment& shipment) { return call_carrier(shipment); });
    });
const auto mail_all =
    service().workflow("mailAll", [](std::vector<std::string> all) -> Future<void> {
      co_await ev::map(all, [](const std::string& to) { return send_mail(to); });
    });
const auto hold = service().workflow(
    "hold", [](std::string text) -> Future<std::string> { co_return co_await patient(text); });
// [structure]
const auto booked = service().workflow("booked", [](std::string trip) -> Future<std::string> {
  ev::Saga saga;
  saga.undo(undo, trip);
  // Not interrupted: when a cancellation comes meanwhile, the next await throws it.
  std::string ticket = co_await ev::shield(patient(trip));
  // Five minutes for the carrier; then its attempt is asked to stop and Timeout is thrown.
  std::string carrier = co_await ev::with_timeout(5min, ask_carrier(Shipment{ticket, "any"}));
  co_return ticket + " by " + carrier;
});
// [/structure]
const auto sleeper = service().workflow("sleeper", [](std::string text) -> Future<std::string> {
  co_await sleep_for(24h);
  co_return text;
});
// [parent-close]
const auto family = service().workflow("family", [](std::string how) -> Future<std::string> {
  for (const auto policy : {ParentClose::abandon, ParentClose::cancel, ParentClose::terminate}) {
    const std::string name = how + "-" + std::to_string(static_cast<int>(policy));
    co_await sleeper.start(name, {.name = name, .on_parent_close = policy});
  }
  if (how == "fails") throw ev::Error("Broken", "");
  if (how == "waits") co_await ev::sleep_for(1h);
  co_return how;
});
// [/parent-close]
// [cancel-one]
const auto gives_up = service().workflow("givesUp", [](std::string name) -> Future<std::string> {
  Future<std::string> child = sleeper(name, {.name = name});
  Future<std::string> call = ask_carrier(Shipment{name, "any"});
  co_await ev::sleep_for(1s);
  child.cancel();  // the child is asked to cancel
  call.cancel();   // the attempt gets its stop token
  co_return (co_await ev::settle(child)).error().name() +
      (co_await ev::settle(call)).error().name();
});
// [/cancel-one]
// [overrides]
const auto urgent = service().workflow("urgent", [](Shipment shipment) -> Future<std::string> {
  co_return co_await ask_carrier(shipment, {.timeout = 1min,
                                            .deadline = 5min,
                                            .retry = ev::RetryPolicy{.max_attempts = 10,
                                                                     .initial_interval = 10s,
                                                                     .jitter = 0,
                                                                     .non_retryable = {"NoTruck"}},
                                            .on_cancel = ev::OnCancel::wait});
});
// [/overrides]

class Tasks : public testing::Test {
 protected:
  void SetUp() override { g_seen = {}; }
  void TearDown() override { env.replay_all(); }

  std::string state(const auto& execution) {
    return execution.waiting_for().at(0)["state"].as_string();
  }

  TestEnvironment env{service()};
};

// --- heartbeats ---

TEST_F(Tasks, TheNextAttemptGoesOnWhereTheLastOneStopped) {
  const auto execution = env.start(import_file, Import{"f", 5});
  EXPECT_EQ(execution.waiting_for().at(0)["heartbeat"], Json(3));
  env.tick();
  EXPECT_EQ(execution.result(), 5);
  EXPECT_EQ(g_seen.began_at, (std::vector<std::int64_t>{0, 3}));
}

TEST_F(Tasks, DetailsOfAFailedAttemptSurviveACrash) {
  const auto execution = env.start(import_file, Import{"f", 5});
  env.restart();
  env.tick();
  EXPECT_EQ(execution.result(), 5);
  EXPECT_EQ(g_seen.began_at, (std::vector<std::int64_t>{0, 3}));
}

TEST_F(Tasks, DetailsOfAnAttemptThatACrashInterruptsSurviveAsARow) {
  const auto execution = env.start(ship, Shipment{"s", "any"});
  env.heartbeat(g_seen.tokens.at(0), 1);
  env.tick(2);
  env.heartbeat(g_seen.tokens.at(0), 2);
  env.restart();
  EXPECT_EQ(execution.waiting_for().at(0)["heartbeat"], Json(1)) << "the first row, at once";
  env.heartbeat(g_seen.tokens.at(0), 3);
  env.tick(1);
  env.heartbeat(g_seen.tokens.at(0), 4);
  env.tick(5);
  env.restart();
  EXPECT_EQ(execution.waiting_for().at(0)["heartbeat"], Json(4)) << "five seconds later the next";
  env.complete(g_seen.tokens.at(0), std::string("x"));
  EXPECT_EQ(execution.result(), "x");
}

TEST_F(Tasks, AnAttemptThatIsSilentForLongerThanAllowedFailsWithHeartbeatTimeout) {  // 67, 154
  const auto often = env.start(watch, "often");
  const auto seldom = env.start(watch, "seldom");
  env.tick(10);
  EXPECT_EQ(seldom.status(), "running");
  env.tick(1);
  EXPECT_EQ(seldom.result(), "HeartbeatTimeout");
  env.tick(1min);
  EXPECT_EQ(often.result(), "done") << "exactly as long as allowed is not too long";
}

TEST_F(Tasks, AHeartbeatTimeoutAfterTheResultChangesNothing) {  // 68
  const auto execution = env.start(watch, "often");
  env.tick(30);
  EXPECT_EQ(execution.result(), "done");
  env.tick(1h);
  EXPECT_EQ(execution.result(), "done");
}

TEST_F(Tasks, ACallOverridesTheOptionsOfItsTask) {
  env.mock(ask_carrier).block();
  const auto silent_carrier = env.start(urgent, Shipment{"s", "any"});
  env.tick(1min);
  EXPECT_EQ(state(silent_carrier), "retry") << "after its minute";
  EXPECT_EQ(silent_carrier.waiting_for().at(0)["max_attempts"], Json(10));
  env.tick(4min);
  EXPECT_EQ(silent_carrier.error()->name(), "Timeout") << "all attempts have five minutes";
  auto refusing = env.mock(ask_carrier);
  refusing.fail("NoTruck");
  const std::size_t before = refusing.call_count();
  EXPECT_EQ(env.start(urgent, Shipment{"t", "any"}).error()->name(), "NoTruck");
  EXPECT_EQ(refusing.call_count(), before + 1) << "final at once";
}

TEST_F(Tasks, ATokensHeartbeatsCountToo) {
  env.mock(silent).async();
  auto mocked = env.mock(silent);
  const auto execution = env.start(watch, "x");
  for (int i = 0; i < 3; ++i) {
    env.tick(9);
    EXPECT_FALSE(env.heartbeat(mocked.tokens().at(0), std::string("alive")));
  }
  env.tick(11);
  EXPECT_EQ(execution.result(), "HeartbeatTimeout");
  EXPECT_THROW(env.heartbeat(mocked.tokens().at(0), 1), Error);
}

// --- results that come later ---

TEST_F(Tasks, AnAttemptMayBeCompletedByItsToken) {  // 257
  const auto execution = env.start(ship, Shipment{"s", "any"});
  EXPECT_EQ(state(execution), "deferred");
  env.tick(1h);
  env.call(carrier_answered, Answer{g_seen.tokens.at(0), "fast"});
  EXPECT_EQ(execution.result(), "fast");
}

TEST_F(Tasks, AFailureByTokenIsRetriedUnderTheTasksPolicyWithATokenOfItsOwn) {
  const auto execution = env.start(ship, Shipment{"s", "any"});
  env.call(carrier_failed, g_seen.tokens.at(0));
  EXPECT_EQ(state(execution), "retry");
  env.tick();
  ASSERT_EQ(g_seen.tokens.size(), 2U);
  EXPECT_THROW(env.call(carrier_failed, g_seen.tokens.at(0)), Error) << "that attempt is over";
  env.call(carrier_failed, g_seen.tokens.at(1));
  EXPECT_EQ(execution.error(), Error("NoTruck", "none left"));
}

TEST_F(Tasks, ADeferredAttemptSurvivesARestartAndItsTimeGoesOn) {
  const auto answered = env.start(ship, Shipment{"a", "any"}, {.name = "a"});
  const auto late = env.start(ship, Shipment{"b", "any"}, {.name = "b"});
  env.tick(12h);
  env.restart();
  EXPECT_EQ(g_seen.tokens.size(), 2U) << "nothing ran again";
  EXPECT_EQ(state(late), "deferred");
  env.complete(g_seen.tokens.at(0), std::string("after all"));
  EXPECT_EQ(answered.result(), "after all");
  env.tick(12h - 1ms);
  EXPECT_EQ(state(late), "deferred");
  env.tick(1ms);
  EXPECT_EQ(state(late), "retry");
}

TEST_F(Tasks, ForgedAlteredAndUsedTokensAreRefused) {  // 156
  const auto execution = env.start(ship, Shipment{"s", "any"});
  const std::string token = g_seen.tokens.at(0);
  const auto refusal = [&](const std::string& given) -> std::string {
    try {
      env.complete(given, std::string("x"));
      return "taken";
    } catch (const Error& error) {
      return error.name();
    }
  };
  EXPECT_EQ(refusal("nonsense"), "NotAllowed");
  std::string altered = token;
  altered[10] = altered[10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal(altered), "NotAllowed");
  EXPECT_THROW(env.complete(token, 5), Error) << "no result of that task";
  EXPECT_EQ(refusal(token), "taken");
  EXPECT_EQ(refusal(token), "Closed");
  EXPECT_EQ(execution.result(), "x");
}

TEST_F(Tasks, ATokenOfAClosedExecutionIsRefused) {
  const auto execution = env.start(ship, Shipment{"s", "any"});
  env.terminate(execution);
  EXPECT_THROW(env.complete(g_seen.tokens.at(0), std::string("x")), Error);
}

TEST_F(Tasks, AMockMayLeaveTokens) {
  auto carrier = env.mock(ask_carrier);
  carrier.async_once().succeed("mocked");
  const auto first = env.start(ship, Shipment{"a", "any"});
  EXPECT_EQ(env.start(ship, Shipment{"b", "any"}).result(), "mocked");
  ASSERT_EQ(carrier.tokens().size(), 1U);
  env.complete(carrier.tokens()[0], std::string("later"));
  EXPECT_EQ(first.result(), "later");
}

TEST_F(Tasks, AHeartbeatByTokenTellsThatTheAttemptIsToStop) {
  const auto execution = env.start(gives_up, "x");
  EXPECT_FALSE(env.call(carrier_busy, g_seen.tokens.at(0)));
  env.tick();
  EXPECT_EQ(execution.result(), "CancelledCancelled");
  EXPECT_THROW(env.call(carrier_busy, g_seen.tokens.at(0)), Error);
}

// --- limits ---

TEST_F(Tasks, NoMoreRunAtOnceThanTheLimitOfTheirKeyAllows) {
  const auto execution = env.start(
      call_all, std::vector<Shipment>{{"a1", "a"}, {"a2", "a"}, {"a3", "a"}, {"b1", "b"}});
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"a1", "b1"}));
  EXPECT_EQ(execution.waiting_for().at(1)["state"].as_string(), "limited");
  env.tick();
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"a1", "b1", "a2"}));
  env.tick(2);
  EXPECT_EQ(execution.result(), (std::vector<std::string>{"a1", "a2", "a3", "b1"}));
}

TEST_F(Tasks, TheLineIsKeptOverARestartAndNoPlaceIsLost) {
  const auto first = env.start(call_all, std::vector<Shipment>{{"1", "a"}}, {.name = "z"});
  env.tick(100ms);
  const auto second = env.start(call_all, std::vector<Shipment>{{"2", "a"}}, {.name = "y"});
  env.tick(100ms);
  const auto third = env.start(call_all, std::vector<Shipment>{{"3", "a"}}, {.name = "x"});
  env.restart();
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"1", "1"})) << "the oldest runs again";
  env.tick(3);
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"1", "1", "2", "3"}));
  EXPECT_EQ(third.result(), std::vector<std::string>{"3"});
}

TEST_F(Tasks, APlaceIsFreeAgainHoweverItsAttemptEnds) {
  auto carrier = env.mock(call_carrier);
  carrier.block();
  const auto terminated = env.start(call_all, std::vector<Shipment>{{"1", "a"}});
  const auto cancelled = env.start(call_all, std::vector<Shipment>{{"2", "a"}});
  const auto waits = env.start(call_all, std::vector<Shipment>{{"3", "a"}});
  const auto last = env.start(call_all, std::vector<Shipment>{{"4", "a"}});
  EXPECT_EQ(carrier.call_count(), 1U);
  env.terminate(terminated);
  EXPECT_EQ(carrier.call_count(), 2U);
  env.terminate(waits);  // from the middle of the line
  EXPECT_EQ(carrier.call_count(), 2U);
  env.cancel(cancelled);
  EXPECT_EQ(carrier.call_count(), 3U);
  EXPECT_EQ(carrier.calls().back().id, "4");
}

TEST_F(Tasks, NoMoreBeginInATimeThanTheRateAllows) {
  (void)env.start(mail_all, std::vector<std::string>{"1", "2", "3", "4", "5"});
  EXPECT_EQ(g_seen.order.size(), 2U);
  env.tick(5s - 1ms);
  EXPECT_EQ(g_seen.order.size(), 2U);
  env.tick(1ms);
  EXPECT_EQ(g_seen.order.size(), 3U);
  env.tick(10);
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"1", "2", "3", "4", "5"}));
  env.run_until_idle();
}

TEST_F(Tasks, EachKeyHasARateOfItsOwn) {
  const auto all = env.start(
      send_all, std::vector<Shipment>{{"a1", "a"}, {"a2", "a"}, {"b1", "b"}, {"a3", "a"}});
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"a1", "b1"}));
  env.tick(10);
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"a1", "b1", "a2"}));
  env.tick(10);
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"a1", "b1", "a2", "a3"}));
  EXPECT_EQ(all.status(), "succeeded");
}

TEST_F(Tasks, AfterARestartARateBeginsAnewAndTheLineIsKept) {
  const auto all =
      env.start(send_all, std::vector<Shipment>{{"1", "a"}, {"2", "a"}, {"3", "a"}, {"4", "a"}});
  env.tick(10);
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"1", "2"}));
  env.restart();
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"1", "2", "3"})) << "as in a new process";
  env.tick(10s - 1ms);
  EXPECT_EQ(g_seen.order.size(), 3U);
  env.tick(1ms);
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_EQ(all.status(), "succeeded");
}

TEST_F(Tasks, EvictionForgetsNeitherTheLineNorThePlaces) {
  TestEnvironment tight(service(), {.live_executions_max = 1});
  std::vector<TestExecution<std::vector<std::string>>> executions;
  for (int i = 0; i < 5; ++i) {
    executions.push_back(tight.start(call_all, std::vector<Shipment>{{std::to_string(i), "a"}}));
  }
  EXPECT_EQ(g_seen.order.size(), 1U);
  tight.tick(5);
  EXPECT_EQ(g_seen.order, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  for (const auto& execution : executions) EXPECT_EQ(execution.status(), "succeeded");
}

// --- cancellation ---

TEST_F(Tasks, ACancelledCallThatWaitsDeliversItsOutcomeAfterItsStopToken) {
  const auto execution = env.start(hold, "x");
  env.tick(2);
  env.cancel(execution);
  env.tick(1);
  EXPECT_EQ(g_seen.stopped, 1);
  EXPECT_EQ(execution.result(), "x stopped");
}

TEST_F(Tasks, AttemptsAreAskedToStopWhenTheyTimeOutOrTheirExecutionCloses) {
  const auto terminated = env.start(hold, "x");
  env.tick(2);
  env.terminate(terminated);
  env.tick(2);
  EXPECT_EQ(g_seen.stopped, 1);
  const auto timed_out = env.start(hold, "y", {.timeout = 5s});
  env.tick(7);
  EXPECT_EQ(timed_out.status(), "timed_out");
  EXPECT_EQ(g_seen.stopped, 2);
}

TEST_F(Tasks, AShieldedCallIsNotAskedToStopAndTheSagaRunsAfterIt) {
  const auto execution = env.start(booked, "trip");
  env.tick(1);
  env.cancel(execution);
  env.tick(30);
  EXPECT_EQ(execution.status(), "running");
  env.restart();
  env.tick(60);
  EXPECT_EQ(execution.status(), "cancelled");
  EXPECT_EQ(g_seen.stopped, 0);
  EXPECT_EQ(g_seen.order, std::vector<std::string>{"undo trip"});
}

TEST_F(Tasks, ALimitInTimeGivesTheCallUp) {
  env.mock(patient).succeed("ticket");
  const auto execution = env.start(booked, "trip");
  env.tick(5min);
  EXPECT_EQ(execution.error()->name(), "Timeout");
  EXPECT_EQ(g_seen.order, std::vector<std::string>{"undo trip"});
  EXPECT_THROW(env.complete(g_seen.tokens.at(0), std::string("late")), Error);
}

TEST_F(Tasks, ACrashInTheMiddleOfCompensatingGoesOnAndACancelDoesNotInterruptIt) {
  auto undoing = env.mock(undo);
  undoing.block_once().succeed();
  env.mock(patient).fail("Broken");
  const auto execution = env.start(booked, "trip");
  EXPECT_EQ(execution.status(), "running");
  env.cancel(execution);
  EXPECT_EQ(execution.status(), "running");
  env.restart();
  EXPECT_EQ(undoing.call_count(), 2U);
  EXPECT_EQ(execution.error()->name(), "Broken");
}

TEST_F(Tasks, TerminateRunsNothing) {
  const auto execution = env.start(booked, "trip");
  env.terminate(execution, "enough");
  EXPECT_EQ(execution.status(), "terminated");
  env.tick(2h);
  EXPECT_TRUE(g_seen.order.empty());
}

TEST_F(Tasks, ClosingAParentDoesToItsChildrenWhatTheySay) {
  for (const std::string how : {"succeeds", "fails", "waits"}) {
    const auto parent = env.start(family, how);
    if (how == "waits") {
      EXPECT_EQ(env.view(ExecutionId{"sleeper/waits-1", 0})["status"].as_string(), "running");
      env.restart();
      env.cancel(parent);
    }
    EXPECT_NE(parent.status(), "running");
    EXPECT_EQ(env.view(ExecutionId{"sleeper/" + how + "-0", 0})["status"].as_string(), "running");
    EXPECT_EQ(env.view(ExecutionId{"sleeper/" + how + "-1", 0})["status"].as_string(), "cancelled");
    EXPECT_EQ(env.view(ExecutionId{"sleeper/" + how + "-2", 0})["status"].as_string(),
              "terminated");
  }
}

TEST_F(Tasks, CancellingAChildsFutureAsksTheChildToCancel) {
  const auto execution = env.start(gives_up, "x");
  EXPECT_EQ(env.view(ExecutionId{"sleeper/x", 0})["status"].as_string(), "running");
  env.tick();
  EXPECT_EQ(execution.result(), "CancelledCancelled");
  EXPECT_EQ(env.view(ExecutionId{"sleeper/x", 0})["status"].as_string(), "cancelled");
}

TEST(TaskOptions, AKeyOfAnotherTypeIsADefect) {
  Service wrong{"wrong"};
  wrong.task("t", {.limit = {.concurrency = 1, .key = &Shipment::carrier}},
             [](std::string text) { return text; });
  wrong.task("u", {.limit = {.key = [](const std::string& text) { return text; }}},
             [](std::string text) { return text; });
  ASSERT_EQ(wrong.declarations().defects().size(), 2U);
}

}  // namespace
}  // namespace eventual
