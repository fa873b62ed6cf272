#include "host/random.hpp"

#include <sys/random.h>

#include "base/assert.hpp"

namespace eventual::host {

std::uint64_t system_random_u64() {
  std::uint64_t value = 0;
  const ssize_t got = ::getrandom(&value, sizeof value, 0);
  EVENTUAL_ASSERT(got == sizeof value, "the system gives random numbers");
  return value;
}

}  // namespace eventual::host
