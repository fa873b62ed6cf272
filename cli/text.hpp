// Text as a terminal shows it: widths of UTF-8, cutting and padding, JSON for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/json.hpp"

namespace eventual::cli {

/// Columns that the text takes: wide characters two, combining ones none. What is not UTF-8 counts
/// a byte a column.
std::size_t display_width(std::string_view text);

/// The text in at most `width` columns, with "…" at its end where something is missing.
std::string cut(std::string_view text, std::size_t width);

/// One line that is safe to print: control characters, which could steer a terminal, become spaces
/// or "?".
std::string one_line(std::string_view text);

/// The text with spaces up to `width`.
std::string pad_right(std::string_view text, std::size_t width);
std::string pad_left(std::string_view text, std::size_t width);

/// JSON with two spaces a level; what fits in `width` columns stays on a line.
std::string pretty(const eventual::Json& json, std::size_t width = 80, std::size_t indent = 0);

/// One line of JSON, cut; text without its quotes.
std::string brief(const eventual::Json& json, std::size_t width = 60);

/// The member as text: a string itself, null and what is absent "", the rest as JSON.
std::string text_of(const eventual::Json& object, std::string_view member);

/// "1 execution", "2 executions"
std::string counted(std::size_t count, std::string_view singular, std::string_view plural = {});

/// The word of `words` that `text` was probably meant to be, or "".
std::string closest(std::string_view text, const std::vector<std::string>& words);

}  // namespace eventual::cli
