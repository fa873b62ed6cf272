#include "tests/time_machine/service.hpp"

int main(int argc, char** argv) { return time_machine::service.run(argc, argv); }
