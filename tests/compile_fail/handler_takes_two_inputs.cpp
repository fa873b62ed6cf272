// expect: a handler takes one input, several values as the members of a struct
#include "eventual/eventual.hpp"

void declare(eventual::Service& service) {
  service.task("two", [](std::string name, int age) { return name + std::to_string(age); });
}
