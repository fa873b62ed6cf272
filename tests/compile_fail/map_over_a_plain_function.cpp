// expect: ev::map needs a function that returns an ev::Future
#include "eventual/eventual.hpp"

eventual::Future<void> outer() {
  std::vector<int> items{1, 2};
  (void)eventual::map(items, [](int item) { return item; });
  co_return;
}
