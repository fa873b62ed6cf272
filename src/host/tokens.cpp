#include "host/tokens.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace eventual::host {
namespace {

using ports::Table;

constexpr std::string_view k_row = "token_key";
constexpr std::string_view k_version = "ev1.";
constexpr std::size_t k_key_bytes = 32;
constexpr std::size_t k_mac_bytes = 32;
constexpr std::string_view k_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 for URLs, without padding.
std::string to_text(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text.push_back(k_digits[held >> (bits - 6) & 63]);
  }
  if (bits > 0) text.push_back(k_digits[held << (6 - bits) & 63]);
  return text;
}

/// Nothing unless to_text gives this very text.
std::optional<std::string> from_text(std::string_view text) {
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = k_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    held = held << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(held >> bits & 255));
  }
  if (to_text(bytes) != text) return std::nullopt;
  return bytes;
}

std::string mac_of(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  EVENTUAL_ASSERT(made != nullptr && size == k_mac_bytes, "HMAC-SHA256 is available");
  return std::string(reinterpret_cast<const char*>(mac.data()), size);
}

Error refused() {
  return Error(std::string(error_names::k_not_allowed),
               "this is no token of this service: it was altered, cut off or made elsewhere");
}

}  // namespace

Result<std::shared_ptr<const Tokens>> Tokens::open(ports::Store& store) {
  // Twice where another node makes it at the same time.
  for (int tries = 0; tries < 2; ++tries) {
    auto row = store.get(Table::meta, k_row);
    if (!row) return row.error();
    if (*row) {
      if ((*row)->size() < k_key_bytes) {
        return Error(std::string(error_names::k_corrupt), "the key that signs tokens is too short");
      }
      return std::shared_ptr<const Tokens>(std::make_shared<Tokens>(std::move(**row)));
    }
    std::string key(k_key_bytes, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) !=
        1) {
      return Error(std::string(error_names::k_internal), "the system gives no random bytes");
    }
    ports::Batch batch;
    batch.require(Table::meta, std::string(k_row), std::nullopt);
    batch.put(Table::meta, std::string(k_row), key);
    const auto written = store.commit({&batch, 1});
    if (!written) return written.error();
    if (written->front() == ports::PartOutcome::committed)
      return std::shared_ptr<const Tokens>(std::make_shared<Tokens>(std::move(key)));
  }
  return Error(std::string(error_names::k_corrupt), "the key that signs tokens cannot be made");
}

std::string Tokens::sign(const ports::AttemptName& attempt) const {
  std::string bytes;
  base::append_sized(bytes, attempt.execution_id);
  base::append_varint32(bytes, attempt.run);
  base::append_varint32(bytes, attempt.seq);
  base::append_varint32(bytes, attempt.attempt);
  base::append_sized(bytes, attempt.task);
  std::string token = std::string(k_version) + to_text(bytes);
  const std::string mac = mac_of(key_, token);
  return token + "." + to_text(mac);
}

Result<ports::AttemptName> Tokens::verify(std::string_view token) const {
  const std::size_t dot = token.rfind('.');
  if (!token.starts_with(k_version) || dot < k_version.size() || dot == std::string_view::npos)
    return refused();
  const std::string_view signed_part = token.substr(0, dot);
  const auto mac = from_text(token.substr(dot + 1));
  const std::string expected = mac_of(key_, signed_part);
  if (!mac || mac->size() != expected.size() ||
      CRYPTO_memcmp(mac->data(), expected.data(), expected.size()) != 0) {
    return refused();
  }
  const auto bytes = from_text(signed_part.substr(k_version.size()));
  if (!bytes) return refused();
  base::ByteReader reader(*bytes);
  ports::AttemptName name;
  name.execution_id = reader.sized().value_or(std::string_view());
  name.run = reader.varint32().value_or(0);
  name.seq = reader.varint32().value_or(0);
  name.attempt = reader.varint32().value_or(0);
  name.task = reader.sized().value_or(std::string_view());
  if (!reader.finished()) return refused();
  return name;
}

}  // namespace eventual::host
