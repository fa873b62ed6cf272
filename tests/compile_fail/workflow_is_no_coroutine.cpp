// expect: a workflow returns ev::Future
#include "eventual/eventual.hpp"

void declare(eventual::Service& service) {
  (void)service.workflow("w", [](int input) { return input; });
}
