// expect: the handler does not take one of the events' payloads
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
const auto wrong =
    service.subscription("wrong", eventual::on(created, cancelled),
                         eventual::overloads{[](const Created&) {}, [](const std::string&) {}});
