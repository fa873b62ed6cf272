// What cannot go on is parked with its reason, loses nothing that arrives, and goes on when it is
// repaired.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;
using ports::Table;

std::vector<std::string> g_done;
bool g_undo_fails = false;

constexpr Signal<std::string> add("add");
constexpr Signal<> finish("finish");
constexpr Task<std::string, std::string> work("work");
constexpr Task<std::string, std::string> undo_it("undoIt");

/// The service as it was, and after a change that does not agree with recorded histories.
struct Version : Service {
  explicit Version(int version) : Service("versions") {
    signal<std::string>("add");
    signal<void>("finish");
    task("work", [](const std::string& what) -> std::string {
      g_done.push_back(what);
      return what;
    });
    task("undoIt", [](const std::string& what) -> std::string {
      if (g_undo_fails) throw Error("UndoFailed", what);
      g_done.push_back("undo " + what);
      return what;
    });
    if (version == 1) {
      workflow("flow", [](std::string name) -> Future<std::string> {
        std::string seen;
        auto listening = add.on([&](std::string text) { seen += text; });
        log_levels::info("it runs");
        const std::string done = co_await work(name);
        log_levels::info("it goes on");
        bool finished = false;
        auto ending = finish.on([&] { finished = true; });
        (void)co_await condition([&] { return finished; }, {.timeout = 1h});
        co_return done + ":" + seen;
      });
    } else if (version == 2) {
      workflow("flow", [](std::string) -> Future<std::string> {
        co_await sleep_for(1h);
        co_return "other";
      });
    }
    workflow("undone", [](std::string name) -> Future<std::string> {
      Saga saga;
      std::string seen;
      auto listening = add.on([&](std::string text) { seen += text; });
      saga.undo(undo_it, name);
      co_await work(name);
      throw Error("Broken", name);
    });
    workflow("parent", [](std::string name) -> Future<std::string> {
      constexpr Workflow<std::string, std::string> flow("flow");
      co_return co_await flow(name, {.name = "child"});
    });
    workflow("child", [](std::string name) -> Future<std::string> { co_return name; });
  }
};

Version& v1() {
  static Version made(1);
  return made;
}
Version& v2() {
  static Version made(2);
  return made;
}
Version& without() {
  static Version made(3);
  return made;
}

struct ParkingTest : testing::Test {
  void SetUp() override {
    g_done.clear();
    g_undo_fails = false;
  }
};

const std::string k_flow = "flow/one";
const std::string k_garbage("\x01\xff\xff\xff\xff\xff", 6);

TEST_F(ParkingTest, CodeThatDiffersParksAndAgreeingCodeGoesOnByItself) {
  World world(v1());
  world.run_tasks = false;
  world.start_json("flow", R"("x")", "one").value();
  world.restart(v2());
  EXPECT_EQ(world.view(k_flow).status, "parked");
  EXPECT_EQ(world.view(k_flow).error->name(), "DeterminismError");
  EXPECT_NE(world.view(k_flow).error->message().find("work"), std::string::npos);
  ASSERT_FALSE(world.view(k_flow).waiting_for.empty());
  EXPECT_EQ(world.view(k_flow).waiting_for[0].kind, "parked");
  EXPECT_FALSE(world.resume(k_flow).ok()) << "nothing has changed";
  EXPECT_TRUE(world.attempts.empty()) << "no attempt runs while it is parked";
  world.restart(v1());
  world.settle();
  EXPECT_EQ(world.view(k_flow).status, "running");
  ASSERT_EQ(world.attempts.size(), 1U);
  world.run_tasks = true;
  world.settle();
  world.signal(k_flow, "finish").value();
  EXPECT_EQ(world.view(k_flow).result_json, R"("x:")");
  EXPECT_EQ(world.replay_difference(k_flow), "");
  EXPECT_TRUE(world.rows(Table::active).empty());
  EXPECT_TRUE(world.rows(Table::timers).empty());
}

