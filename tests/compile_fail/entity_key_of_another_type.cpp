// expect: no matching function for call to 'make_key'
#include "eventual/eventual.hpp"

struct Account {
  std::string id;
};
struct Other {
  std::string at;
};
void declare(eventual::Service& service) {
  (void)service.entity("accounts", eventual::key(&Account::id, &Other::at));
}
