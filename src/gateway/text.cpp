#include "gateway/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace eventual::gateway {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool unreserved(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

constexpr std::string_view k_hex = "0123456789abcdef";

/// The length of the well-formed UTF-8 sequence at `text[at]`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t at) noexcept {
  auto byte = [&](std::size_t offset) -> unsigned {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
  };
  auto continues = [&](std::size_t offset) { return (byte(offset) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

Result<void> decode_query(std::string_view text, http::Fields& query) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) {
      return Error(std::string(error_names::k_invalid_input),
                   "the query holds a bad percent-encoding");
    }
    query.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

}  // namespace

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      result.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else if (plus_is_space && text[i] == '+') {
      result.push_back(' ');
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

std::string percent_encode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      result.push_back(c);
    } else {
      constexpr std::string_view k_upper_hex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      result.push_back('%');
      result.push_back(k_upper_hex[byte >> 4U]);
      result.push_back(k_upper_hex[byte & 15U]);
    }
  }
  return result;
}

std::string_view raw_path(std::string_view target) noexcept {
  target = target.substr(0, target.find('?'));
  if (!target.empty() && target.front() == '/') return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t slash = target.find('/', scheme + 3);
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

std::string_view authority_of(std::string_view target) noexcept {
  if (target.empty() || target.front() == '/') return {};
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return {};
  target.remove_prefix(scheme + 3);
  return target.substr(0, target.find_first_of("/?"));
}

Result<void> decode_target(http::Request& request) {
  const std::string_view target = request.raw_target;
  const std::string_view path = raw_path(target);
  const bool asterisk = path == "*" && request.method == http::Method::options;
  if (!asterisk && (path.empty() || path.front() != '/')) {
    return Error(std::string(error_names::k_invalid_input), "the request target is not a path");
  }
  if (path.find('%') == std::string_view::npos) {
    request.path.assign(path);
  } else {
    auto decoded = percent_decode(path);
    if (!decoded) {
      return Error(std::string(error_names::k_invalid_input),
                   "the path holds a bad percent-encoding");
    }
    request.path = std::move(*decoded);
  }
  request.query.clear();
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return {};
  return decode_query(target.substr(question + 1), request.query);
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      const std::size_t length = utf8_length(text, i);
      if (length == 0) {
        out += "\xEF\xBF\xBD";
        ++i;
      } else {
        out.append(text.substr(i, length));
        i += length;
      }
      continue;
    }
    ++i;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (byte < 0x20) {
          out += "\\u00";
          out.push_back(k_hex[byte >> 4U]);
          out.push_back(k_hex[byte & 15U]);
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

bool equals_in_constant_time(std::string_view left, std::string_view right) noexcept {
  std::size_t difference = left.size() ^ right.size();
  for (std::size_t i = 0; i < left.size(); ++i) {
    const char other = right.empty() ? '\0' : right[i % right.size()];
    difference |= static_cast<std::size_t>(static_cast<unsigned char>(left[i]) ^
                                           static_cast<unsigned char>(other));
  }
  return difference == 0;
}

}  // namespace eventual::gateway
