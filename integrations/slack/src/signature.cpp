// The signature of Slack's requests, version 0.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "eventual/slack.hpp"
#include "gateway/text.hpp"

namespace eventual::slack {
namespace {

std::string hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += k_digits[bytes[i] >> 4U];
    text += k_digits[bytes[i] & 15U];
  }
  return text;
}

}  // namespace

bool verify_signature(std::string_view signing_secret, std::string_view timestamp,
                      std::string_view body, std::string_view signature, Timestamp now,
                      Duration window) {
  if (signing_secret.empty()) return false;
  // Twelve digits reach farther than any clock, and their milliseconds fit.
  constexpr std::size_t k_digits_max = 12;
  std::uint64_t seconds = 0;
  const char* end = timestamp.data() + timestamp.size();
  const auto [read, code] = std::from_chars(timestamp.data(), end, seconds);
  if (timestamp.empty() || timestamp.size() > k_digits_max || code != std::errc() || read != end) {
    return false;
  }
  const Timestamp sent{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
  if (now - sent > window || sent - now > window) return false;

  std::string signed_text = "v0:";
  signed_text += timestamp;
  signed_text += ':';
  signed_text += body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), signing_secret.data(), static_cast<int>(signing_secret.size()),
           reinterpret_cast<const unsigned char*>(signed_text.data()),  // NOLINT: its bytes
           signed_text.size(), mac.data(), &size) == nullptr) {
    return false;
  }
  return gateway::equals_in_constant_time("v0=" + hex(mac.data(), size), signature);
}

}  // namespace eventual::slack
