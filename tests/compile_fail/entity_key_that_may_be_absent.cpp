// expect: a member of an entity's key is always there
#include <optional>

#include "eventual/eventual.hpp"

struct Account {
  std::optional<std::string> id;
};
void declare(eventual::Service& service) {
  (void)service.entity("accounts", eventual::key(&Account::id));
}
