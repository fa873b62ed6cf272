// Text as a terminal shows it: cutting and padding, JSON for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/json.hpp"
#include "program/terminal_text.hpp"

namespace eventual::cli {

using program::cut;
using program::display_width;
using program::one_line;
using program::wrapped;
using program::wrapped_behind;

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
