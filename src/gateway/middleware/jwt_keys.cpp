#include "gateway/middleware/jwt_keys.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <array>
#include <optional>
#include <utility>

#include "eventual/json.hpp"
#include "gateway/middleware/support.hpp"

namespace eventual::middleware {
namespace {

constexpr std::size_t k_secret_bytes_min = 32;  // RFC 7518, 3.2: as long as the hash
constexpr int k_rsa_bits_min = 2048;            // likewise, 3.3
constexpr Duration k_refresh_pause{60'000};

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Deleter<Free>>;

Error unusable(std::string message) {
  ERR_clear_error();
  return {std::string(error_names::k_invalid_input), std::move(message)};
}

std::shared_ptr<void> shared_key(EVP_PKEY* key) {
  return {key, [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); }};
}

Owned<BIGNUM, BN_free> number_of(const std::string& bytes) {
  return Owned<BIGNUM, BN_free>(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                          static_cast<int>(bytes.size()), nullptr));
}

std::string text_of(const Json& json, std::string_view name) {
  const Json* member = json.find(name);
  return member != nullptr && member->is_string() ? member->as_string() : std::string();
}

bool is_absent_or(const Json& json, std::string_view name, std::string_view value) {
  const Json* member = json.find(name);
  return member == nullptr || (member->is_string() && member->as_string() == value);
}

/// Nothing for a key of a kind that we do not use.
std::optional<Result<JwtKey>> key_of(const Json& json) {
  if (!json.is_object() || !is_absent_or(json, "use", "sig")) return std::nullopt;
  const std::string type = text_of(json, "kty");
  const std::string id = text_of(json, "kid");
  if (type == "RSA" && is_absent_or(json, "alg", "RS256")) {
    const auto modulus = decode_base64url(text_of(json, "n"));
    const auto exponent = decode_base64url(text_of(json, "e"));
    if (!modulus || !exponent) return unusable(fmt::format("the key \"{}\" is malformed", id));
    return JwtKey::rsa_numbers(id, *modulus, *exponent);
  }
  if (type == "oct" && is_absent_or(json, "alg", "HS256")) {
    auto bytes = decode_base64url(text_of(json, "k"));
    if (!bytes) return unusable(fmt::format("the key \"{}\" is malformed", id));
    return JwtKey::shared_secret(id, std::move(*bytes));
  }
  return std::nullopt;
}

}  // namespace

Result<JwtKey> JwtKey::shared_secret(std::string id, std::string bytes) {
  if (bytes.size() < k_secret_bytes_min) {
    return unusable(
        fmt::format("a secret for HS256 must have at least {} bytes", k_secret_bytes_min));
  }
  JwtKey key;
  key.algorithm_ = JwtAlgorithm::hs256;
  key.id_ = std::move(id);
  key.secret_ = std::move(bytes);
  return key;
}

Result<JwtKey> JwtKey::rsa(std::string id, std::shared_ptr<void> public_key) {
  const auto* key = static_cast<const EVP_PKEY*>(public_key.get());
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return unusable("the key is not an RSA key");
  if (EVP_PKEY_get_bits(key) < k_rsa_bits_min) {
    return unusable(fmt::format("an RSA key must have at least {} bits", k_rsa_bits_min));
  }
  JwtKey result;
  result.algorithm_ = JwtAlgorithm::rs256;
  result.id_ = std::move(id);
  result.public_key_ = std::move(public_key);
  return result;
}

Result<JwtKey> JwtKey::rsa_pem(std::string id, const std::string& pem) {
  const Owned<BIO, BIO_free> input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(input.get(), nullptr, nullptr, nullptr);
  if (key == nullptr) return unusable("it holds no public key in PEM form");
  return rsa(std::move(id), shared_key(key));
}

Result<JwtKey> JwtKey::rsa_numbers(std::string id, const std::string& modulus,
                                   const std::string& exponent) {
  constexpr std::size_t k_modulus_bytes_max = 2048;
  if (modulus.empty() || modulus.size() > k_modulus_bytes_max || exponent.empty() ||
      exponent.size() > 8) {
    return unusable(fmt::format("the key \"{}\" has a size that no RSA key has", id));
  }
  const auto n = number_of(modulus);
  const auto e = number_of(exponent);
  const Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get())) {
    return unusable("the key cannot be read");
  }
  const Owned<OSSL_PARAM, OSSL_PARAM_free> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return unusable(fmt::format("the key \"{}\" is no RSA key", id));
  }
  return rsa(std::move(id), shared_key(key));
}

bool JwtKey::verifies(std::string_view text, std::string_view signature) const {
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  const auto* given = reinterpret_cast<const unsigned char*>(signature.data());
  if (algorithm_ == JwtAlgorithm::hs256) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), data, text.size(),
             mac.data(), &size) == nullptr) {
      return false;
    }
    return signature.size() == size && CRYPTO_memcmp(mac.data(), given, size) == 0;
  }
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  auto* key = static_cast<EVP_PKEY*>(public_key_.get());
  const bool verified =
      context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), given, signature.size(), data, text.size()) == 1;
  ERR_clear_error();
  return verified;
}

Result<std::vector<JwtKey>> read_jwks(std::string_view text) {
  const Result<Json> json = Json::parse(text);
  const Json* keys = json ? (*json).find("keys") : nullptr;
  if (keys == nullptr || !keys->is_array()) return unusable("it is no JSON Web Key Set");
  std::vector<JwtKey> list;
  for (const Json& item : keys->as_array()) {
    std::optional<Result<JwtKey>> key = key_of(item);
    if (!key) continue;
    if (!*key) return key->error();
    list.push_back(std::move(**key));
  }
  if (list.empty()) return unusable("it holds no key for RS256 or HS256");
  return list;
}

std::vector<JwtKey> Jwt::Keys::read() const {
  std::vector<JwtKey> keys;
  const auto fail = [](const std::string& where, const Error& error) {
    throw Error(std::string(error_names::k_unavailable),
                fmt::format("{} cannot be used: {}", where, error.message()));
  };
  if (options_.secret) {
    Result<JwtKey> key = JwtKey::shared_secret({}, options_.secret.value());
    if (!key) fail(options_.secret.origin(), key.error());
    keys.push_back(std::move(*key));
  }
  if (!options_.public_key_file.empty()) {
    const Secret file = Secret::file(options_.public_key_file);
    Result<JwtKey> key = JwtKey::rsa_pem({}, file.value());
    if (!key) fail(file.origin(), key.error());
    keys.push_back(std::move(*key));
  }
  if (!options_.jwks_file.empty()) {
    const Secret file = Secret::file(options_.jwks_file);
    Result<std::vector<JwtKey>> set = read_jwks(file.value());
    if (!set) fail(file.origin(), set.error());
    for (JwtKey& key : *set) keys.push_back(std::move(key));
  }
  return keys;
}

Jwt::Keys::List Jwt::Keys::all() {
  const std::lock_guard lock(mutex_);
  if (keys_ == nullptr) keys_ = std::make_shared<const std::vector<JwtKey>>(read());
  return keys_;
}

Jwt::Keys::List Jwt::Keys::refreshed(const List& seen, Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (options_.jwks_file.empty() || keys_ != seen) return keys_;
  if (refreshed_at_ && now - *refreshed_at_ < k_refresh_pause) return keys_;
  refreshed_at_ = now;
  keys_ = std::make_shared<const std::vector<JwtKey>>(read());
  return keys_;
}

}  // namespace eventual::middleware
