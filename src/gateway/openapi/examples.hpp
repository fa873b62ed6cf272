// Examples of values, made from their schemas.
#pragma once

#include <optional>

#include "eventual/json.hpp"

namespace eventual::gateway::openapi {

/// A value that `schema` allows: what its annotations give as examples and defaults, and plausible
/// values for the rest. Nothing where none is found, as for most patterns. `definitions` holds what
/// "$ref" refers to, by the last part of the reference. The same schema gives the same value.
std::optional<Json> example_of(const Json& schema, const Json& definitions);

}  // namespace eventual::gateway::openapi
