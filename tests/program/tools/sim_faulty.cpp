// A service that charges a card again when the process dies between the charge and its record.
#include <cstdlib>
#include <map>
#include <string>

#include "eventual/eventual.hpp"
#include "eventual/simulation.hpp"

namespace ev = eventual;
using namespace std::chrono_literals;

namespace {

std::map<std::string, int> g_charges;

constexpr ev::Task<std::string, void> charge{"charge"};

ev::Future<void> order(std::string id) {
  co_await ev::sleep_for(1min);
  co_await charge(id);
}

}  // namespace

int main(int argc, char** argv) {
  ev::Service shop{"shop"};
  (void)shop.task("charge", [](const std::string& id) {
    if (std::getenv("SIM_FAULTY_ABORTS") != nullptr) std::abort();
    ++g_charges[id];  // without a look at ev::idempotency_key()
  });
  const auto order_workflow = shop.workflow("order", &order);
  shop.simulate([order_workflow](ev::Simulation& simulation) {
    simulation.scenario([order_workflow](ev::SimulatedRun& run) {
      g_charges.clear();
      for (int i = 0; i < 4; ++i) {
        const std::string id = "o-" + std::to_string(i);
        run.start(order_workflow, id, id, run.random_duration(10min));
      }
    });
    simulation.invariant("nobody pays twice", [](ev::SimulatedRun&) {
      for (const auto& [id, times] : g_charges) {
        if (times > 1) throw ev::Error("PaidTwice", id);
      }
    });
  });
  return shop.run(argc, argv);
}
