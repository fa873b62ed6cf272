// expect: this class has no JSON form
#include "eventual/schema.hpp"
#include "eventual/secret.hpp"

struct Settings {
  eventual::Secret key;
};
std::string leak(const Settings& settings) { return eventual::to_json(settings); }
