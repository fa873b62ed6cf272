// Cursors: keys as text that a caller hands back.
#pragma once

#include <string>
#include <string_view>

#include "eventual/error.hpp"

namespace eventual::engine {

std::string to_hex(std::string_view bytes);
/// InvalidInput where it is none that to_hex gave.
Result<std::string> from_hex(std::string_view text);

}  // namespace eventual::engine
