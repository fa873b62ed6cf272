// expect: no matching function for call
#include "eventual/eventual.hpp"

constexpr eventual::Signal<std::string> said{"said"};
eventual::Future<void> outer() {
  auto listening = said.on([](std::vector<int>) {});
  co_return;
}
