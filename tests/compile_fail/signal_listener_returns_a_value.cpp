// expect: a signal listener returns nothing, or an ev::Future
#include "eventual/eventual.hpp"

constexpr eventual::Signal<std::string> said{"said"};
eventual::Future<void> outer() {
  auto listening = said.on([](std::string) { return 5; });
  co_return;
}
