// expect: times are milliseconds in JSON, and this type is finer
#include "eventual/schema.hpp"

struct Order {
  std::chrono::microseconds delay{};
};
std::string text = eventual::to_json(Order{});
