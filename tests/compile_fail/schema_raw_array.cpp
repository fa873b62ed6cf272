// expect: a raw array has no JSON form. Use std::array
#include "eventual/schema.hpp"

struct Order {
  int amounts[3];
};
std::string text = eventual::to_json(Order{});
