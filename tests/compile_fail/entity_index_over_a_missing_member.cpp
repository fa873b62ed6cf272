// expect: no member named 'owner' in 'Account'
#include "eventual/eventual.hpp"

struct Account {
  std::string id;
};
void declare(eventual::Service& service) {
  const auto accounts = service.entity("accounts", eventual::key(&Account::id));
  (void)service.index(accounts, "byOwner", eventual::key(&Account::owner));
}
