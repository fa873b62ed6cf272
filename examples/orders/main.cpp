#include "orders.hpp"
#include "simulation.hpp"

// [main]
int main(int argc, char** argv) {
  orders.simulate(simulate_orders);
  return orders.run(argc, argv);
}
// [/main]
