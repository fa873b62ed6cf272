#include "schema/path.hpp"

namespace eventual::schema {

std::string Path::pointer() const {
  if (parent == nullptr) return {};
  std::string text = parent->pointer();
  text += '/';
  if (index != k_no_index) return text += std::to_string(index);
  for (const char character : key) {
    if (character == '~') {
      text += "~0";
    } else if (character == '/') {
      text += "~1";
    } else {
      text += character;
    }
  }
  return text;
}

}  // namespace eventual::schema
