// Random numbers from the system: for identities, not for what must repeat.
#pragma once

#include <cstdint>

namespace eventual::host {

std::uint64_t system_random_u64();

}  // namespace eventual::host
