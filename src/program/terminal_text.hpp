// Text as a terminal shows it: widths of UTF-8, and lines that are no wider than a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace eventual::program {

/// Columns that the text takes: wide characters two, combining ones none. What is not UTF-8 counts
/// a byte a column.
std::size_t display_width(std::string_view text);

/// The text in at most `width` columns, with "…" at its end where something is missing.
std::string cut(std::string_view text, std::size_t width);

/// One line that is safe to print: control characters, which could steer a terminal, become spaces
/// or "?".
std::string one_line(std::string_view text);

/// Columns of the terminal behind a descriptor (COLUMNS where it does not say), at least 20; 0
/// where it is no terminal.
std::size_t terminal_columns(int descriptor);

/// The text with each line that is wider than `columns` broken after a space or a comma. What goes
/// on stands under the line's second column, where it has one as help texts have, else a little to
/// the right of its beginning. A word that is wider alone stays whole. 0 columns: as it is.
std::string wrapped(std::string_view text, std::size_t columns);

/// The same of one line that stands behind `used` columns: what goes on begins there too, or a
/// little to the right of the margin, where less than half of the columns is left.
std::string wrapped_behind(std::size_t used, std::string_view line, std::size_t columns);

}  // namespace eventual::program
