// Lines that are no wider than a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace eventual::cli {

/// The text with each line that is wider than `columns` broken after a space or a comma. What goes
/// on stands under the line's second column, where it has one as help texts have, else a little to
/// the right of its beginning. A word that is wider alone stays whole. 0 columns: as it is.
std::string wrapped(std::string_view text, std::size_t columns);

}  // namespace eventual::cli
