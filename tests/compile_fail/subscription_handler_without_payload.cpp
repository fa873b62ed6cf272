// expect: a subscription's handler takes the payload first
#include "eventual/eventual.hpp"

struct Created {
  std::string id;
};
void declare(eventual::Service& service) {
  const auto created = service.event<Created>("Created");
  service.subscription("audit", eventual::on(created), [] {});
}
