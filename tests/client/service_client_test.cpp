// Another service by its contract: from a plain program, and from the handlers of a service.
#include "eventual/client.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventual/eventual.hpp"
#include "eventual/testing.hpp"
#include "tests/client/raw_server.hpp"
#include "tests/client/served.hpp"

namespace eventual::client {
namespace {

using namespace std::chrono_literals;
using testing::Peer;
using testing::RawServer;
using testing::Served;

struct Order {
  std::string id;
  std::int64_t amount_cents = 0;
};
struct Counted {
  std::string id;
  std::int64_t count = 0;
};

/// What the service of these tests does for others.
struct Shop {
  Command<std::string, std::string> hello{"hello"};
  Command<void, std::int64_t> count_calls{"countCalls"};
  Command<Order, void> refuse{"refuse"};
  Workflow<Order, std::string> process{"process"};
  Workflow<void, void> fail{"fail"};
  Signal<std::string> approve{"approve"};
  Query<void, Order> shown{"shown"};
  Update<std::int64_t, std::int64_t> raise{"raise"};
  Event<Order> placed{"Placed"};
  Transaction<std::string, std::int64_t> count{"count"};
};
constexpr Shop k_shop{};

class ServiceClientTest : public ::testing::Test {
 protected:
  ServiceClientTest() {
    shop_.implement(k_shop.hello, [](const std::string& name) { return "hello " + name; });
    shop_.implement(k_shop.count_calls, [calls = calls_]() -> std::int64_t { return ++*calls; });
    shop_.implement(k_shop.refuse, [](const Order& order) {
      throw Error("OutOfStock", "there is no " + order.id, R"({"left":0})");
    });
    const auto counters = shop_.entity("counters", key(&Counted::id));
    shop_.transaction(std::string(k_shop.count.name()),
                      [counters](const std::string& id, TransactionContext& tx) -> std::int64_t {
                        Counted counted = tx.get(counters, id).value_or(Counted{id, 0});
                        ++counted.count;
                        tx.put(counters, counted);
                        return counted.count;
                      });
    shop_.signal(k_shop.approve);
    shop_.update(k_shop.raise);
    shop_.implement(k_shop.shown, [](const Order& order) { return order; });
    shop_.implement(k_shop.process, [](Order order) -> Future<std::string> {
      publish(order);
      const auto raising = k_shop.raise.on([&](std::int64_t by) {
        order.amount_cents += by;
        publish(order);
        return order.amount_cents;
      });
      const std::string by = co_await k_shop.approve.expect({.timeout = 24h});
      co_return order.id + " approved by " + by;
    });
    shop_.implement(k_shop.fail, []() -> Future<void> {
      throw Error("CardDeclined", "no money");
      co_return;
    });
    const auto placed = shop_.event(k_shop.placed);
    shop_.subscription("approving", on(placed), [](const Order& order) {
      k_shop.approve.send(ExecutionId{"process/" + order.id}, std::string("an event")).get();
    });
  }

  Served& served() {
    if (!served_) served_ = std::make_unique<Served>(shop_);
    return *served_;
  }
  ServiceClient<Shop> client() { return ServiceClient<Shop>(served().url()); }

  // shared: with handlers, which may end after the test
  std::shared_ptr<std::atomic<std::int64_t>> calls_ =
      std::make_shared<std::atomic<std::int64_t>>(0);
  Service shop_{"shop"};
  std::unique_ptr<Served> served_;
};

/// The error that `call` fails with.
template <class Call>
Error error_of_call(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "it did not fail";
  return {};
}

TEST_F(ServiceClientTest, APlainProgramCallsACommand) {
  EXPECT_EQ(client()->hello("sam").get(), "hello sam");
  EXPECT_EQ(client()->count_calls().get(), 1);
}

TEST_F(ServiceClientTest, TwoCallsRunAtATime) {
  const ServiceClient<Shop> shop = client();
  // [parallel]
  Future<std::string> sam = shop->hello("sam");
  Future<std::string> kim = shop->hello("kim");
  const std::string both = sam.get() + ", " + kim.get();
  // [/parallel]
  EXPECT_EQ(both, "hello sam, hello kim");
}

TEST_F(ServiceClientTest, CallsBeginAtOnceAndEachGivesItsOwnAnswer) {
  const ServiceClient<Shop> shop = client();
  std::vector<Future<std::string>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(shop->hello(std::to_string(i)));
  for (int i = 49; i >= 0; --i) {
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].get(), "hello " + std::to_string(i));
  }
}

