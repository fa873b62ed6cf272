// expect: only an ev::Future can be awaited here
#include "eventual/eventual.hpp"

eventual::Future<void> outer() { co_await std::suspend_always{}; }
