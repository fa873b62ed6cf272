// expect: a query takes the view, by const reference, and at most one input
#include "eventual/eventual.hpp"

void declare(eventual::Service& service) {
  service.query("between", [](const std::int64_t& total, std::int64_t low, std::int64_t high) {
    return total > low && total < high;
  });
}
