// expect: a character has no JSON form. Use std::string
#include "eventual/schema.hpp"

struct Order {
  char grade = 0;
};
std::string text = eventual::to_json(Order{});