TEST_F(ServiceClientTest, TheServicesErrorKeepsNameMessageAndDetails) {
  const Error error = error_of_call([&] { client()->refuse(Order{"chairs", 1}).get(); });
  EXPECT_EQ(error, Error("OutOfStock", "there is no chairs", R"({"left":0})"));
}

TEST_F(ServiceClientTest, AnExecutionIsStartedSignalledAskedAndAwaited) {
  const ServiceClient<Shop> shop = client();
  auto order = shop->process.start(Order{"o-1", 500}, {.name = "o-1"}).get();
  EXPECT_EQ(order.id(), "process/o-1");
  EXPECT_EQ(shop->raise.ask(order, 250).get(), 750);
  EXPECT_EQ(shop->shown.ask(order).get().amount_cents, 750);
  Future<std::string> result = order.result();
  shop->approve.send(order, "kim").get();
  EXPECT_EQ(result.get(), "o-1 approved by kim");
  EXPECT_EQ(shop->process.execution("o-1").result().get(), "o-1 approved by kim");
}

TEST_F(ServiceClientTest, StartingANameAgainGivesTheSameExecutionAndAnotherInputFails) {
  const ServiceClient<Shop> shop = client();
  EXPECT_EQ(shop->process.start(Order{"o-1", 1}, {.name = "o-1"}).get().id(), "process/o-1");
  EXPECT_EQ(shop->process.start(Order{"o-1", 1}, {.name = "o-1"}).get().id(), "process/o-1");
  const Error error =
      error_of_call([&] { (void)shop->process.start(Order{"o-1", 2}, {.name = "o-1"}).get(); });
  EXPECT_EQ(error.name(), "AlreadyExists");
}

TEST_F(ServiceClientTest, EachStartWithoutANameIsAnExecutionOfItsOwn) {
  const ServiceClient<Shop> shop = client();
  EXPECT_NE(shop->process.start(Order{"o-1", 1}).get().id(),
            shop->process.start(Order{"o-1", 1}).get().id());
}

TEST_F(ServiceClientTest, ACallOfAWorkflowFailsAsTheExecutionFailed) {
  const Error error = error_of_call([&] { client()->fail().get(); });
  EXPECT_EQ(error.name(), "CardDeclined");
  EXPECT_EQ(error.message(), "no money");
}

TEST_F(ServiceClientTest, AnExecutionThatIsCancelledOrTerminatedFailsSo) {
  const ServiceClient<Shop> shop = client();
  const auto first = shop->process.start(Order{"o-1", 1}).get();
  shop.cancel(first).get();
  EXPECT_THROW(first.result().get(), Cancelled);
  const auto second = shop->process.start(Order{"o-2", 1}).get();
  shop.terminate(second, "enough").get();
  EXPECT_EQ(error_of_call([&] { second.result().get(); }).name(), "Terminated");
}

TEST_F(ServiceClientTest, AnExecutionIsPausedResumedAndForked) {
  const ServiceClient<Shop> shop = client();
  const auto order = shop->process.start(Order{"o-1", 1}).get();
  order.pause("look first").get();
  shop->approve.send(order, "kim").get();
  order.resume().get();
  EXPECT_EQ(order.result().get(), "o-1 approved by kim");
  EXPECT_EQ(error_of_call([&] { (void)order.retry().get(); }).name(), "NotAllowed");
  const auto copy = order.fork(0, "copy").get();
  EXPECT_EQ(copy.id(), "process/copy");
  shop->approve.send(copy, "joe").get();
  EXPECT_EQ(copy.result().get(), "o-1 approved by joe");
}

