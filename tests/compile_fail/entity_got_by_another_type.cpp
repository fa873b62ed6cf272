// expect: no matching member function for call to 'get'
#include "eventual/eventual.hpp"

struct Account {
  std::string id;
};
void read(eventual::Service& service) {
  const auto accounts = service.entity("accounts", eventual::key(&Account::id));
  (void)accounts.get(7);
}
