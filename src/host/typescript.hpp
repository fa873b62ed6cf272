// The contract of a service as types of TypeScript.
#pragma once

#include <string>

#include "eventual/error.hpp"
#include "eventual/json.hpp"

namespace eventual::host {

/// A declaration file (.d.ts) of what a manifest describes: an interface named after the service,
/// with its commands, workflows, signals, queries, updates and the events that it emits, and the
/// interfaces of their types. Types of one name that differ are numbered. The same manifest gives
/// the same text. InvalidInput for JSON that is no manifest.
Result<std::string> typescript_contract(const Json& manifest);

}  // namespace eventual::host
