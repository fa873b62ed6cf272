// A whole node: engine, store, handlers and threads.
#include "host/node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "store/faulty_store.hpp"
#include "tests/host/support.hpp"

namespace eventual::host {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// A small service, whose tasks leave traces.
struct Shop {
  Service service{"shop"};
  std::atomic<int> flaky_runs{0};
  std::mutex mutex;
  std::vector<std::string> trace;
  Gate hold;
  Gate held;

  static inline Shop* current = nullptr;  // workflows and their tasks capture nothing
  Shop() { current = this; }
  ~Shop() { current = nullptr; }

  void add(std::string entry) {
    const std::lock_guard lock(mutex);
    trace.push_back(std::move(entry));
  }

  Task<int, int> twice = service.task("twice", [](int input) { return 2 * input; });
  Task<int, int> flaky = service.task(
      "flaky", {.retry = {.max_attempts = 3, .initial_interval = 1ms, .jitter = 0}},
      [this](int input, const TaskContext& context) {
        add("attempt " + std::to_string(context.attempt()) + " " + context.idempotency_key());
        if (++flaky_runs < 3) throw Error("Busy", "try again");
        return input;
      });
  Task<int, void> fail = service.task("fail", [](int) { throw Error("Broken", "it is broken"); });
  Task<std::string, void> note =
      service.task("note", [this](const std::string& text) { add(text); });
  Task<void, int> wait = service.task("wait", [this] {
    held.open();
    hold.pass();
    return 9;
  });
  Signal<int> number = service.signal<int>("number");
  Task<std::string, void> tell = service.task(
      "tell", [this](const std::string& id) { number.send(ExecutionId{id}, 5).get(); });

  Workflow<int, int> doubling = service.workflow("doubling", [](int input) -> Future<int> {
    const int doubled = co_await current->twice(input);
    co_return co_await current->twice(doubled);
  });
  Workflow<int, int> retrying = service.workflow(
      "retrying", [](int input) -> Future<int> { co_return co_await current->flaky(input); });
  Workflow<void, int> adding = service.workflow("adding", []() -> Future<int> {
    const int a = co_await current->number.expect();
    const int b = co_await current->number.expect();
    co_return a + b;
  });
  Workflow<void, bool> sleeping = service.workflow("sleeping", []() -> Future<bool> {
    const Timestamp before = now();
    co_await sleep_for(3ms);
    co_return now() >= before + 3ms;
  });
  Workflow<void, void> undoing = service.workflow("undoing", []() -> Future<void> {
    Saga saga;
    saga.undo(current->note, std::string("undo a"));
    saga.undo(current->note, std::string("undo b"));
    co_await current->fail(1);
  });
  Workflow<void, int> holding = service.workflow("holding", []() -> Future<int> {
    const int held_result = co_await current->wait();
    co_return co_await current->twice(held_result);
  });
  Workflow<std::string, void> telling = service.workflow(
      "telling", [](std::string id) -> Future<void> { co_await current->tell(id); });
  Workflow<int, int> parent = service.workflow("parent", [](int input) -> Future<int> {
    std::vector<Future<int>> children;
    for (int i = 0; i < 3; ++i) children.push_back(current->doubling(input + i));
    int sum = 0;
    for (const int value : co_await all(std::move(children))) sum += value;
    co_return sum;
  });

  Command<int, int> run_doubling =
      service.command("runDoubling", {.path = "/doubling", .success_status = 201},
                      [this](int input) { return doubling(input).get(); });
  Command<std::string, void> fails = service.command("fails", [](const std::string& name) {
    if (name == "std") throw std::runtime_error("internal text");
    throw Error(name, "the message");
  });
  Command<void, void> slow =
      service.command("slow", CommandOptions{.timeout = 20ms}, [this] { hold.pass(); });
  Command<void, std::string> headers = service.command("headers", [](CommandContext& context) {
    context.response_headers().emplace_back("x-service", context.service().name);
    return std::string("ok");
  });

  http::Response invoke(Node& node, std::string_view command, std::string input) {
    auto promise = std::make_shared<std::promise<http::Response>>();
    auto future = promise->get_future();
    http::Request request;
    request.method = http::Method::post;
    request.raw_target = "/doubling";
    request.body = std::move(input);
    node.invoke(*service.declarations().find_command(command), std::move(request),
                {.respond = [promise](http::Response response) {
                  promise->set_value(std::move(response));
                }});
    if (future.wait_for(k_patience) != std::future_status::ready)
      return {.status = 0, .headers = {}, .body = "no answer"};
    return future.get();
  }
};

class NodeTest : public testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<ports::Store> store() {
    return GetParam() ? rocksdb_store(folder_ / "data") : memory_store();
  }
  TemporaryFolder folder_;
  Shop shop;
};

