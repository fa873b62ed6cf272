// expect: let a coroutine lambda capture nothing
#include "eventual/eventual.hpp"

eventual::Future<void> outer() {
  int number = 5;
  auto helper = [number]() -> eventual::Future<int> { co_return number; };
  (void)co_await helper();
}
