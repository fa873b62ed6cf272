// Bytes on disk: big-endian numbers, whose order as keys is their order as numbers, and short
// varints for values.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.hpp"

namespace eventual::base {

/// Appends `value` most significant byte first, so that keys sort as their numbers do.
template <std::unsigned_integral T>
void append_big_endian(std::string& out, T value) {
  for (std::size_t i = sizeof(T); i-- > 0;) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
  }
}

/// Appends a signed number so that negative ones sort before positive ones.
inline void append_ordered(std::string& out, std::int64_t value) {
  append_big_endian(out, static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63));
}

/// 1 to 5 bytes for 32 bits, 1 to 10 for 64, seven bits a byte, least significant first.
template <std::unsigned_integral T>
void append_varint(std::string& out, T value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(value | 0x80)));
    value = static_cast<T>(value >> 7);
  }
  out.push_back(static_cast<char>(static_cast<unsigned char>(value)));
}
inline void append_varint32(std::string& out, std::uint32_t value) { append_varint(out, value); }
inline void append_varint64(std::string& out, std::uint64_t value) { append_varint(out, value); }

/// Small numbers of either sign become short varints: 0, -1, 1, -2 are 0, 1, 2, 3.
constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}

/// Appends the length as a varint, then the bytes. At most 4 GiB.
inline void append_sized(std::string& out, std::string_view bytes) {
  EVENTUAL_ASSERT(bytes.size() <= std::numeric_limits<std::uint32_t>::max(),
                  "a sized value is at most 4 GiB");
  append_varint32(out, static_cast<std::uint32_t>(bytes.size()));
  out.append(bytes);
}

/// Reads what the functions above wrote. Every read checks bounds; the first that fails makes all
/// later ones fail too, so that a decoder may check once, at its end. Borrows the bytes.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

  template <std::unsigned_integral T>
  std::optional<T> big_endian() noexcept {
    const std::optional<std::string_view> bytes = raw(sizeof(T));
    if (!bytes) return std::nullopt;
    T value = 0;
    for (const char c : *bytes) {
      value =
          static_cast<T>(static_cast<std::uint64_t>(value) << 8 | static_cast<unsigned char>(c));
    }
    return value;
  }

  std::optional<std::int64_t> ordered() noexcept {
    const std::optional<std::uint64_t> value = big_endian<std::uint64_t>();
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>(*value ^ (std::uint64_t{1} << 63));
  }

  /// Fails on a number that T does not hold.
  template <std::unsigned_integral T>
  std::optional<T> varint() noexcept {
    constexpr unsigned k_bits = std::numeric_limits<T>::digits;
    T value = 0;
    for (unsigned shift = 0; shift < k_bits; shift += 7) {
      if (rest_.empty()) return fail<T>();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      const auto low = static_cast<T>(byte & 0x7f);
      if (k_bits - shift < 7 && (low >> (k_bits - shift)) != 0) return fail<T>();
      value = static_cast<T>(value | static_cast<T>(low << shift));
      if ((byte & 0x80) == 0) return value;
    }
    return fail<T>();
  }
  std::optional<std::uint32_t> varint32() noexcept { return varint<std::uint32_t>(); }
  std::optional<std::uint64_t> varint64() noexcept { return varint<std::uint64_t>(); }

  /// The bytes that append_sized wrote, within the ones that were given.
  std::optional<std::string_view> sized() noexcept {
    const std::optional<std::uint32_t> size = varint32();
    return size ? raw(*size) : std::nullopt;
  }

  /// The next `size` bytes, within the ones that were given.
  std::optional<std::string_view> raw(std::size_t size) noexcept {
    if (failed_ || rest_.size() < size) return fail<std::string_view>();
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest() const noexcept { return rest_; }
  bool failed() const noexcept { return failed_; }
  /// All bytes were read and none of the reads failed.
  bool finished() const noexcept { return !failed_ && rest_.empty(); }

 private:
  template <class T>
  std::optional<T> fail() noexcept {
    failed_ = true;
    rest_ = {};
    return std::nullopt;
  }

  std::string_view rest_;
  bool failed_ = false;
};

/// The smallest key above all that start with `prefix`, or nothing when there is none (only 0xff
/// bytes, or empty).
inline std::optional<std::string> prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace eventual::base
