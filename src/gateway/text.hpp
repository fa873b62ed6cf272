// The text rules of HTTP: case, percent-encoding, targets, JSON string escapes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/http.hpp"

namespace eventual::gateway {

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept;

std::string to_lower(std::string_view text);

/// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Decodes "%2F"; nothing when an escape is cut short or is not hexadecimal. `plus_is_space` is for
/// query strings.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Encodes all but the unreserved characters of RFC 3986, so that the result is one path segment.
std::string percent_encode(std::string_view text);

/// The still encoded path of a request target, in origin form ("/a?b") or absolute form
/// ("http://host/a?b").
std::string_view raw_path(std::string_view target) noexcept;

/// The host and port that a request target in absolute form names; empty in origin form.
std::string_view authority_of(std::string_view target) noexcept;

/// Fills path and query from raw_target. InvalidInput when it is not a path or holds a bad escape.
Result<void> decode_target(http::Request& request);

/// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// True when both have the same bytes; takes the same time wherever they differ.
bool equals_in_constant_time(std::string_view left, std::string_view right) noexcept;

}  // namespace eventual::gateway
