#include "accounts.hpp"
#include "simulation.hpp"

int main(int argc, char** argv) {
  accounts::bank.simulate(accounts::simulate_bank);
  return accounts::bank.run(argc, argv);
}
