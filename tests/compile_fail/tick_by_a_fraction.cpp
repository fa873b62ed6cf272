// expect: deleted
#include "eventual/testing.hpp"

void tick(eventual::TestEnvironment& env) { env.tick(1.5); }
