// The declarations of a service as JSON.
#pragma once

#include <string>

#include "eventual/detail/definitions.hpp"
#include "eventual/json.hpp"
#include "eventual/options.hpp"

namespace eventual::host {

/// The version of this framework.
std::string_view framework_version() noexcept;

/// Tasks, workflows, signals and commands with their options and the JSON Schemas of their types.
Json manifest(const detail::Declarations& declarations, const ServiceOptions& options);

}  // namespace eventual::host
