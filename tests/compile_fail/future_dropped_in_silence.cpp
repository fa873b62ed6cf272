// expect: ignoring return value
#include "eventual/eventual.hpp"

#pragma clang diagnostic error "-Wunused-result"
constexpr eventual::Task<int, int> ship{"ship"};
eventual::Future<void> outer() {
  ship(5);
  co_return;
}
