// expect: every member must have a default value
#include "eventual/schema.hpp"

struct Order {
  std::string& id;
};
std::string text(const Order& order) { return eventual::to_json(order); }
