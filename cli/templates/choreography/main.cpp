#include "orders.hpp"
#include "payments.hpp"
#include "shipping.hpp"

int main(int argc, char** argv) { return service.run(argc, argv); }
