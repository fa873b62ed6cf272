// Unique ids as text that sorts by time: 48 bits of milliseconds and 80 random bits in Crockford's
// base 32 (a ULID).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "eventual/time.hpp"

namespace eventual::base {

inline constexpr std::size_t k_unique_id_size = 26;

/// An id for `time`, which is at or after 1970. Equal times and generator states give equal ids.
std::string unique_id(Timestamp time, Random& random);

/// The time in an id that unique_id made; nothing when `id` is none.
std::optional<Timestamp> unique_id_time(std::string_view id) noexcept;

}  // namespace eventual::base