INSTANTIATE_TEST_SUITE_P(, NodeTest, testing::Bool(), [](const auto& info) {
  return std::string(info.param ? "Rocksdb" : "Memory");
});

TEST_P(NodeTest, RunsAWorkflowWithTasks) {
  const auto node = start_node(shop.service, store());
  const auto started = start(*node, "doubling", "d-1", "3");
  EXPECT_EQ(started.value().execution_id, "doubling/d-1");
  EXPECT_FALSE(started.value().already_running);
  EXPECT_EQ(outcome(closed(*node, {"doubling", "d-1"})), "succeeded: 12");
  EXPECT_TRUE(start(*node, "doubling", "d-1", "3").value().already_running);
  EXPECT_EQ(start(*node, "doubling", "d-1", "4").error().name(), error_names::k_already_exists);
}

TEST_P(NodeTest, RetriesATaskUnderTheSameKey) {
  const auto node = start_node(shop.service, store());
  ASSERT_TRUE(start(*node, "retrying", "r", "6"));
  EXPECT_EQ(outcome(closed(*node, {"retrying", "r"})), "succeeded: 6");
  EXPECT_THAT(shop.trace, ElementsAre("attempt 1 retrying/r/1/0", "attempt 2 retrying/r/1/0",
                                      "attempt 3 retrying/r/1/0"));
}

TEST_P(NodeTest, DeliversSignalsFromOutsideAndFromTasks) {
  const auto node = start_node(shop.service, store());
  ASSERT_TRUE(start(*node, "adding", "a"));
  EXPECT_TRUE(signal(*node, {"adding", "a"}, "number", "37").value());
  ASSERT_TRUE(start(*node, "telling", "t", "\"adding/a\""));
  EXPECT_EQ(outcome(closed(*node, {"adding", "a"})), "succeeded: 42");
  EXPECT_EQ(signal(*node, {"adding", "a"}, "number", "1").error().name(), error_names::k_closed);
  EXPECT_EQ(signal(*node, {"adding", "absent"}, "number", "1").error().name(),
            error_names::k_not_found);
}

TEST_P(NodeTest, SleepsAndWakes) {
  const auto node = start_node(shop.service, store());
  ASSERT_TRUE(start(*node, "sleeping", "s"));
  EXPECT_EQ(outcome(closed(*node, {"sleeping", "s"})), "succeeded: true");
}

TEST_P(NodeTest, RunsCompensationsNewestFirst) {
  const auto node = start_node(shop.service, store());
  ASSERT_TRUE(start(*node, "undoing", "u"));
  EXPECT_EQ(outcome(closed(*node, {"undoing", "u"})), "failed: Broken: it is broken");
  EXPECT_THAT(shop.trace, ElementsAre("undo b", "undo a"));
}

TEST_P(NodeTest, RunsChildren) {
  const auto node = start_node(shop.service, store());
  ASSERT_TRUE(start(*node, "parent", "p", "1"));
  EXPECT_EQ(outcome(closed(*node, {"parent", "p"})), "succeeded: 24");
}

TEST_P(NodeTest, ManyExecutionsAtOnceAllEnd) {
  const auto node = start_node(shop.service, store(),
                               {.workers = {.handlers_running_max = 3}, .batch_messages_max = 16});
  constexpr int k_executions = 300;
  std::atomic<int> failures{0};
  for (int i = 0; i < k_executions; ++i) {
    node->start({.workflow = "doubling",
                 .name = "e" + std::to_string(i),
                 .input_json = std::to_string(i),
                 .timeout = {}},
                [&](const Result<ports::StartReply>& reply) { failures += reply ? 0 : 1; });
  }
  for (int i = 0; i < k_executions; ++i) {
    ASSERT_EQ(outcome(closed(*node, {"doubling", "e" + std::to_string(i)})),
              "succeeded: " + std::to_string(4 * i));
  }
  EXPECT_EQ(failures.load(), 0);
  EXPECT_EQ(node->list({.workflow = "doubling", .status = "succeeded", .limit = 1000, .cursor = ""})
                .value()
                .executions.size(),
            static_cast<std::size_t>(k_executions));
}

