// expect: a contract holds handles alone
#include "eventual/client.hpp"

struct Hello {
  eventual::Command<std::string, std::string> hello{"hello"};
  int port = 9000;
};
void call() { const eventual::ServiceClient<Hello> client("http://localhost:9000"); }
