#include "host/handler_runtime.hpp"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>

#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

/// Answers from a thread of its own: executions named "open" never close, others give their input
/// back.
class FakeOperations final : public ports::Operations {
 public:
  ~FakeOperations() override {
    for (std::thread& thread : threads_) thread.join();
  }
  void start(ports::StartRequest request, ports::Callback<ports::StartReply> done) override {
    const std::string name = request.name.value_or("made");
    if (name == "taken") {
      return done(Error(std::string(error_names::k_already_exists), "it has another input"));
    }
    const std::string id = request.workflow + "/" + name;
    {
      const std::lock_guard lock(mutex_);
      inputs_[id] = request.input_json;
    }
    answer([done = std::move(done), id] { done(ports::StartReply{id, 1, false}); });
  }
  void signal(ports::SignalRequest request, ports::Callback<bool> done) override {
    signals.push_back(request.execution.id() + " " + request.signal + " " + request.payload_json);
    answer([done = std::move(done)] { done(true); });
  }
  void update(ports::UpdateRequest request, ports::Callback<ports::UpdateReply> done) override {
    ports::UpdateReply reply{request.update_id, std::nullopt, std::nullopt};
    if (request.execution.name == "failing") {
      reply.error = Error("NoSuchStreet", request.input_json);
    } else {
      reply.result_json = request.input_json;
    }
    answer([done = std::move(done), reply = std::move(reply)] { done(reply); });
  }
  void published(ports::ExecutionRef execution, ports::Callback<std::string> done) override {
    answer([done = std::move(done), run = execution.run] { done(std::to_string(10 + run)); });
  }
  void describe(ports::ExecutionRef, ports::Callback<ports::ExecutionView>) override {}
  void wait_closed(ports::ExecutionRef execution, Duration,
                   ports::Callback<ports::ExecutionView> done) override {
    if (execution.name == "open") return;
    ports::ExecutionView view;
    view.status = execution.name == "cancelled" ? "cancelled" : "succeeded";
    {
      const std::lock_guard lock(mutex_);
      const auto input = inputs_.find(execution.id());
      view.result_json = input != inputs_.end() ? input->second : "7";
    }
    view.execution = std::move(execution);
    if (view.status == "cancelled") view.result_json.reset();
    done(std::move(view));
  }
  void cancel(ports::ExecutionRef execution, ports::Callback<bool> done) override {
    if (execution.name == "gone") return done(Error(std::string(error_names::k_not_found), "gone"));
    done(true);
  }
  void terminate(ports::ExecutionRef, std::string, ports::Callback<bool>) override {}
  void pause(ports::ExecutionRef, std::string, ports::Callback<bool>) override {}
  void resume(ports::ExecutionRef, ports::Callback<bool>) override {}
  void retry(ports::ExecutionRef, ports::Callback<ports::StartReply>) override {}
  void fork(ports::ForkRequest, ports::Callback<ports::StartReply>) override {}
  void schedules(std::string, ports::Callback<std::vector<ports::ScheduleView>>) override {}
  void act_on_schedule(ports::ScheduleAct, ports::Callback<ports::ScheduleReply>) override {}
  Result<ports::ListReply> list(const ports::ListRequest&) override { return ports::ListReply{}; }
  Result<ports::HistoryReply> history(const ports::HistoryRequest&) override {
    return ports::HistoryReply{};
  }
  ports::Health health() override { return {}; }

  std::vector<std::string> signals;

 private:
  void answer(std::function<void()> function) { threads_.emplace_back(std::move(function)); }
  std::mutex mutex_;  // a workflow's result is asked for where its start was answered
  std::map<std::string, std::string> inputs_;
  std::vector<std::thread> threads_;
};

Future<int> echo_workflow(int input) { co_return input; }

