// A service whose task asks for a ledger, which is provided when NEEDS_LEDGER_PROVIDED says so.
#include <cstdlib>

#include "eventual/eventual.hpp"

namespace ev = eventual;

struct Ledger {
  int entries = 0;
};

int main(int argc, char** argv) {
  ev::Service shop{"shop"};
  (void)shop.task("book", [](int amount, Ledger& ledger) { ledger.entries += amount; });
  if (std::getenv("NEEDS_LEDGER_PROVIDED") != nullptr) shop.provide<Ledger>();
  return shop.run(argc, argv);
}