TEST_F(ServiceClientTest, ASignalMayStartItsReceiver) {
  const ServiceClient<Shop> shop = client();
  const auto order =
      shop->approve.send_with_start(shop->process, Order{"o-1", 1}, "kim", {.name = "o-1"}).get();
  EXPECT_EQ(order.result().get(), "o-1 approved by kim");
}

TEST_F(ServiceClientTest, AnEventReachesTheSubscriptionsOfTheOtherService) {
  const ServiceClient<Shop> shop = client();
  const auto order = shop->process.start(Order{"o-1", 1}, {.name = "o-1"}).get();
  shop->placed.emit(Order{"o-1", 1}, {.key = "o-1"}).get();
  EXPECT_EQ(order.result().get(), "o-1 approved by an event");
}

TEST_F(ServiceClientTest, ATransactionWithAnIdHappensOnce) {
  const ServiceClient<Shop> shop = client();
  EXPECT_EQ(shop->count("a", {.id = "once"}).get(), 1);
  EXPECT_EQ(shop->count("a", {.id = "once"}).get(), 1);
  EXPECT_EQ(shop->count("a").get(), 2);
}

TEST_F(ServiceClientTest, AResultThatDoesNotComeInTimeIsATimeout) {
  const ServiceClient<Shop> shop(served().url(), {.result_timeout = 1ms});
  const auto order = shop->process.start(Order{"o-1", 1}).get();
  EXPECT_THROW(order.result().get(), Timeout);
}

TEST_F(ServiceClientTest, MoreResultsAreAwaitedThanThereAreThreads) {
  const ServiceClient<Shop> shop = client();
  constexpr int k_orders = 100;
  std::vector<Future<std::string>> results;
  for (int i = 0; i < k_orders; ++i) {
    results.push_back(shop->process(Order{std::to_string(i), 1}, {.name = std::to_string(i)}));
  }
  for (int i = 0; i < k_orders; ++i) {
    // A signal to an execution that is still being started is refused.
    (void)shop->process.start(Order{std::to_string(i), 1}, {.name = std::to_string(i)}).get();
    shop->approve.send(shop->process.execution(std::to_string(i)), "kim").get();
  }
  for (int i = 0; i < k_orders; ++i) {
    EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), std::to_string(i) + " approved by kim");
  }
}

TEST_F(ServiceClientTest, TheTokenOpensTheOperations) {
  Served guarded(shop_, "s3cret");
  const ServiceClient<Shop> nobody(guarded.url());
  EXPECT_EQ(error_of_call([&] { (void)nobody->process.start(Order{"o-1", 1}).get(); }).name(),
            "Unauthorized");
  const ServiceClient<Shop> somebody(guarded.url(), {.bearer_token = Secret::literal("s3cret")});
  EXPECT_FALSE(somebody->process.start(Order{"o-1", 1}).get().id().empty());
  const ServiceClient<Shop> forgetful(guarded.url(),
                                      {.bearer_token = Secret::environment("NO_SUCH_TOKEN")});
  const Error error = error_of_call([&] { (void)forgetful->hello("sam").get(); });
  EXPECT_EQ(error.name(), "Unavailable");
  EXPECT_NE(error.message().find("NO_SUCH_TOKEN"), std::string::npos);
}

TEST_F(ServiceClientTest, AnExecutionOutlivesTheClientThatGaveIt) {
  Execution<std::string> order;
  {
    const ServiceClient<Shop> shop = client();
    order = shop->process.start(Order{"o-1", 1}).get();
    shop->approve.send(order, "kim").get();
  }
  EXPECT_EQ(order.result().get(), "o-1 approved by kim");
}

