// Text as JSON writes it.
#pragma once

#include <string>
#include <string_view>

namespace eventual::schema {

/// Appends `text` as a JSON string. False, and an unspecified end of `out`, when it is not UTF-8.
[[nodiscard]] bool append_quoted(std::string& out, std::string_view text);

/// The shortest text that reads back as the same value, never more than 19 digits before a point.
/// `value` must be finite.
void append_number(std::string& out, double value);
void append_number(std::string& out, float value);

void append_base64(std::string& out, std::string_view bytes);

/// False when `text` is no canonical base64 with padding. Appends to `bytes`.
[[nodiscard]] bool decode_base64(std::string_view text, std::string& bytes);

/// The number of code points in UTF-8 text.
std::size_t count_characters(std::string_view text);

}  // namespace eventual::schema
