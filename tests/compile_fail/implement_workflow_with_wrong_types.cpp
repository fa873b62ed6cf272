// expect: the workflow's input and result must be those of the contract
#include "eventual/eventual.hpp"

constexpr eventual::Workflow<std::string, std::string> greet{"greet"};
void declare(eventual::Service& service) {
  (void)service.implement(greet, [](std::string name) -> eventual::Future<int> {
    co_return static_cast<int>(name.size());
  });
}
