// expect: no viable conversion
#include "eventual/eventual.hpp"

struct Created {
  int n = 0;
};
struct Other {
  int n = 0;
};
constexpr eventual::Event<Created> created{"Created"};
const auto filtered = created.where(eventual::where<&Other::n>() > 1);
