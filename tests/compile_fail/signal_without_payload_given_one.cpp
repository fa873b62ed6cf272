// expect: no matching member function for call to .send.
#include "eventual/eventual.hpp"

constexpr eventual::Signal<> go{"go"};
eventual::Future<void> outer() {
  co_await go.send(eventual::ExecutionId{"w/a", 0}, std::string("x"));
}
