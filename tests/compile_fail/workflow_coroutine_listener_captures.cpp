// expect: let a coroutine lambda capture nothing
#include "eventual/eventual.hpp"

constexpr eventual::Signal<std::string> said{"said"};
eventual::Future<void> outer() {
  int count = 0;
  auto listening = said.on([&count](std::string) -> eventual::Future<void> {
    ++count;
    co_return;
  });
  co_return;
}
