// Any bytes as a token and as a key set: nothing crashes, only errors of ours are thrown, and no
// token passes that was not signed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/middleware.hpp"
#include "gateway/middleware/jwt_keys.hpp"
#include "gateway/middleware/support.hpp"

namespace {

namespace ev = eventual;
namespace http = eventual::http;

void try_token(std::string token) {
  static const ev::middleware::Jwt jwt(
      {.secret = ev::Secret::literal("a secret that the fuzzer cannot know in its time"),
       .expiry_required = false});
  http::Request request;
  request.headers.emplace_back("authorization", "Bearer " + std::move(token));
  try {
    (void)jwt(request);
    std::abort();
  } catch (const http::HttpError& error) {
    if (error.status() != 401 && error.status() != 403) std::abort();
  }
}

std::string base64url(std::string_view bytes) {
  constexpr std::string_view k_digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text.push_back(k_digits[held >> (bits - 6) & 63]);
  }
  if (bits > 0) text.push_back(k_digits[held << (6 - bits) & 63]);
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try_token(text);
  // The same bytes behind the encoding: header, claims and signature, cut at the first two zeros.
  const std::size_t first = text.find('\0');
  const std::size_t second = first == std::string::npos ? first : text.find('\0', first + 1);
  if (second != std::string::npos) {
    try_token(base64url(text.substr(0, first)) + "." +
              base64url(text.substr(first + 1, second - first - 1)) + "." +
              base64url(text.substr(second + 1)));
  }
  (void)ev::middleware::read_jwks(text);
  (void)ev::middleware::JwtKey::rsa_pem({}, text);
  if (const auto decoded = ev::middleware::decode_base64url(text)) {
    if (base64url(*decoded) != text) std::abort();
  }
  return 0;
}
