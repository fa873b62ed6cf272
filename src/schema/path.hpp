// Where in a JSON value the reader or writer is, as a chain on the stack; text is made only when
// something is wrong.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace eventual::schema {

struct Path {
  const Path* parent = nullptr;  // nullptr for the whole value
  std::string_view key = {};
  std::size_t index = k_no_index;  // of an array; k_no_index: `key` counts

  static constexpr std::size_t k_no_index = static_cast<std::size_t>(-1);

  Path member(std::string_view name) const { return {this, name, k_no_index}; }
  Path item(std::size_t position) const { return {this, {}, position}; }

  /// The JSON pointer (RFC 6901).
  std::string pointer() const;
};

}  // namespace eventual::schema
