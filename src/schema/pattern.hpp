// Regular expressions of annotations.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace eventual::schema {

/// Longer texts are refused instead of matched, because the cost of a match grows with the text.
inline constexpr std::size_t k_pattern_text_bytes_max = 4096;
/// Different patterns in one program. They come from its source, so that only generated ones could
/// meet this.
inline constexpr std::size_t k_patterns_max = 10'000;

class Pattern;

/// The compiled pattern, compiled once and kept for ever; nullptr with the reason in `*error` when
/// it cannot be. Any thread.
const Pattern* find_pattern(std::string_view text, std::string* error);

/// Whether the pattern is found in `text`, which must be at most k_pattern_text_bytes_max long. Any
/// thread.
bool matches(const Pattern& pattern, std::string_view text);

}  // namespace eventual::schema
