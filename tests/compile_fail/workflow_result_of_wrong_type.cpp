// expect: no (viable conversion|matching)
#include "eventual/eventual.hpp"

constexpr eventual::Task<int, std::string> ship{"ship"};
eventual::Future<void> outer() {
  const int number = co_await ship(5);
  (void)number;
}
