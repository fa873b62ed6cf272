// expect: a struct with a base class has no JSON form. Make the base a member
#include "eventual/schema.hpp"

struct Base {
  int amount = 0;
};
struct Order : Base {
  std::string id;
};
std::string text = eventual::to_json(Order{});
