#include "notes.hpp"

int main(int argc, char** argv) { return notes::service.run(argc, argv); }
