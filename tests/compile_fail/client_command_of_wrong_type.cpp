// expect: no matching function for call to object of type 'const eventual::Command<
#include "eventual/client.hpp"

struct Hello {
  eventual::Command<std::string, std::string> hello{"hello"};
};
void call(const eventual::ServiceClient<Hello>& client) { (void)client->hello(42); }
