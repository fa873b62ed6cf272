// expect: an optional of something that may itself be null
#include "eventual/schema.hpp"

std::string text = eventual::to_json(std::optional<std::optional<int>>{});
