// Names of declarations that were mistyped.
#pragma once

#include <string>
#include <string_view>

#include "cli/context.hpp"

namespace eventual::cli {

/// The answer to a request for what the service declares as `name`; throws its error. Where there
/// is no such name in `list` of the manifest ("commands" of the kind "command"), the error says so
/// and names the nearest.
ev::Json required_of(Context& context, ev::Result<ev::Json> answer, std::string_view kind,
                     std::string_view list, const std::string& name);

}  // namespace eventual::cli
