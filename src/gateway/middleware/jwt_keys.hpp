// The keys that JSON Web Tokens are verified with. Each is of one algorithm.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/middleware.hpp"
#include "eventual/time.hpp"

namespace eventual::middleware {

enum class JwtAlgorithm { hs256, rs256 };

/// One key. Any thread.
class JwtKey {
 public:
  /// InvalidInput: it is too short.
  static Result<JwtKey> shared_secret(std::string id, std::string bytes);
  /// InvalidInput: no RSA public key in PEM form, or one of less than 2048 bits.
  static Result<JwtKey> rsa_pem(std::string id, const std::string& pem);
  /// The same, of modulus and exponent as big-endian numbers.
  static Result<JwtKey> rsa_numbers(std::string id, const std::string& modulus,
                                    const std::string& exponent);

  const std::string& id() const noexcept { return id_; }
  JwtAlgorithm algorithm() const noexcept { return algorithm_; }
  bool verifies(std::string_view text, std::string_view signature) const;

 private:
  JwtKey() = default;
  static Result<JwtKey> rsa(std::string id, std::shared_ptr<void> key);

  JwtAlgorithm algorithm_ = JwtAlgorithm::hs256;
  std::string id_;
  std::string secret_;
  std::shared_ptr<void> public_key_;  // shared: counted by OpenSSL, used by copies
};

/// The keys of a JSON Web Key Set. Keys of other types, uses and algorithms are left out.
/// InvalidInput: it is none, or holds no key that can be used.
Result<std::vector<JwtKey>> read_jwks(std::string_view json);

/// The keys of one middleware, read from their sources when they are first needed. Any thread.
class Jwt::Keys {
 public:
  explicit Keys(const JwtOptions& options) : options_(options) {}

  using List = std::shared_ptr<const std::vector<JwtKey>>;  // shared: by requests while it is read
                                                            // anew
  /// Throws Unavailable when a source cannot be read.
  List all();
  /// After `seen` lacked a key: what is in the file now, unless it was read within a minute.
  List refreshed(const List& seen, Timestamp now);

 private:
  std::vector<JwtKey> read() const;

  const JwtOptions& options_;
  std::mutex mutex_;
  List keys_;
  std::optional<Timestamp> refreshed_at_;
};

}  // namespace eventual::middleware
