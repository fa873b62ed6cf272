#include "store/errors.hpp"

#include <fmt/format.h>

#include <cstring>
#include <system_error>

namespace eventual::store {
namespace {

constexpr std::size_t k_key_bytes_shown_max = 200;

/// The text between quotes of a JSON string; `text` holds printable ASCII only.
std::string json_escaped(std::string_view text) {
  std::string result;
  for (const char character : text) {
    if (character == '"' || character == '\\') result.push_back('\\');
    result.push_back(character);
  }
  return result;
}

}  // namespace

std::string printable_key(std::string_view key) {
  std::string result;
  for (const char character : key.substr(0, k_key_bytes_shown_max)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
      result.push_back(character);
    } else {
      result += fmt::format("\\x{:02x}", byte);
    }
  }
  if (key.size() > k_key_bytes_shown_max) result += "...";
  return result;
}

Error corrupt_row(ports::Table table, std::string_view key, std::string_view reason) {
  const std::string shown = printable_key(key);
  return Error(
      std::string(error_names::k_corrupt),
      fmt::format("the row \"{}\" of table {} is corrupt: {}", shown, ports::table_name(table),
                  reason),
      fmt::format(R"({{"table":"{}","key":"{}"}})", ports::table_name(table), json_escaped(shown)));
}

Error corrupt_table(ports::Table table, std::string_view reason) {
  return Error(std::string(error_names::k_corrupt),
               fmt::format("table {} is corrupt: {}", ports::table_name(table), reason),
               fmt::format(R"({{"table":"{}"}})", ports::table_name(table)));
}

Error unavailable(std::string message) {
  return Error(std::string(error_names::k_unavailable), std::move(message));
}

Error system_error(std::string_view what, int error_number) {
  return unavailable(
      fmt::format("{} failed: {}", what, std::generic_category().message(error_number)));
}

}  // namespace eventual::store
