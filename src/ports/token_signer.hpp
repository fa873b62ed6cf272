// Tokens that stand for task attempts: who has one may complete it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventual/error.hpp"

namespace eventual::ports {

/// An attempt, and the task whose result it gives.
struct AttemptName {
  std::string execution_id;
  std::uint32_t run = 0;
  std::uint32_t seq = 0;
  std::uint32_t attempt = 0;
  std::string task;

  friend bool operator==(const AttemptName&, const AttemptName&) = default;
};

/// Thread rule: any thread.
class TokenSigner {
 public:
  virtual ~TokenSigner() = default;
  /// The same for the same attempt; printable, without characters that URLs or shells change.
  virtual std::string sign(const AttemptName& attempt) const = 0;
  /// NotAllowed unless sign() gave this very text under the same key.
  virtual Result<AttemptName> verify(std::string_view token) const = 0;
};

}  // namespace eventual::ports
