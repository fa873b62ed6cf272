// expect: a workflow takes one input
#include "eventual/eventual.hpp"

void declare(eventual::Service& service) {
  (void)service.workflow("w", [](int a, int b) -> eventual::Future<int> { co_return a + b; });
}