TEST_F(ServiceClientTest, WhatIsUnderWayWhenTheClientEndsFailsAsClosed) {
  auto shop = std::make_unique<ServiceClient<Shop>>(served().url());
  Future<std::string> waiting = (*shop)->process(Order{"o-1", 1}, {.name = "o-1"});
  (void)(*shop)->process.start(Order{"o-1", 1}, {.name = "o-1"}).get();
  shop.reset();
  EXPECT_EQ(error_of_call([&] { (void)waiting.get(); }).name(), "Closed");
}

TEST_F(ServiceClientTest, AHandlerCallsAnotherService) {
  const ServiceClient<Shop> shop = client();
  Service front("front");
  struct Front {
    Command<std::string, std::string> greet{"greet"};
    Command<std::string, std::string> greet_twice{"greetTwice"};
  };
  const Front contract;
  front.implement(contract.greet,
                  [shop](const std::string& name) { return shop->hello(name).get() + "!"; });
  static const ServiceClient<Shop>* other = nullptr;  // a coroutine captures nothing
  other = &shop;
  front.implement(contract.greet_twice, [](std::string name) -> Future<std::string> {
    Future<std::string> first = (*other)->hello(name);
    Future<std::string> second = (*other)->hello(name + " again");
    auto [one, two] = co_await all(std::move(first), std::move(second));
    co_return one + ", " + two;
  });
  const Served serving(front);
  const ServiceClient<Front> caller(serving.url());
  EXPECT_EQ(caller->greet("sam").get(), "hello sam!");
  EXPECT_EQ(caller->greet_twice("sam").get(), "hello sam, hello sam again");
}

TEST_F(ServiceClientTest, HandlersThatWaitForAnotherServiceLetOthersRun) {
  // Each call of the command waits for a call of another, and one handler runs at a time.
  const ServiceClient<Shop> shop = client();
  Service front("front");
  struct Front {
    Command<std::int64_t, std::int64_t> down{"down"};
  };
  // shared: with the handler, and set before the first call
  auto self = std::make_shared<std::unique_ptr<ServiceClient<Front>>>();
  front.implement(Front{}.down, [self](std::int64_t left) -> std::int64_t {
    return left == 0 ? 0 : 1 + (**self)->down(left - 1).get();
  });
  host::NodeOptions options;
  options.workers.handlers_running_max = 1;
  const Served serving(front, {}, options);
  *self = std::make_unique<ServiceClient<Front>>(serving.url());
  EXPECT_EQ((**self)->down(6).get(), 6);
}

TEST_F(ServiceClientTest, AWorkflowIsToldToUseATask) {
  const ServiceClient<Shop> shop = client();
  Service front("front");
  // A capture is only for this test: the workflow is a plain function that makes the mistake.
  static const ServiceClient<Shop>* careless = nullptr;
  careless = &shop;
  const auto mistaken = front.workflow("mistaken", [](std::string name) -> Future<std::string> {
    co_return co_await (*careless)->hello(name);
  });
  TestEnvironment env(front);
  auto execution = env.start(mistaken, "sam");
  EXPECT_EQ(execution.status(), "failed");
  const Error error = error_of_call([&] { (void)execution.result(); });
  EXPECT_EQ(error.name(), "NotAllowed");
  EXPECT_NE(error.message().find("do it in a task"), std::string::npos) << error.message();
}

TEST_F(ServiceClientTest, OnVirtualTimeACallGoesOutAndNoTimePasses) {
  const ServiceClient<Shop> shop = client();
  Service front("front");
  const auto greet =
      front.task("greet", [shop](const std::string& name) { return shop->hello(name).get(); });
  static const Task<std::string, std::string>* task = nullptr;
  task = &greet;
  const auto greeting = front.workflow("greeting", [](std::string name) -> Future<std::string> {
    co_return co_await (*task)(name);
  });
  TestEnvironment env(front);
  auto execution = env.start(greeting, "sam");
  env.tick(1ms);
  EXPECT_EQ(execution.result(), "hello sam");
}

