#include "orders.hpp"

int main(int argc, char** argv) { return orders.run(argc, argv); }