TEST_F(ParkingTest, AParkedOneSaysSinceWhen) {
  World world(v1());
  world.start_json("flow", R"("x")", "one").value();
  world.now += 5min;
  world.restart(v2());
  world.view(k_flow);
  world.now += 5min;
  world.restart(v2());
  EXPECT_EQ(world.view(k_flow).waiting_for.at(0).since, Timestamp(5min));
}

TEST_F(ParkingTest, SignalsThatArriveWhileItIsParkedAreAppliedOnceEachInOrder) {
  for (const int restarts : {0, 1, 2}) {
    World world(v1());
    world.start_json("flow", R"("x")", "one").value();
    world.restart(v2());
    EXPECT_TRUE(world.signal(k_flow, "add", R"("a")", "m1").ok());
    EXPECT_TRUE(world.signal(k_flow, "add", R"("a")", "m1").ok());
    if (restarts > 0) world.restart(v2());
    EXPECT_TRUE(world.signal(k_flow, "add", R"("a")", "m1").ok()) << "also after a restart";
    EXPECT_TRUE(world.signal(k_flow, "add", R"("b")").ok());
    if (restarts > 1) world.restart(v2());
    EXPECT_TRUE(world.signal(k_flow, "add", R"("c")").ok());
    EXPECT_EQ(world.view(k_flow).status, "parked");
    world.restart(v1());
    world.settle();
    EXPECT_EQ(world.view(k_flow).status, "running");
    EXPECT_TRUE(world.signal(k_flow, "add", R"("a")", "m1").ok()) << "and when it goes on";
    world.signal(k_flow, "finish").value();
    EXPECT_EQ(world.view(k_flow).result_json, R"("x:abc")") << restarts;
    EXPECT_EQ(world.replay_difference(k_flow), "");
    EXPECT_TRUE(world.rows(Table::messages).empty());
  }
}

TEST_F(ParkingTest, TimersAndResultsThatCameWhileItWasParkedAreAppliedOnce) {
  World world(v1());
  world.start_json("flow", R"("x")", "one").value();
  world.restart(v2());
  EXPECT_EQ(world.view(k_flow).status, "parked");
  world.advance(2h);
  EXPECT_EQ(world.view(k_flow).status, "parked");
  world.restart(v1());
  world.settle();
  EXPECT_EQ(world.view(k_flow).result_json, R"("x:")");
  EXPECT_EQ(world.count(k_flow, "call_timed_out"), 1U);
  EXPECT_EQ(world.replay_difference(k_flow), "");
  EXPECT_TRUE(world.rows(Table::timers).empty());
}

/// Parks `undone/one` by its failed compensation, with an attempt of `work` answered before.
void park_by_compensation(World& world) {
  g_undo_fails = true;
  world.start_json("undone", R"("x")", "one").value();
  ASSERT_EQ(world.view("undone/one").status, "parked");
  ASSERT_EQ(world.view("undone/one").error->name(), "CompensationFailed");
}

TEST_F(ParkingTest, AFailedCompensationIsTriedAgainOnResume) {
  for (const bool restart : {false, true}) {
    World world(v1());
    park_by_compensation(world);
    if (restart) world.restart();
    EXPECT_EQ(world.view("undone/one").status, "parked");
    EXPECT_TRUE(world.resume("undone/one").value());
    EXPECT_EQ(world.view("undone/one").status, "parked") << "it failed again";
    if (restart) world.restart();
    g_undo_fails = false;
    EXPECT_TRUE(world.resume("undone/one").value());
    EXPECT_EQ(world.view("undone/one").status, "failed");
    EXPECT_EQ(world.view("undone/one").error->name(), "Broken");
    EXPECT_EQ(g_done.back(), "undo x");
    EXPECT_EQ(world.replay_difference("undone/one"), "");
    EXPECT_EQ(world.resume("undone/one").error().name(), "Closed");
    EXPECT_TRUE(world.rows(Table::active).empty());
    EXPECT_TRUE(world.rows(Table::messages).empty());
  }
}

