// What changed in what a service declares.
#pragma once

#include <string>
#include <vector>

#include "eventual/json.hpp"

namespace eventual::cli {

struct DeclarationChange {
  enum class Kind { added, removed, changed };
  Kind kind = Kind::changed;
  std::string what;                  ///< "task chargeCard"
  std::vector<std::string> details;  ///< of what changed: "timeout_ms: 30000 -> 60000"
};

/// Compares two manifests (docs/http.md): every list of named declarations in them, whatever it
/// declares, and the members of the service itself. Removed, added, changed, in the manifest's
/// order.
std::vector<DeclarationChange> compare_manifests(const Json& before, const Json& after);

}  // namespace eventual::cli
