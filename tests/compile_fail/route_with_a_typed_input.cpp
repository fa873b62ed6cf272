// expect: for a typed input declare a command
#include "eventual/eventual.hpp"

struct Order {
  std::string id;
};
eventual::Service orders{"orders"};
void declare() {
  orders.http.post("/orders", [](const Order& order) { return order.id; });
}
