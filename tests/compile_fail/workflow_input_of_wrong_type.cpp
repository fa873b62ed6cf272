// expect: no (matching function|viable conversion)
#include "eventual/eventual.hpp"

struct Order {
  std::string id;
};
constexpr eventual::Task<Order, int> ship{"ship"};
eventual::Future<int> outer() { co_return co_await ship(5); }