TEST_F(ParkingTest, WhatIsKeptForAnExecutionThatClosesOnResumeIsTakenAway) {
  World world(v1());
  park_by_compensation(world);
  EXPECT_TRUE(world.signal("undone/one", "add", R"("late")").ok());
  EXPECT_TRUE(world.signal("undone/one", "add", R"("late")").ok());
  EXPECT_EQ(world.rows(Table::messages).size(), 2U);
  g_undo_fails = false;
  EXPECT_TRUE(world.resume("undone/one").value());
  EXPECT_EQ(world.view("undone/one").status, "failed");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST_F(ParkingTest, TerminatingAParkedOneTakesEverythingOfItAway) {
  World world(v1());
  world.run_tasks = false;
  world.start_json("flow", R"("x")", "one").value();
  world.restart(v2());
  EXPECT_TRUE(world.signal(k_flow, "add", R"("a")").ok());
  EXPECT_TRUE(world.terminate(k_flow, "enough").ok());
  EXPECT_EQ(world.view(k_flow).status, "terminated");
  EXPECT_TRUE(world.rows(Table::messages).empty());
  EXPECT_TRUE(world.rows(Table::timers).empty());
  EXPECT_TRUE(world.rows(Table::active).empty());
}

TEST_F(ParkingTest, CancellingAParkedOneWaitsForItToGoOn) {
  World world(v1());
  world.start_json("flow", R"("x")", "one").value();
  world.restart(v2());
  EXPECT_TRUE(world.cancel(k_flow).ok());
  EXPECT_EQ(world.view(k_flow).status, "parked");
  world.restart(v1());
  world.settle();
  EXPECT_EQ(world.view(k_flow).status, "cancelled");
  EXPECT_EQ(world.count(k_flow, "cancel_requested"), 1U);
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST_F(ParkingTest, AnUndeclaredWorkflowIsParkedAndGoesOnWhenItIsDeclaredAgain) {
  World world(v1());
  world.start_json("flow", R"("x")", "one").value();
  world.restart(without());
  EXPECT_EQ(world.view(k_flow).status, "parked");
  EXPECT_EQ(world.view(k_flow).error->name(), "NotFound");
  world.restart(v1());
  EXPECT_EQ(world.view(k_flow).status, "running");
}

TEST_F(ParkingTest, ResumedByTheSameProcessItLogsAndRunsAsBefore) {
  // The execution is read again within one process: nothing of the first reading may be used.
  ScriptedMarker marker;
  World world(v1(), {}, &marker);
  world.run_tasks = false;
  world.start_json("flow", R"("x")", "one").value();
  marker.counts[ScriptedMarker::name_of(k_flow, ports::CallName::k_workflow_code)] = 3;
  world.restart();
  world.settle();
  EXPECT_EQ(world.view(k_flow).status, "parked");
  EXPECT_EQ(world.view(k_flow).error->name(), "CrashedRepeatedly");
  EXPECT_TRUE(world.attempts.empty());
  EXPECT_TRUE(world.resume(k_flow).value());
  EXPECT_EQ(world.view(k_flow).status, "running");
  ASSERT_EQ(world.attempts.size(), 1U);
  world.log.clear();
  world.run_attempt();
  world.settle();
  ASSERT_EQ(world.log.size(), 1U);
  EXPECT_EQ(world.log[0], "flow/one: it goes on");
  world.signal(k_flow, "finish").value();
  EXPECT_EQ(world.view(k_flow).status, "succeeded");
  EXPECT_EQ(marker.depth, 0);
}

TEST_F(ParkingTest, ATaskThatCrashedTheProcessThreeTimesIsParkedUntilResumed) {
  ScriptedMarker marker;
  World world(v1(), {}, &marker);
  world.run_tasks = false;
  world.start_json("flow", R"("x")", "one").value();
  for (std::uint32_t crash = 1; crash <= 3; ++crash) {
    EXPECT_EQ(world.attempts.size(), 1U);
    marker.counts[ScriptedMarker::name_of(k_flow, 0)] = crash;
    world.restart();
    world.settle();
  }
  EXPECT_TRUE(world.attempts.empty());
  EXPECT_EQ(world.view(k_flow).error->name(), "CrashedRepeatedly");
  world.restart();
  world.settle();
  EXPECT_TRUE(world.attempts.empty()) << "also after the next start";
  EXPECT_TRUE(world.resume(k_flow).value());
  ASSERT_EQ(world.attempts.size(), 1U);
  EXPECT_EQ(world.attempts[0].attempt, 1U);
  world.run_attempt();
  world.settle();
  EXPECT_TRUE(world.rows(Table::active).empty());
  EXPECT_EQ(world.view(k_flow).status, "running");
}

TEST_F(ParkingTest, AResultInTheRoundOfTheResumeLeavesNoActiveRow) {
  ScriptedMarker marker;
  World world(v1(), {}, &marker);
  world.run_tasks = false;
  world.start_json("flow", R"("x")", "one").value();
  marker.counts[ScriptedMarker::name_of(k_flow, 0)] = 3;
  const Attempt attempt = world.attempts.front();
  world.restart();
  world.settle();
  EXPECT_EQ(world.view(k_flow).status, "parked");
  world.engine().resume({"flow", "one", 0}, [](auto reply) { EXPECT_TRUE(reply.ok()); }, world.now);
  world.finish(attempt);
  world.settle();
  EXPECT_EQ(world.view(k_flow).status, "running");
  EXPECT_TRUE(world.rows(Table::active).empty());
}

TEST_F(ParkingTest, AChildWhoseFirstTurnCrashesTheProcessFailsItsCallInsteadOfEveryStart) {
  ScriptedMarker marker;
  World world(v1(), {}, &marker);
  world.engine().start({"parent", "one", R"("x")", {}}, [](auto) {}, world.now);
  Output output = world.engine().take_output();
  world.store().commit({&output.batch, 1}).value();
  marker.counts[ScriptedMarker::name_of("flow/child", ports::CallName::k_workflow_code)] = 3;
  world.restart();
  world.settle();
  EXPECT_EQ(world.view("parent/one").status, "failed");
  EXPECT_EQ(world.view("parent/one").error->name(), "CrashedRepeatedly");
}

struct Broken : ParkingTest, testing::WithParamInterface<int> {};

TEST_P(Broken, ACorruptHistoryParksOnlyItsExecutionAndIsGoneWithItsRepair) {
  const std::string history_key = [&] {
    World probe(v1());
    return model::keys::history(probe.shard(k_flow), k_flow, 1, 2);
  }();
  World world(v1());
  world.run_tasks = false;
  world.start_json("flow", R"("x")", "one").value();
  world.start_json("flow", R"("y")", "two").value();
  world.signal(k_flow, "add", R"("a")", "m1").value();  // turn 1
  world.signal(k_flow, "add", R"("b")", "m2").value();  // turn 2
  world.signal(k_flow, "add", R"("c")", "m3").value();  // turn 3
  const World::Rows before = world.rows(Table::history);
  ASSERT_EQ(before.size(), 3U);
  ASSERT_TRUE(before.contains(history_key));
  if (GetParam() == 0) {
    world.put_row(Table::history, history_key, k_garbage);
  } else {
    world.remove_row(Table::history, history_key);
  }
  world.restart();
  world.settle();
  EXPECT_EQ(world.view(k_flow).status, "parked");
  EXPECT_EQ(world.view(k_flow).error->name(), "Corrupt");
  EXPECT_NE(world.view(k_flow).error->message().find(k_flow), std::string::npos);
  EXPECT_EQ(world.view("flow/two").status, "running");
  EXPECT_TRUE(world.signal(k_flow, "add", R"("d")", "m4").ok());
  EXPECT_TRUE(world.signal(k_flow, "add", R"("d")", "m4").ok());
  EXPECT_FALSE(world.resume(k_flow).ok());
  for (const auto& [key, value] : before) {
    if (key == history_key) continue;
    EXPECT_EQ(world.rows(Table::history).at(key), value) << "what can be read is left as it is";
  }
  world.put_row(Table::history, history_key, before.at(history_key));
  world.attempts.clear();
  EXPECT_TRUE(world.resume(k_flow).value());
  EXPECT_EQ(world.view(k_flow).status, "running");
  ASSERT_EQ(world.attempts.size(), 1U) << "the attempt that was in flight runs again";
  world.run_attempt();
  world.settle();
  world.signal(k_flow, "finish").value();
  EXPECT_EQ(world.view(k_flow).result_json, R"("x:abcd")");
  EXPECT_EQ(world.replay_difference(k_flow), "");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

INSTANTIATE_TEST_SUITE_P(Garbage, Broken, testing::Values(0, 1));

TEST_F(ParkingTest, TerminatingOneWithACorruptHistoryTellsItsParent) {
  World world(v1());
  world.run_tasks = false;
  world.start_json("parent", R"("x")", "one").value();
  const std::string id = "flow/child";
  world.signal(id, "add", R"("a")").value();
  world.put_row(Table::history, model::keys::history(world.shard(id), id, 1, 1), k_garbage);
  world.restart();
  world.settle();
  EXPECT_EQ(world.view(id).status, "parked");
  EXPECT_TRUE(world.terminate(id).ok());
  EXPECT_EQ(world.view("parent/one").status, "failed");
  EXPECT_EQ(world.view("parent/one").error->name(), "Terminated");
  EXPECT_TRUE(world.rows(Table::active).empty());
}

TEST_F(ParkingTest, ACorruptExecutionRowIsToldAndLosesNoAnswerThatIsMeantForIt) {
  World world(v1());
  world.start_json("parent", R"("x")", "one").value();
  world.start_json("flow", R"("y")", "two").value();
  const std::string key = model::keys::execution(world.shard("parent/one"), "parent/one");
  const std::string good = world.rows(Table::executions).at(key);
  world.put_row(Table::executions, key, k_garbage);
  world.restart();
  EXPECT_EQ(world.start_json("parent", R"("x")", "one").error().name(), "Corrupt");
  EXPECT_NE(world.signal("parent/one", "add", R"("x")").error().message().find("parent/one"),
            std::string::npos);
  EXPECT_EQ(world.view("flow/two").status, "running");
  world.signal("flow/child", "finish").value();  // its answer cannot be taken now
  EXPECT_EQ(world.view("flow/child").status, "succeeded");
  world.restart();
  world.put_row(Table::executions, key, good);
  world.restart();
  world.settle();
  EXPECT_EQ(world.view("parent/one").status, "succeeded");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

TEST_F(ParkingTest, GarbageAmongMessagesIsLeftAlone) {
  World world(v1());
  world.put_row(Table::messages, "x", k_garbage);
  world.put_row(Table::active, "", "");
  world.put_row(Table::timers, "y", "");
  world.restart();
  world.start_json("flow", R"("x")", "one").value();
  EXPECT_EQ(world.view(k_flow).status, "running");
}

TEST_F(ParkingTest, ASignalKeptInABatchThatIsStillBeingWrittenIsAppliedOnce) {
  ScriptedMarker marker;
  World world(v1(), {}, &marker);
  world.start_json("flow", R"("x")", "one").value();
  marker.counts[ScriptedMarker::name_of(k_flow, ports::CallName::k_workflow_code)] = 3;
  world.restart();
  EXPECT_EQ(world.view(k_flow).status, "parked");
  world.engine().signal({{"flow", "one", 0}, "add", R"("a")", ""}, [](auto) {}, world.now);
  Output kept = world.engine().take_output();
  world.store().commit({&kept.batch, 1}).value();  // durable, and the engine has not been told yet
  world.engine().resume({"flow", "one", 0}, [](auto) {}, world.now);
  Output resumed = world.engine().take_output();
  world.engine().committed(kept, world.now);
  world.store().commit({&resumed.batch, 1}).value();
  world.engine().committed(resumed, world.now);
  world.settle();
  if (world.view(k_flow).status == "parked") world.resume(k_flow).value();
  world.signal(k_flow, "finish").value();
  EXPECT_EQ(world.view(k_flow).result_json, R"("x:a")");
  EXPECT_TRUE(world.rows(Table::messages).empty());
}

}  // namespace
}  // namespace eventual::engine
