#include "schema/pattern.hpp"

#include <map>
#include <mutex>
#include <regex>
#include <shared_mutex>

namespace eventual::schema {

class Pattern {
 public:
  // Polynomial: without it libstdc++ backtracks, which hostile texts turn into exponential time and
  // deep recursion. It has no back references.
  explicit Pattern(const std::string& text)
      : regex(text,
              std::regex::ECMAScript | std::regex::optimize | std::regex_constants::__polynomial) {}

  std::regex regex;
};

namespace {

struct Cache {
  std::shared_mutex mutex;
  std::map<std::string, Pattern, std::less<>> patterns;
};

Cache& cache() {
  static Cache* const instance =
      new Cache();  // never destroyed: other threads may read until the process ends
  return *instance;
}

}  // namespace

const Pattern* find_pattern(std::string_view text, std::string* error) {
  Cache& known = cache();
  {
    const std::shared_lock lock(known.mutex);
    if (const auto found = known.patterns.find(text); found != known.patterns.end())
      return &found->second;
  }
  const std::unique_lock lock(known.mutex);
  if (known.patterns.size() >= k_patterns_max) {
    *error = "more than " + std::to_string(k_patterns_max) + " patterns are in use";
    return nullptr;
  }
  try {
    const std::string key(text);
    return &known.patterns.try_emplace(key, key).first->second;
  } catch (const std::regex_error& failure) {
    *error = failure.what();
    return nullptr;
  }
}

bool matches(const Pattern& pattern, std::string_view text) {
  return std::regex_search(text.begin(), text.end(), pattern.regex);
}

}  // namespace eventual::schema
