// expect: no matching member function for call to .send.
#include "eventual/eventual.hpp"

struct Order {
  std::string id;
};
constexpr eventual::Signal<Order> ordered{"ordered"};
eventual::Future<void> outer() { co_await ordered.send(eventual::ExecutionId{"w/a", 0}, 5); }
