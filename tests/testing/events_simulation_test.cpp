// Events under every fault of the simulator: each reaches each subscription that takes it or is a
// dead letter, in the order of its key, and an id is taken once; and hosts that lose, double or
// mix up deliveries are found out.
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "eventual/testing.hpp"
#include "testing/planted_defects.hpp"

namespace eventual {
namespace {

using namespace std::chrono_literals;

struct Order {
  std::string id;
  std::int64_t amount = 0;
};

constexpr Event<Order> k_created{"created"};
constexpr Event<std::string> k_shipped{"shipped"};
constexpr Event<std::string> k_paid{"paid"};  // of another service
constexpr Task<Order, void> k_pack{"pack"};
constexpr Transaction<Order, void> k_book{"book"};
constexpr Workflow<Order, void> k_ship{"ship"};
constexpr Signal<std::string> k_told{"told"};

/// Emits from a workflow, a task, a transaction and a subscription; subscribes with and without
/// order, to some, in batches; starts and signals executions.
struct Shop {
  Service service{"shop"};
  const ServiceEvent<Order> created = service.event<Order>("created");
  const ServiceEvent<std::string> shipped = service.event<std::string>("shipped");
  const Signal<std::string> told = service.signal<std::string>("told");
  const Entity<Order, std::string> book = service.entity("book", key(&Order::id));
  const Transaction<Order, void> enter =
      service.transaction("book", [this](const Order& order, TransactionContext& tx) {
        tx.put(book, order);
        tx.emit(shipped, order.id + " is booked", EmitOptions{.key = order.id});
      });
  const Task<Order, void> pack = service.task(
      "pack", {.retry = {.max_attempts = 20}},
      [](const Order& order) { k_shipped.emit(order.id + " is packed", {.key = order.id}).get(); });
  const Workflow<Order, void> ship = service.workflow("ship", [](Order order) -> Future<void> {
    co_await k_created.emit(order, {.key = "key-0"});
    co_await k_pack(order);
    co_await k_book(order);
    for (int i = 0; i < 3; ++i) {
      co_await k_shipped.emit(order.id + " " + std::to_string(i), {.key = order.id});
      co_await sleep_for(3min);
    }
    (void)co_await settle(k_told.expect({.timeout = 10min}));
  });
  const Subscription in_order = service.subscription(
      "inOrder", ev_on(),
      {.retry = {.max_attempts = 3, .initial_interval = 20s}, .order = EventOrder::per_key},
      overloads{[](const Order&) {}, [](const std::string&) {}});
  const Subscription big =
      service.subscription("big", on(created.where(where<&Order::amount>() > 400)),
                           {.timeout = 30s, .retry = {.max_attempts = 4}}, [](const Order& order) {
                             if (order.amount % 3 == 0) throw Error("Unlucky", order.id);
                             k_ship.start(order, {.name = "big-" + order.id}).get();
                             k_shipped.emit(order.id + " is big").get();
                           });
  const Subscription batches = service.subscription(
      "batches", on(shipped),
      {.retry = {.max_attempts = 2}, .order = EventOrder::per_key, .batch = {.max = 4, .wait = 5s}},
      [](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          if (text.ends_with("5 is packed")) throw Error("Unlucky", text);
        }
      });
  const Subscription telling = shipped.on(
      "telling", {.in_flight_max = 2},
      [](const std::string& text) { k_told.send(ExecutionId{"ship/sim-1"}, text).get(); });

  const Subscription paid = service.subscription(
      "paid", on(k_paid), {.order = EventOrder::per_key},
      [](const std::string& text) { k_shipped.emit(text + " is paid").get(); });

