// expect: no viable conversion
#include "eventual/eventual.hpp"

struct Created {
  int n = 0;
};
constexpr eventual::Event<Created> created{"Created"};
eventual::Future<void> outer() { co_await created.emit(std::string("text")); }
