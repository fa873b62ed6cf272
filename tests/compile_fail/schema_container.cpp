// expect: this class has no JSON form. Use a plain struct.*std::map
#include "eventual/schema.hpp"

#include <unordered_map>

struct Order {
  std::unordered_map<std::string, int> amounts;
};
std::string text = eventual::to_json(Order{});
