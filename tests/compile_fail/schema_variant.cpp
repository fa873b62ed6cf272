// expect: alternatives of this std::variant cannot be told apart
#include "eventual/schema.hpp"

std::string text = eventual::to_json(std::variant<int, double>{});
