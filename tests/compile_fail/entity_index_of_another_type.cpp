// expect: no matching member function for call to 'index'
#include "eventual/eventual.hpp"

struct Account {
  std::string id;
};
struct Other {
  std::string owner;
};
void declare(eventual::Service& service) {
  const auto accounts = service.entity("accounts", eventual::key(&Account::id));
  (void)service.index(accounts, "byOwner", eventual::key(&Other::owner));
}
