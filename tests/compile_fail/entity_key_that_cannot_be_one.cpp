// expect: a member of a key is a std::string, a whole number or an ev::Timestamp
#include "eventual/eventual.hpp"

struct Account {
  double weight = 0;
};
void declare(eventual::Service& service) {
  (void)service.entity("accounts", eventual::key(&Account::weight));
}
