#include "approval.hpp"

int main(int argc, char** argv) { return approval::service.run(argc, argv); }
