// expect: no matching member function for call to 'start'
#include "eventual/client.hpp"
#include "eventual/workflow.hpp"

struct Order {
  std::string id;
};
struct Shop {
  eventual::Workflow<Order, std::string> process{"process"};
};
void call(const eventual::ServiceClient<Shop>& client) {
  (void)client->process.start(std::string("o-1"));
}
