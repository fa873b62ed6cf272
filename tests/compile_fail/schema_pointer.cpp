// expect: a pointer has no JSON form. Use a value
#include "eventual/schema.hpp"

struct Order {
  const char* id = nullptr;
};
std::string text = eventual::to_json(Order{});