TEST_F(ServiceClientTest, ATaskThatIsTriedAgainSignalsAndStartsOnce) {
  const ServiceClient<Shop> shop = client();
  Service front("front");
  auto started = std::make_shared<std::vector<std::string>>();  // shared: with the task
  const auto ask = front.task("ask", {.retry = {.max_attempts = 3, .initial_interval = 1ms}},
                              [shop, started](const std::string& id, TaskContext& context) {
                                started->push_back(shop->process.start(Order{id, 1}).get().id());
                                (void)shop->count("attempts").get();
                                if (context.attempt() < 3) throw Error("Again", "once more");
                              });
  static const Task<std::string, void>* task = nullptr;
  task = &ask;
  const auto asking =
      front.workflow("asking", [](std::string id) -> Future<void> { co_await (*task)(id); });
  TestEnvironment env(front);
  auto execution = env.start(asking, "o-1");
  env.tick(1min);
  execution.result();
  ASSERT_EQ(started->size(), 3U);
  EXPECT_EQ(started->at(0), started->at(1));
  EXPECT_EQ(started->at(0), started->at(2));
  EXPECT_EQ(shop->count("attempts").get(), 2) << "the three attempts counted once";
}

// --- what goes wrong on the way ---

/// A 200 with a JSON text.
void answer_json(Peer& peer, std::string_view json) { peer.answer("200 OK", json); }

TEST(ServiceClientFaults, AnUnreachableServiceIsUnavailableWithItsAddress) {
  std::string url;
  {
    const RawServer server({});
    url = server.url();
  }
  const ServiceClient<Shop> shop(url);
  const Error error = error_of_call([&] { (void)shop->hello("sam").get(); });
  EXPECT_EQ(error.name(), "Unavailable");
  EXPECT_NE(error.message().find(url), std::string::npos) << error.message();
  EXPECT_EQ(error.details_json(), R"({"address":")" + url + R"("})");
}

TEST(ServiceClientFaults, AUrlThatIsNoneIsToldByTheCall) {
  const ServiceClient<Shop> shop("ftp://nowhere");
  EXPECT_EQ(error_of_call([&] { (void)shop->hello("sam").get(); }).name(), "InvalidInput");
}

TEST(ServiceClientFaults, ACommandThatWasSentIsNotRepeated) {
  // shared: with the server's thread
  auto requests = std::make_shared<std::atomic<int>>(0);
  const auto lose = [requests](Peer& peer) {
    if (!peer.request().empty()) ++*requests;
  };
  const RawServer server({lose, lose, lose});
  const ServiceClient<Shop> shop(server.url(), {.retry_interval = 1ms});
  const Error error = error_of_call([&] { (void)shop->hello("sam").get(); });
  EXPECT_EQ(error.name(), "Unavailable");
  EXPECT_NE(error.details_json().find(R"("maybe_done":true)"), std::string::npos);
  EXPECT_EQ(*requests, 1);
}

TEST(ServiceClientFaults, ACommandThatMayBeRepeatedIs) {
  const auto lose = [](Peer& peer) { (void)peer.request(); };
  const RawServer server({lose, lose, [](Peer& peer) {
                            (void)peer.request();
                            answer_json(peer, R"("hello sam")");
                            peer.wait_gone();
                          }});
  const ServiceClient<Shop> shop(server.url(), {.retry_interval = 1ms});
  EXPECT_EQ(shop->hello("sam", {.repeatable = true}).get(), "hello sam");
}

/// What stands between `before` and the next quote.
std::string quoted_after(const std::string& text, const std::string& before) {
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + before.size();
  return text.substr(begin, text.find_first_of("\"\r", begin) - begin);
}

/// Loses the first connection, answers on the second, and gives the id that each request had.
std::pair<std::string, std::string> ids_of_two_requests(
    const std::string& before, const std::string& answer,
    const std::function<void(const ServiceClient<Shop>&)>& call) {
  // shared: with the server's thread
  auto ids = std::make_shared<std::pair<std::string, std::string>>();
  {
    const RawServer server(
        {[ids, before](Peer& peer) { ids->first = quoted_after(peer.request(), before); },
         [ids, before, answer](Peer& peer) {
           ids->second = quoted_after(peer.request(), before);
           answer_json(peer, answer);
           peer.wait_gone();
         }});
    {
      const ServiceClient<Shop> shop(server.url(), {.retry_interval = 1ms});
      call(shop);
    }
  }
  return *ids;
}