  Shop() { service.subscribe_to("http://localhost:1", k_paid); }
  EventSelection<Order, std::string> ev_on() { return on(created, shipped); }
};

SimulationReport simulate(testing::PlantedDefect defect, std::uint64_t seeds) {
  Shop shop;
  SimulationOptions options{.seeds = seeds, .executions = 3};
  options.planted_defect = static_cast<std::uint8_t>(defect);
  options.shrink = false;
  return Simulation(shop.service, options).run();
}

TEST(EventsSimulation, FindsNothingInASoundHost) {
  const char* more = std::getenv("EVENTUAL_SEEDS");  // a longer look than the default
  const SimulationReport report = simulate(testing::PlantedDefect::none,
                                           more == nullptr ? 60 : std::strtoull(more, nullptr, 10));
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
  EXPECT_GT(report.crashes, 0U);
}

/// What a scenario asks for, and what it sees of it.
TEST(EventsSimulation, AScenarioEmitsAndTakesCareOfDeadLetters) {
  Shop shop;
  SimulationOptions options{.seeds = 3};
  options.faults = Faults::none();
  Simulation simulation(shop.service, options);
  simulation.scenario([&](SimulatedRun& run) {
    run.emit(shop.created, {"o-1", 501}, {.id = "one", .key = "o-1"});  // unlucky
    run.emit(shop.created, {"o-1", 501}, {.id = "one", .key = "o-1"}, 1min);
    run.emit(shop.created, {"o-2", 7}, {}, 2min);
    run.emit(shop.created, {"o-3", 600}, {.key = "o-3"}, 1h);  // unlucky, and discarded
    run.emit(k_paid, "o-4", {.id = "payment"}, 2h);
    run.emit(k_paid, "o-4", {.id = "payment"}, 3h);
    run.redrive(shop.big, 30min);
    run.discard(shop.big, 50min);
  });
  simulation.invariant("as planned", [](SimulatedRun& run) {
    std::vector<std::string> created;
    std::size_t paid = 0;
    for (const Json& event : run.events()) {
      if (event["name"].as_string() == "created")
        created.push_back(event["payload"]["id"].as_string());
      if (event["name"].as_string() == "shipped")
        paid += event["payload"].as_string() == "o-4 is paid";
    }
    if (paid != 1) throw Error("Paid", std::to_string(paid) + " times");
    if (created != std::vector<std::string>{"o-1", "o-2", "o-3"})
      throw Error("Events", std::to_string(created.size()) + " were taken");
    const std::vector<Json> letters = run.dead_letters();
    if (letters.size() != 1 || letters[0]["event"]["payload"]["id"].as_string() != "o-3")
      throw Error("DeadLetters", std::to_string(letters.size()) + " are left");
  });
  const SimulationReport report = simulation.run();
  EXPECT_TRUE(report.ok()) << report.failure->reason << "\n" << report.failure->reproduce;
}

/// Each defect that a host may have is found within 10,000 seeds, and by what it breaks.
struct EventDefect {
  testing::PlantedDefect defect;
  const char* name;
  const char* reason;
};

void PrintTo(const EventDefect& defect, std::ostream* out) { *out << defect.name; }

class EventDefects : public ::testing::TestWithParam<EventDefect> {};

TEST_P(EventDefects, AreFound) {
  const SimulationReport report = simulate(GetParam().defect, 10'000);
  ASSERT_FALSE(report.ok()) << "not found in " << report.seeds_run << " seeds";
  EXPECT_NE(report.failure->reason.find(GetParam().reason), std::string::npos)
      << report.failure->reason;
  std::cout << GetParam().name << " found after " << report.seeds_run
            << " seeds: " << report.failure->reason << "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Host, EventDefects,
    ::testing::Values(
        EventDefect{testing::PlantedDefect::drops_deliveries, "DropsDeliveries", "event"},
        EventDefect{testing::PlantedDefect::doubles_deliveries, "DoublesDeliveries", "twice as"},
        EventDefect{testing::PlantedDefect::settles_deliveries_early, "SettlesDeliveriesEarly",
                    "event"},
        EventDefect{testing::PlantedDefect::forgets_deliveries, "ForgetsDeliveries", "event"},
        EventDefect{testing::PlantedDefect::forgets_event_ids, "ForgetsEventIds",
                    "which was kept still"}),
    [](const auto& defect) { return defect.param.name; });

}  // namespace
}  // namespace eventual