/// A service whose one command is the handler, run as a command or as a task's attempt.
class HandlerRuntimeTest : public testing::Test {
 protected:
  template <class Handler>
  std::string run(Handler handler, bool in_task = false) {
    const detail::HandlerFunction function = detail::make_handler(std::move(handler));
    detail::HandlerScope scope{nullptr, nullptr, nullptr, nullptr,
                               &service.declarations().provided()};
    const HandlerHost host{operations,
                           service.declarations(),
                           nullptr,
                           [this](LogLevel, std::string_view id, std::string_view message) {
                             logged.push_back(std::string(id) + "|" + std::string(message));
                           },
                           nullptr,
                           &clock};
    attempt = {"caller/c-1", 2, "key-1", {}, {}};
    try {
      HandlerRuntime runtime(host, in_task ? &attempt : nullptr);
      return runtime.run(function, "null", scope);
    } catch (...) {
      const Error error = eventual::describe(std::current_exception());
      return error.name() + ": " + error.message();
    }
  }

  Service service{"test"};
  Workflow<int, int> echo = service.workflow("echo", &echo_workflow);
  Signal<int> poke = service.signal<int>("poke");
  Task<int, int> work = service.task("work", [](int input) { return input; });
  FakeOperations operations;
  AwakeClock clock;
  AttemptScope attempt;
  std::vector<std::string> logged;
};

TEST_F(HandlerRuntimeTest, StartsAWorkflowAndGivesItsId) {
  EXPECT_EQ(run([&] { return echo.start(5, {.name = "o\"1"}).get().id(); }), R"("echo/o\"1")");
}

TEST_F(HandlerRuntimeTest, RunsAWorkflowAndGivesItsResult) {
  EXPECT_EQ(run([&] { return echo(5).get(); }), "5");
}

TEST_F(HandlerRuntimeTest, GivesTheFailureOfAStart) {
  EXPECT_EQ(run([&] { return echo.start(5, {.name = "taken"}).get().id(); }),
            "AlreadyExists: it has another input");
}

TEST_F(HandlerRuntimeTest, WaitsForTheResultOfAnExecutionThatExists) {
  EXPECT_EQ(run([&] { return echo.execution("before").result().get(); }), "7");
  EXPECT_EQ(run([&] { return echo.execution("cancelled").result().get(); }),
            "Cancelled: execution echo/cancelled was cancelled");
}

TEST_F(HandlerRuntimeTest, AsksUpdatesAndQueriesAndCancels) {
  const auto doubled = service.query("doubled", [](const std::int64_t& view) { return 2 * view; });
  const auto plus = service.query(
      "plus",
      [](const std::int64_t& view, std::int64_t more) -> std::int64_t { return view + more; });
  const auto move = service.update<std::string, std::string>("move");
  const ExecutionId one{"echo/one", 3};
  EXPECT_EQ(run([&] { return doubled.ask(one).get(); }), "26");
  EXPECT_EQ(run([&] { return plus.ask(one, 4).get(); }, true), "17");
  EXPECT_EQ(run([&] { return move.ask(one, "Graz").get(); }), R"("Graz")");
  EXPECT_EQ(run([&] { return move.ask(ExecutionId{"echo/failing", 0}, "Graz").get(); }),
            R"(NoSuchStreet: "Graz")");
  EXPECT_EQ(run([&] {
              cancel(one).get();
              cancel(ExecutionId{"echo/gone", 0}).get();
              return 1;
            }),
            "1");
  EXPECT_EQ(run([&] { return echo.start_child(1).id(); }),
            "NotAllowed: start_child() works only in a workflow");
}

TEST_F(HandlerRuntimeTest, ACoroutineHandlerAwaitsSeveralThings) {
  EXPECT_EQ(run([this]() -> int {
              auto both = [](Workflow<int, int> workflow) -> Future<int> {
                auto a = workflow(20, {.name = "a"});
                auto b = workflow(22, {.name = "b"});
                co_await sleep_for(std::chrono::milliseconds(1));
                auto [x, y] = co_await all(a, b);
                co_return x + y;
              };
              return both(echo).get();
            }),
            "42");
}

TEST_F(HandlerRuntimeTest, ATimerEndsARaceThatNothingElseEnds) {
  EXPECT_EQ(run([this] {
              auto either = [](Workflow<int, int> workflow) -> Future<std::string> {
                auto winner = co_await race(workflow.execution("open").result(),
                                            sleep_for(std::chrono::milliseconds(2)));
                co_return std::string(winner.index() == 0 ? "result" : "timer");
              };
              return either(echo).get();
            }),
            "\"timer\"");
}

