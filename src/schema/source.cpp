#include "schema/source.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "eventual/json.hpp"

namespace eventual::schema {
namespace {

constexpr std::size_t k_kept_bytes_max = 1 << 20;
constexpr std::size_t k_pairwise_max = 8;

std::string_view describe_error(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return "is empty: JSON is expected";
    case simdjson::DEPTH_ERROR:
      return "is nested too deeply";
    case simdjson::UTF8_ERROR:
      return "is not valid UTF-8";
    case simdjson::STRING_ERROR:
      return "is not valid JSON: a string has a wrong escape or code point";
    case simdjson::UNCLOSED_STRING:
      return "is not valid JSON: a string is not closed";
    case simdjson::UNESCAPED_CHARS:
      return "is not valid JSON: a string has an unescaped control character";
    case simdjson::NUMBER_ERROR:
      return "is not valid JSON: a number is malformed or does not fit in 64 bits";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
      return "is not valid JSON: an unknown word";
    case simdjson::CAPACITY:
      return "is too large";
    case simdjson::MEMALLOC:
      return "is too large for the memory";
    default:
      return "is not valid JSON";
  }
}

}  // namespace

bool Source::parse(std::string_view text, Element* element, std::string_view* reason) {
  simdjson::error_code error = simdjson::SUCCESS;
  if (text.size() > capacity_ || capacity_ == 0) {
    capacity_ = std::max<std::size_t>(text.size() + text.size() / 2, 4096);
    buffer_ = std::make_unique<char[]>(capacity_ + simdjson::SIMDJSON_PADDING);
    // The parser refuses the item inside its last level, so that only an empty one may be there.
    error = parser_.allocate(capacity_, k_json_depth_max + 1);
  }
  if (error == simdjson::SUCCESS) {
    if (!text.empty()) std::memcpy(buffer_.get(), text.data(), text.size());
    error = parser_.parse(buffer_.get(), text.size(), false).get(*element);
  }
  if (error == simdjson::SUCCESS) return true;
  *reason = describe_error(error);
  return false;
}

void Source::trim() {
  if (capacity_ <= k_kept_bytes_max) return;
  parser_ = simdjson::dom::parser();
  buffer_.reset();
  capacity_ = 0;
}

void check_own_duplicates(const simdjson::dom::object& object, const Path& path,
                          Problems& problems) {
  std::string_view few[k_pairwise_max];
  std::size_t count = 0;
  for (const auto member : object) {
    if (count == k_pairwise_max) {
      ++count;
      break;
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (few[i] == member.key) problems.add(path.member(member.key), "appears more than once");
    }
    few[count++] = member.key;
  }
  if (count <= k_pairwise_max) return;
  std::vector<std::string_view> names;
  for (const auto member : object) names.push_back(member.key);
  std::sort(names.begin(), names.end());
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i] == names[i - 1]) problems.add(path.member(names[i]), "appears more than once");
  }
}

void check_duplicates(const Element& element, const Path& path, Problems& problems) {
  if (element.type() == ElementType::ARRAY) {
    std::size_t index = 0;
    for (const Element item : array_of(element))
      check_duplicates(item, path.item(index++), problems);
  } else if (element.type() == ElementType::OBJECT) {
    const simdjson::dom::object object = object_of(element);
    check_own_duplicates(object, path, problems);
    for (const auto member : object)
      check_duplicates(member.value, path.member(member.key), problems);
  }
}

}  // namespace eventual::schema
