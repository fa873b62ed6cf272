// expect: this middleware always answers
#include "eventual/eventual.hpp"

eventual::Service orders{"orders"};
void declare() {
  (void)orders.use([](const eventual::http::Request&) { return eventual::http::Response{}; });
}
