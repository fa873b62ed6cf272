// expect: std::string_view cannot own what is read. Use std::string
#include "eventual/schema.hpp"

struct Order {
  std::string_view id;
};
std::string text = eventual::to_json(Order{});