TEST(ServiceClientFaults, WhatIsRepeatedCarriesTheSameFreshId) {
  const auto [start, start_again] = ids_of_two_requests(
      R"("name":")", R"({"execution_id":"process/x","run":1,"already_running":true})",
      [](const ServiceClient<Shop>& shop) { (void)shop->process.start(Order{"o-1", 1}).get(); });
  EXPECT_FALSE(start.empty());
  EXPECT_EQ(start, start_again);

  const auto [signal, signal_again] = ids_of_two_requests(
      "Idempotency-Key: ", R"({"execution_id":"process/x"})", [](const ServiceClient<Shop>& shop) {
        shop->approve.send(ExecutionId{"process/x"}, "kim").get();
      });
  EXPECT_FALSE(signal.empty());
  EXPECT_EQ(signal, signal_again);

  const auto [event, event_again] = ids_of_two_requests(
      R"(1},"id":")", R"({"events":[]})",
      [](const ServiceClient<Shop>& shop) { shop->placed.emit(Order{"", 1}).get(); });
  EXPECT_FALSE(event.empty());
  EXPECT_EQ(event, event_again);

  const auto [update, update_again] = ids_of_two_requests(
      "Idempotency-Key: ", R"({"update_id":"u","status":"completed","result":7})",
      [](const ServiceClient<Shop>& shop) {
        EXPECT_EQ(shop->raise.ask(ExecutionId{"process/x"}, 1).get(), 7);
      });
  EXPECT_FALSE(update.empty());
  EXPECT_EQ(update, update_again);
}

TEST(ServiceClientFaults, ASilentServiceIsATimeout) {
  const RawServer server({[](Peer& peer) {
    (void)peer.request();
    peer.wait_gone();
  }});
  const ServiceClient<Shop> shop(server.url());
  EXPECT_THROW((void)shop->hello("sam", {.timeout = 5ms}).get(), Timeout);
}

TEST(ServiceClientFaults, AnAnswerOfAnotherTypeIsInvalidInput) {
  const RawServer server({[](Peer& peer) {
    (void)peer.request();
    answer_json(peer, R"({"no":"text"})");
    peer.wait_gone();
  }});
  const ServiceClient<Shop> shop(server.url());
  EXPECT_EQ(error_of_call([&] { (void)shop->hello("sam").get(); }).name(), "InvalidInput");
}

TEST(ServiceClientFaults, HeadersOfTheClientAndOfTheCallAreSent) {
  auto request = std::make_shared<std::string>();  // shared: with the server's thread
  {
    const RawServer server({[request](Peer& peer) {
      *request = peer.request();
      answer_json(peer, R"("hello")");
      peer.wait_gone();
    }});
    const ServiceClient<Shop> shop(
        server.url(), {.bearer_token = Secret::literal("t"), .headers = {{"X-Team", "blue"}}});
    EXPECT_EQ(shop->hello("sam", {.headers = {{"X-Request", "7"}}}).get(), "hello");
  }
  EXPECT_NE(request->find("Authorization: Bearer t\r\n"), std::string::npos) << *request;
  EXPECT_NE(request->find("X-Team: blue\r\n"), std::string::npos);
  EXPECT_NE(request->find("X-Request: 7\r\n"), std::string::npos);
  EXPECT_TRUE(request->starts_with("POST /rpc/hello HTTP/1.1\r\n"));
}

TEST(ServiceClientFaults, AConstantThatIsNoClientsSaysHowItIsCalled) {
  const Error error = error_of_call([] { (void)k_shop.hello("sam").get(); });
  EXPECT_EQ(error.name(), "NotAllowed");
  EXPECT_NE(error.message().find("ServiceClient"), std::string::npos);
}

}  // namespace
}  // namespace eventual::client
