// expect: the handler's input must be the event's payload
#include "eventual/eventual.hpp"

struct Created {
  int n = 0;
};
eventual::Service service("s");
const auto created = service.event<Created>("Created");
const auto wrong = created.on("wrong", [](const std::vector<int>&) {});
