// expect: the handler's input and result must be those of the contract
#include "eventual/eventual.hpp"

constexpr eventual::Command<std::string, std::string> hello{"hello"};
void declare(eventual::Service& service) {
  (void)service.implement(hello, [](int number) { return number; });
}