TEST_P(NodeTest, ChecksRequestsBeforeTheEngineSeesThem) {
  const auto node = start_node(shop.service, store());
  EXPECT_EQ(start(*node, "absent", "x").error().name(), error_names::k_not_found);
  for (const char* name : {"", "a/b", "~x", "tab\t", "bad\xff"}) {
    EXPECT_EQ(start(*node, "doubling", name, "1").error().name(), error_names::k_invalid_input)
        << name;
  }
  EXPECT_EQ(start(*node, "doubling", "x", "\"text\"").error().name(), error_names::k_invalid_input);
  EXPECT_EQ(signal(*node, {"adding", "a"}, "absent").error().name(), error_names::k_not_found);
  EXPECT_EQ(signal(*node, {"adding", "a"}, "number", "true").error().name(),
            error_names::k_invalid_input);
}

TEST_P(NodeTest, CommandsAnswerOverHttp) {
  const auto node = start_node(shop.service, store());
  const http::Response response = shop.invoke(*node, "runDoubling", "5");
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "20");
  EXPECT_EQ(http::find(shop.invoke(*node, "headers", "null").headers, "x-service"), "shop");
}

TEST_P(NodeTest, CommandFailuresHaveTheirStatus) {
  const auto node = start_node(shop.service, store());
  const http::Response invalid = shop.invoke(*node, "runDoubling", "\"five\"");
  EXPECT_EQ(invalid.status, 400);
  EXPECT_THAT(invalid.body, HasSubstr("\"pointer\""));
  const std::vector<std::pair<std::string, int>> statuses{
      {"NotFound", 404},      {"AlreadyExists", 409}, {"Closed", 409},
      {"LimitExceeded", 429}, {"Unavailable", 503},   {"Mine", 500}};
  for (const auto& [name, status] : statuses) {
    const http::Response response = shop.invoke(*node, "fails", '"' + name + '"');
    EXPECT_EQ(response.status, status) << name;
    EXPECT_THAT(response.body, HasSubstr("the message"));
  }
  const http::Response internal = shop.invoke(*node, "fails", "\"std\"");
  EXPECT_EQ(internal.status, 500);
  EXPECT_THAT(internal.body, testing::Not(HasSubstr("internal text")));
}

TEST_P(NodeTest, ACommandThatTakesTooLongIsAnsweredWithoutWaiting) {
  const auto node = start_node(shop.service, store());
  EXPECT_EQ(shop.invoke(*node, "slow", "null").status, 503);
  shop.hold.open();
}

TEST_P(NodeTest, WaitingRequestsAreRefusedWhenItStops) {
  const auto node = start_node(shop.service, store());
  ASSERT_TRUE(start(*node, "adding", "a"));
  std::promise<std::string> answer;
  node->wait_closed({"adding", "a"}, k_forever, [&](const Result<ports::ExecutionView>& view) {
    answer.set_value(outcome(view));
  });
  EXPECT_TRUE(node->stop(k_patience));
  EXPECT_THAT(answer.get_future().get(), HasSubstr("Unavailable"));
  EXPECT_EQ(start(*node, "adding", "b").error().name(), error_names::k_unavailable);
  EXPECT_FALSE(node->health().live);
}

TEST(NodeRestart, GoesOnWithWhatWasInFlight) {
  const TemporaryFolder folder;
  {
    Shop shop;
    const auto node = start_node(shop.service, rocksdb_store(folder / "data"));
    ASSERT_TRUE(start(*node, "holding", "h"));
    ASSERT_TRUE(start(*node, "adding", "a"));
    ASSERT_TRUE(signal(*node, {"adding", "a"}, "number", "1"));
    shop.held.pass();
    // The attempt does not end in time: what it gives later is nobody's business.
    EXPECT_FALSE(node->stop(Duration(0)));
    shop.hold.open();
    ASSERT_TRUE(eventually([&] { return shop.hold.passed() > 0; }));
  }
  Shop shop;
  shop.hold.open();
  const auto node = start_node(shop.service, rocksdb_store(folder / "data"));
  EXPECT_EQ(outcome(closed(*node, {"holding", "h"})), "succeeded: 18");
  ASSERT_TRUE(signal(*node, {"adding", "a"}, "number", "2"));
  EXPECT_EQ(outcome(closed(*node, {"adding", "a"})), "succeeded: 3");
}

TEST(NodeStop, LetsRunningHandlersFinish) {
  Shop shop;
  const TemporaryFolder folder;
  const auto node = start_node(shop.service, rocksdb_store(folder / "data"));
  ASSERT_TRUE(start(*node, "holding", "h"));
  shop.held.pass();
  node->drain();
  shop.hold.open();
  EXPECT_TRUE(node->stop(k_patience));
  const auto again = start_node(shop.service, rocksdb_store(folder / "data"));
  EXPECT_EQ(outcome(closed(*again, {"holding", "h"})), "succeeded: 18");
  std::size_t results = 0;
  for (const Json& event :
       again->history({.execution = {"holding", "h"}, .limit = 100, .cursor = ""}).value().events) {
    if (event["type"] == Json("task_succeeded")) ++results;
  }
  EXPECT_EQ(results, 2U);
}

