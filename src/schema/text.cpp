#include "schema/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace eventual::schema {
namespace {

constexpr char k_hex_digits[] = "0123456789abcdef";
constexpr char k_base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_base64_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 64; ++i) {
    values[static_cast<unsigned char>(k_base64_digits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr std::array<std::int8_t, 256> k_base64_values = make_base64_values();

bool is_plain(unsigned char byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

// Eight bytes at once; true when all are plain.
bool are_plain(const char* bytes) {
  constexpr std::uint64_t k_ones = 0x0101010101010101;
  constexpr std::uint64_t k_highs = 0x8080808080808080;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  const auto has_zero = [](std::uint64_t value) { return (value - k_ones) & ~value & k_highs; };
  const std::uint64_t control = (word - k_ones * 0x20) & ~word & k_highs;
  return ((word & k_highs) | control | has_zero(word ^ (k_ones * '"')) |
          has_zero(word ^ (k_ones * '\\'))) == 0;
}

// The length of the UTF-8 sequence that starts at `at`, 0 when it is not valid.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t offset) -> std::uint32_t {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
  };
  const auto follows = [&](std::size_t offset) { return (byte(offset) & 0xC0) == 0x80; };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (first == 0xED && byte(1) > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;  // overlong
    if (first == 0xF4 && byte(1) > 0x8F) return 0;  // beyond U+10FFFF
    return 4;
  }
  return 0;
}

void append_escaped(std::string& out, unsigned char byte) {
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += k_hex_digits[byte >> 4];
      out += k_hex_digits[byte & 15];
  }
}

template <class Float>
void append_shortest(std::string& out, Float value) {
  // Integers up to the type's precision are written as such. Larger numbers take an exponent: a
  // reader may refuse integers that do not fit in 64 bits.
  constexpr Float k_exact_max = sizeof(Float) == 4 ? Float(0x1p24) : Float(0x1p53);
  char buffer[64];
  char* const end = buffer + sizeof(buffer);
  char* last = nullptr;
  if (value == 0 && std::signbit(value)) {
    out += "-0.0";
    return;
  }
  if (std::fabs(value) <= k_exact_max && std::trunc(value) == value) {
    last = std::to_chars(buffer, end, static_cast<std::int64_t>(value)).ptr;
  } else if (std::fabs(value) > k_exact_max) {
    last = std::to_chars(buffer, end, value, std::chars_format::scientific).ptr;
  } else {
    last = std::to_chars(buffer, end, value).ptr;
  }
  out.append(buffer, last);
}

}  // namespace

bool append_quoted(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);  // grows once, and as appending does
  out += '"';
  std::size_t start = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + 8 <= text.size() && are_plain(text.data() + at)) {
      at += 8;
      continue;
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    if (is_plain(byte)) {
      ++at;
    } else if (byte >= 0x80) {
      const std::size_t length = utf8_length(text, at);
      if (length == 0) return false;
      at += length;
    } else {
      out.append(text, start, at - start);
      append_escaped(out, byte);
      start = ++at;
    }
  }
  out.append(text, start, at - start);
  out += '"';
  return true;
}

void append_number(std::string& out, double value) { append_shortest(out, value); }
void append_number(std::string& out, float value) { append_shortest(out, value); }

void append_base64(std::string& out, std::string_view bytes) {
  const auto byte = [&](std::size_t at) -> std::uint32_t {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
  };
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::uint32_t group = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    out += k_base64_digits[group >> 18];
    out += k_base64_digits[(group >> 12) & 63];
    out += at + 1 < bytes.size() ? k_base64_digits[(group >> 6) & 63] : '=';
    out += at + 2 < bytes.size() ? k_base64_digits[group & 63] : '=';
  }
}

bool decode_base64(std::string_view text, std::string& bytes) {
  if (text.size() % 4 != 0) return false;
  if (text.empty()) return true;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  const std::string_view digits = text.substr(0, text.size() - padding);
  bytes.reserve(bytes.size() + text.size() / 4 * 3);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char digit : digits) {
    const std::int8_t value = k_base64_values[static_cast<unsigned char>(digit)];
    if (value < 0) return false;
    group = (group << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFFF;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>(group >> bits & 0xFF);
    }
  }
  return (group & ((1U << bits) - 1)) ==
         0;  // the unused bits are zero, so that equal bytes have equal text
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char character : text) count += (static_cast<unsigned char>(character) & 0xC0) != 0x80;
  return count;
}

}  // namespace eventual::schema
