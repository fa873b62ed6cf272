#include "accounts.hpp"

int main(int argc, char** argv) { return accounts::bank.run(argc, argv); }