TEST_F(HandlerRuntimeTest, CoroutinesThatHaveNotEndedAreDestroyedWithTheHandler) {
  auto alive = std::make_shared<int>(1);
  const std::string result = run([&] {
    auto forever = [](std::shared_ptr<int>, Workflow<int, int> workflow) -> Future<void> {
      (void)co_await workflow.execution("open").result();
    };
    detach(forever(alive, echo));
    return alive.use_count();
  });
  EXPECT_EQ(result, "2");
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(HandlerRuntimeTest, ASignalFromATaskLeavesWithItsSuccess) {
  EXPECT_EQ(run([&] { poke.send(ExecutionId{"echo/e-1"}, 4, {.id = "m-1"}).get(); }, true), "null");
  ASSERT_EQ(attempt.signals.size(), 1U);
  EXPECT_EQ(attempt.signals[0].execution_id, "echo/e-1");
  EXPECT_EQ(attempt.signals[0].signal, "poke");
  EXPECT_EQ(attempt.signals[0].payload, "4");
  EXPECT_EQ(attempt.signals[0].message_id, "m-1");
  EXPECT_TRUE(operations.signals.empty());
}

TEST_F(HandlerRuntimeTest, ASignalFromACommandAndAnImmediateOneLeaveAtOnce) {
  run([&] { poke.send(ExecutionId{"echo/e-1"}, 4).get(); });
  run([&] { poke.send(ExecutionId{"echo/e-1"}, 5, {.immediate = true}).get(); }, true);
  EXPECT_EQ(operations.signals, (std::vector<std::string>{"echo/e-1 poke 4", "echo/e-1 poke 5"}));
  EXPECT_TRUE(attempt.signals.empty());
}

TEST_F(HandlerRuntimeTest, RefusesWhatOnlyWorkflowsMayDo) {
  EXPECT_EQ(run([&] { return work(1).get(); }),
            "NotAllowed: calling a task works only in a workflow");
  EXPECT_EQ(run([&] { return poke.expect().get(); }),
            "NotAllowed: expecting a signal works only in a workflow");
  EXPECT_EQ(run([&] { return condition([] { return true; }).get(); }),
            "NotAllowed: a condition works only in a workflow");
  EXPECT_EQ(run([&] { auto listening = poke.on([](int) {}); }),
            "NotAllowed: listening to a signal works only in a workflow");
}

TEST_F(HandlerRuntimeTest, SaysThatNothingCanEndAWait) {
  EXPECT_EQ(run([] {
              auto never = []() -> Future<void> {
                std::vector<Future<int>> nothing;
                (void)co_await race(std::move(nothing));
              };
              never().get();
            }),
            "AllFailed: there was nothing to wait for");
}

TEST_F(HandlerRuntimeTest, KnowsTheCallerOfATask) {
  EXPECT_EQ(
      run([] { return this_execution().id + "#" + std::to_string(this_execution().run); }, true),
      "\"caller/c-1#2\"");
  EXPECT_EQ(run([] { return idempotency_key(); }, true), "\"key-1\"");
  EXPECT_EQ(run([] { return this_execution().id; }).substr(0, 10), "NotAllowed");
  EXPECT_EQ(run([] { return idempotency_key(); }).substr(0, 10), "NotAllowed");
}

TEST_F(HandlerRuntimeTest, LogsWithTheCallersId) {
  run([] { log_levels::info("hello"); }, true);
  run([] { log_levels::info("hello"); });
  EXPECT_EQ(logged, (std::vector<std::string>{"caller/c-1|hello", "|hello"}));
}

TEST_F(HandlerRuntimeTest, DrawsFreshNumbersIdsAndTheWallClock) {
  EXPECT_EQ(run([] { return new_id() != new_id() && random_u64() != random_u64(); }), "true");
  EXPECT_EQ(run([] {
              return random_double() < 1.0 && now() > Timestamp(std::chrono::hours(24 * 365 * 50));
            }),
            "true");
}

TEST(HandlerRuntimeOutside, OperationsSayWhereTheyWork) {
  try {
    (void)now();
    FAIL() << "the time was read outside of any handler";
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), error_names::k_not_allowed);
  }
}

}  // namespace
}  // namespace eventual::host
