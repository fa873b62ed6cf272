// expect: the answer must be of the update's type
#include "eventual/eventual.hpp"

constexpr eventual::Update<std::string, std::int64_t> counted{"counted"};
eventual::Future<void> outer() {
  auto taking = counted.on([](std::string text) { return text; });
  co_return;
}