/// Collects what is logged.
struct Log {
  std::mutex mutex;
  std::vector<std::string> lines;
  engine::LogSink sink() {
    return [this](LogLevel, std::string_view, std::string_view message) {
      const std::lock_guard lock(mutex);
      lines.emplace_back(message);
    };
  }
  std::size_t count(std::string_view part) {
    const std::lock_guard lock(mutex);
    std::size_t found = 0;
    for (const std::string& line : lines) found += line.find(part) != std::string::npos ? 1 : 0;
    return found;
  }
};

TEST(NodeWithAFailingStore, AcknowledgesNothingUntilTheStoreRecovers) {
  Shop shop;
  Log log;
  auto faulty = std::make_unique<store::FaultyStore>(memory_store());
  store::FaultyStore& faults = *faulty;
  const auto node = start_node(shop.service, std::move(faulty), {.log = log.sink()});
  ASSERT_TRUE(start(*node, "doubling", "before", "1"));
  EXPECT_EQ(outcome(closed(*node, {"doubling", "before"})), "succeeded: 4");

  faults.fail_commits_from(1);
  std::atomic<bool> answered{false};
  std::promise<Result<ports::StartReply>> reply;
  node->start({.workflow = "doubling", .name = "during", .input_json = "2", .timeout = {}},
              [&](Result<ports::StartReply> result) {
                answered = true;
                reply.set_value(std::move(result));
              });
  ASSERT_TRUE(eventually([&] { return !node->health().ready; }));
  EXPECT_THAT(node->health().reason, HasSubstr("the store does not accept writes"));
  EXPECT_TRUE(node->health().live);
  EXPECT_EQ(start(*node, "doubling", "refused", "3").error().name(), error_names::k_unavailable);
  ASSERT_TRUE(eventually([&] { return faults.counts().commits_failed >= 2; }));
  EXPECT_FALSE(answered.load());

  faults.heal();
  EXPECT_EQ(reply.get_future().get().value().execution_id, "doubling/during");
  EXPECT_EQ(outcome(closed(*node, {"doubling", "during"})), "succeeded: 8");
  EXPECT_TRUE(node->health().ready);
  EXPECT_EQ(describe(*node, {"doubling", "refused"}).error().name(), error_names::k_not_found);
  EXPECT_EQ(log.count("does not accept writes"), 1U);
  EXPECT_EQ(log.count("accepts writes again"), 1U);
}

TEST(NodeWithAFailingStore, ACommitThatWasWrittenButNotConfirmedCountsOnce) {
  Shop shop;
  auto faulty = std::make_unique<store::FaultyStore>(memory_store());
  store::FaultyStore& faults = *faulty;
  const auto node = start_node(shop.service, std::move(faulty));
  faults.fail_commit(1, store::CommitFault::after);
  faults.fail_commit(3, store::CommitFault::before);
  // Requests are refused while the store refuses, so whoever asks asks again.
  ASSERT_TRUE(eventually([&] { return start(*node, "doubling", "d", "1").ok(); }));
  EXPECT_TRUE(
      eventually([&] { return outcome(closed(*node, {"doubling", "d"})) == "succeeded: 4"; }));
  std::size_t results = 0;
  for (const Json& event :
       node->history({.execution = {"doubling", "d"}, .limit = 100, .cursor = ""}).value().events) {
    if (event["type"] == Json("task_succeeded")) ++results;
  }
  EXPECT_EQ(results, 2U);
}

TEST(NodeWithAFailingStore, StopsWithoutAnswersThatAreNotTrue) {
  Shop shop;
  auto faulty = std::make_unique<store::FaultyStore>(memory_store());
  store::FaultyStore& faults = *faulty;
  const auto node = start_node(shop.service, std::move(faulty));
  faults.fail_commits_from(1);
  std::promise<std::string> answer;
  node->start({.workflow = "doubling", .name = "d", .input_json = "2", .timeout = {}},
              [&](const Result<ports::StartReply>& reply) {
                answer.set_value(reply ? "started" : reply.error().name());
              });
  ASSERT_TRUE(eventually([&] { return !node->health().ready; }));
  node->stop(Duration(0));
  EXPECT_EQ(answer.get_future().get(), error_names::k_unavailable);
}

}  // namespace
}  // namespace eventual::host
