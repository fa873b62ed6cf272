#include "gateway/middleware/support.hpp"

#include <openssl/evp.h>

#include <chrono>
#include <cstdint>
#include <new>

#include "eventual/detail/runtime.hpp"

namespace eventual::middleware {

Timestamp request_time() {
  if (detail::Runtime* runtime = detail::Runtime::current()) return runtime->now();
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::optional<std::string> decode_base64url(std::string_view text) {
  constexpr std::string_view k_digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = k_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    held = (held << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFF;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(held >> bits & 255));
  }
  // What is left over must be zero: one value has one text.
  if ((held & ((1U << bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

std::string sha256(std::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 EVP_sha256(), nullptr) != 1) {
    throw std::bad_alloc();
  }
  digest.resize(size);
  return digest;
}

}  // namespace eventual::middleware
