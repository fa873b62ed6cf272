#include "engine/hex.hpp"

#include <charconv>

namespace eventual::engine {

std::string to_hex(std::string_view bytes) {
  constexpr char k_digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(k_digits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(k_digits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

Result<std::string> from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned value = 0;
    const auto read = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (read.ec != std::errc() || read.ptr != text.data() + i + 2) break;
    bytes.push_back(static_cast<char>(value));
  }
  if (bytes.size() * 2 != text.size()) {
    return Error(std::string(error_names::k_invalid_input),
                 "the cursor is none that this service gave");
  }
  return bytes;
}

}  // namespace eventual::engine
