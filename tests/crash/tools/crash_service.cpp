#include "tests/crash/service.hpp"

int main(int argc, char** argv) { return crash::service.run(argc, argv); }
