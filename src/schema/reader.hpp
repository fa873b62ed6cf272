// From JSON text to objects, through descriptions instead of templates.
#pragma once

#include <string>
#include <string_view>

namespace eventual::schema {

struct ParsedText;

/// Parses and keeps `text` for ever; nullptr when it is no JSON. For defaults.
const ParsedText* parse_text(std::string_view text);

}  // namespace eventual::schema
