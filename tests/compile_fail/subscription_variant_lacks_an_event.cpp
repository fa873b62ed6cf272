// expect: the handler's input must be the event's payload
#include "eventual/eventual.hpp"

struct Created {
  int n = 0;
};
struct Cancelled {
  int n = 0;
};
eventual::Service service("s");
const auto created = service.event<Created>("Created");
const auto cancelled = service.event<Cancelled>("Cancelled");
const auto wrong = service.subscription("wrong", eventual::on(created, cancelled),
                                        [](std::variant<Created, int>) {});
