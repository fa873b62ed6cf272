// expect: only an ev::Future can be awaited here
#include "eventual/eventual.hpp"

eventual::Future<void> outer() { (void)co_await 5; }
