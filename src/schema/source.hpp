// The parsed text that the reader walks: simdjson, and what it leaves unchecked. The only header
// that includes it.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "schema/path.hpp"
#include "schema/problems.hpp"

namespace eventual::schema {

using Element = simdjson::dom::element;
using ElementType = simdjson::dom::element_type;

/// A parser and its padded copy of the text, used again and again by one thread.
class Source {
 public:
  /// False, with the reason, when `text` is no JSON. The element is valid until the next call.
  bool parse(std::string_view text, Element* element, std::string_view* reason);

  /// Gives back the memory that one large text took.
  void trim();

 private:
  simdjson::dom::parser parser_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
};

/// Adds a problem for each object anywhere in `element` that has a member twice.
void check_duplicates(const Element& element, const Path& path, Problems& problems);

/// The same for one object, not those inside it.
void check_own_duplicates(const simdjson::dom::object& object, const Path& path,
                          Problems& problems);

// Only where the type is known.
inline std::string_view string_of(const Element& element) {
  return element.get_string().value_unsafe();
}
inline simdjson::dom::array array_of(const Element& element) {
  return element.get_array().value_unsafe();
}
inline simdjson::dom::object object_of(const Element& element) {
  return element.get_object().value_unsafe();
}

}  // namespace eventual::schema
