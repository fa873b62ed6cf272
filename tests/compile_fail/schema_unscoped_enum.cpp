// expect: an unscoped enum without a fixed type cannot be listed
#include "eventual/schema.hpp"

enum Colour { k_red, k_green };
std::string text = eventual::to_json(k_red);
