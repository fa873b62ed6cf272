// Tokens of task attempts, signed with HMAC-SHA256.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ports/store.hpp"
#include "ports/token_signer.hpp"

namespace eventual::host {

class Tokens final : public ports::TokenSigner {
 public:
  /// `key` is secret: whoever knows it can complete any attempt.
  explicit Tokens(std::string key) : key_(std::move(key)) {}

  /// With the key that the store holds; made, from the system's random device, where it holds none.
  /// Fails as the store does.
  static Result<std::shared_ptr<const Tokens>> open(ports::Store& store);

  std::string sign(const ports::AttemptName& attempt) const override;
  Result<ports::AttemptName> verify(std::string_view token) const override;

 private:
  std::string key_;
};

}  // namespace eventual::host
