// expect: nothing provides this parameter
#include "eventual/eventual.hpp"

struct User {
  std::string name;
};
eventual::Service orders{"orders"};
const auto greet = orders.command(
    "greet", [](std::string word, const User& user) -> std::string { return word + user.name; });
