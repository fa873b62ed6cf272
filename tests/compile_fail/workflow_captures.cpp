// expect: a workflow must not capture
#include "eventual/eventual.hpp"

void declare(eventual::Service& service) {
  int number = 5;
  (void)service.workflow("w", [number](int input) -> eventual::Future<int> {
    return eventual::Future<int>(
        eventual::detail::SlotRef(nullptr, static_cast<unsigned>(input + number)));
  });
}
