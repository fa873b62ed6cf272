// The order workflow through the engine: every outcome, and a SIGKILL after any commit.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/engine/world.hpp"

namespace eventual::engine {
namespace {

using namespace std::chrono_literals;

struct Order {
  std::string id;
  std::string card;
  std::int64_t amount_cents = 0;
};
struct Charge {
  std::string charge_id;
};
struct Receipt {
  std::string order_id;
  std::string tracking_id;
};

/// What the outside saw, by idempotency key.
struct Ledger {
  std::map<std::string, int> charges;
  std::map<std::string, int> refunds;
  int shipped = 0;
};
Ledger g_ledger;

Service& orders() {
  static Service service{"orders"};
  return service;
}

const auto charge_card = orders().task(
    "chargeCard", {.retry = {.max_attempts = 3, .initial_interval = 200ms, .jitter = 0}},
    [](const Order& order, TaskContext& context) -> Charge {
      if (order.card == "declined") throw Error("CardDeclined", order.id);
      g_ledger.charges[context.idempotency_key()]++;
      return Charge{"charge-" + order.id};
    });
const auto refund_card =
    orders().task("refundCard", [](const Charge& charge) { g_ledger.refunds[charge.charge_id]++; });
const auto ship_order = orders().task("shipOrder", [](const Order& order) -> std::string {
  if (order.id == "unshippable") throw Error("Unshippable", order.id);
  ++g_ledger.shipped;
  return "track-" + order.id;
});
const auto cancel = orders().signal<std::string>("cancel");

const auto process_order = orders().workflow("processOrder", [](Order order) -> Future<Receipt> {
  Saga saga;
  bool cancelled = false;
  auto listening = cancel.on([&](std::string) { cancelled = true; });
  Charge charge = co_await charge_card(order);
  saga.undo(refund_card, charge);
  if (co_await condition([&] { return cancelled; }, {.timeout = 15min}))
    throw Error("OrderCancelled", order.id);
  std::string tracking_id = co_await ship_order(order);
  co_return Receipt{order.id, tracking_id};
});

struct OrdersTest : testing::Test {
  void SetUp() override { g_ledger = {}; }
};

TEST_F(OrdersTest, AnOrderIsChargedShippedAndClosedAfterItsWindow) {
  World world(orders());
  const std::string id = world.start(process_order, Order{"o-1", "visa", 500});
  EXPECT_EQ(world.view(id).status, "running");
  ASSERT_EQ(world.view(id).waiting_for.size(), 1U);
  EXPECT_EQ(world.view(id).waiting_for[0].kind, "condition");
  world.advance(15min);
  const auto view = world.view(id);
  EXPECT_EQ(view.status, "succeeded");
  EXPECT_EQ(view.result_json, R"({"order_id":"o-1","tracking_id":"track-o-1"})");
  EXPECT_EQ(view.closed_at, Timestamp(15min));
  EXPECT_EQ(world.history_types(id),
            (std::vector<std::string>{"execution_started", "task_scheduled", "task_succeeded",
                                      "condition_started", "call_timed_out", "task_scheduled",
                                      "task_succeeded", "execution_succeeded"}));
}

TEST_F(OrdersTest, ACancelledOrderIsRefundedAndFails) {
  World world(orders());
  const std::string id = world.start(process_order, Order{"o-1", "visa", 500});
  world.advance(1min);
  EXPECT_TRUE(world.signal(id, "cancel", R"("changed my mind")").ok());
  const auto view = world.view(id);
  EXPECT_EQ(view.status, "failed");
  EXPECT_EQ(view.error->name(), "OrderCancelled");
  EXPECT_EQ(g_ledger.refunds.size(), 1U);
  EXPECT_EQ(g_ledger.shipped, 0);
  EXPECT_EQ(world.signal(id, "cancel", R"("again")").error().name(), "Closed");
}

TEST_F(OrdersTest, ADeclinedCardIsTriedAsOftenAsItsPolicySays) {
  World world(orders());
  const std::string id = world.start(process_order, Order{"o-1", "declined", 500});
  EXPECT_EQ(world.view(id).waiting_for[0].details["state"].as_string(), "retry");
  world.advance(200ms);
  EXPECT_EQ(world.view(id).status, "running");
  world.advance(400ms);
  EXPECT_EQ(world.view(id).status, "failed");
  EXPECT_EQ(world.view(id).error->name(), "CardDeclined");
}

/// Runs one order with a kill after commit number `kill_at`, and again until it closes.
void run_with_kill(const Order& order, bool cancel_it, std::size_t kill_at, std::string& status,
                   std::size_t& commits) {
  World world(orders());
  world.run_tasks = false;
  const std::string id = "processOrder/one";
  const auto kill_if_due = [&] {
    if (world.commits == kill_at) {
      world.restart();
      ++world.commits;  // once
    }
  };
  bool started = false;
  bool signalled = false;
  for (int step = 0; step < 200; ++step) {
    if (!started) {
      world.engine().start(
          {"processOrder", "one", to_json(order), {}}, [&](auto reply) { started = reply.ok(); },
          world.now);
    }
    while (world.engine().has_output()) {
      world.commit();
      kill_if_due();
    }
    if (!world.attempts.empty()) {
      world.run_attempt();
      if (kill_at % 2 == 1) kill_if_due();
      continue;
    }
    if (cancel_it && !signalled && started) {
      world.engine().signal(
          {{"processOrder", "one", 0}, "cancel", R"("x")", "m1"},
          [&](auto reply) { signalled = reply.ok() || reply.error().name() == "Closed"; },
          world.now);
      continue;
    }
    if (const auto due = world.engine().next_due()) world.now = std::max(world.now, *due);
    world.engine().tick(world.now);
  }
  status = world.view(id).status;
  commits = world.commits;
}

TEST_F(OrdersTest, AKillAfterAnyCommitLosesNothingAndChargesOnce) {
  for (const bool cancel_it : {false, true}) {
    for (const std::string order_id : {"o-1", "unshippable"}) {
      for (std::size_t kill_at = 1; kill_at < 14; ++kill_at) {
        g_ledger = {};
        std::string status;
        std::size_t commits = 0;
        run_with_kill(Order{order_id, "visa", 500}, cancel_it, kill_at, status, commits);
        const bool fails = cancel_it || order_id == "unshippable";
        EXPECT_EQ(status, fails ? "failed" : "succeeded")
            << order_id << " cancel " << cancel_it << " kill " << kill_at;
        EXPECT_EQ(g_ledger.charges.size(), 1U) << "one key, however many attempts";
        EXPECT_EQ(g_ledger.refunds.size(), fails ? 1U : 0U);
      }
    }
  }
}

}  // namespace
}  // namespace eventual::engine
