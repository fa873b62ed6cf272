// expect: a map has a JSON form only with std::string as its key
#include "eventual/schema.hpp"

std::string text = eventual::to_json(std::map<int, int>{});
