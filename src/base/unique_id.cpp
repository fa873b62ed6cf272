#include "base/unique_id.hpp"

#include <cstdint>

#include "base/assert.hpp"

namespace eventual::base {
namespace {

constexpr std::string_view k_alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t k_time_size = 10;
constexpr std::size_t k_half_size = 8;  // 40 random bits

void write_base32(std::uint64_t value, std::string& out, std::size_t at, std::size_t size) {
  for (std::size_t i = size; i-- > 0; value >>= 5) out[at + i] = k_alphabet[value & 31];
}

}  // namespace

std::string unique_id(Timestamp time, Random& random) {
  const std::int64_t milliseconds = time.time_since_epoch().count();
  EVENTUAL_ASSERT(milliseconds >= 0 && milliseconds < (std::int64_t{1} << 48),
                  "an id holds times from 1970 to 10889");
  std::string id(k_unique_id_size, '0');
  write_base32(static_cast<std::uint64_t>(milliseconds), id, 0, k_time_size);
  write_base32(random.next_u64() >> 24, id, k_time_size, k_half_size);
  write_base32(random.next_u64() >> 24, id, k_time_size + k_half_size, k_half_size);
  return id;
}

std::optional<Timestamp> unique_id_time(std::string_view id) noexcept {
  if (id.size() != k_unique_id_size || id.front() > '7') return std::nullopt;
  std::uint64_t milliseconds = 0;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const std::size_t digit = k_alphabet.find(id[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    if (i < k_time_size) milliseconds = milliseconds << 5 | digit;
  }
  return Timestamp(Duration(static_cast<std::int64_t>(milliseconds)));
}

}  // namespace eventual::base
