#include "schema/wide_numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "schema/path.hpp"

namespace eventual::schema {
namespace {

bool is_wide(std::string_view number) {
  if (number.find_first_of(".eE") != std::string_view::npos)
    return std::isinf(std::strtod(std::string(number).c_str(), nullptr));
  std::int64_t with_sign = 0;
  std::uint64_t without = 0;
  const char* end = number.data() + number.size();
  return std::from_chars(number.data(), end, with_sign).ec == std::errc::result_out_of_range &&
         std::from_chars(number.data(), end, without).ec != std::errc();
}

/// A string of the text, with its quotes.
std::string unquoted(std::string_view quoted) {
  const Result<Json> name = Json::parse(quoted);
  return name && name->is_string() ? std::string(name->as_string()) : std::string(quoted);
}

class Scanner {
 public:
  explicit Scanner(std::string_view json) : json_(json) {}

  WideNumbers run() {
    while (at_ < json_.size() && depth_ok()) step();
    found_.text.append(json_.substr(copied_));
    return std::move(found_);
  }

 private:
  struct Level {
    bool is_object = false;
    bool at_value = false;  ///< of an object: the name is read
    std::size_t index = 0;
    std::string_view name;  ///< with its quotes
  };

  bool depth_ok() const { return levels_.size() <= k_json_depth_max; }

  void step() {
    const char next = json_[at_];
    if (next == '{' || next == '[') {
      levels_.emplace_back().is_object = next == '{';
    } else if (next == '}' || next == ']') {
      if (!levels_.empty()) levels_.pop_back();
    } else if (next == ',' && !levels_.empty()) {
      ++levels_.back().index;
      levels_.back().at_value = false;
    } else if (next == ':' && !levels_.empty()) {
      levels_.back().at_value = true;
    } else if (next == '"') {
      return take_string();
    } else if (next == '-' || (next >= '0' && next <= '9')) {
      return take_number();
    }
    ++at_;
  }

  void take_string() {
    const std::size_t begin = at_++;
    while (at_ < json_.size() && json_[at_] != '"') at_ += json_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, json_.size());
    if (!levels_.empty() && levels_.back().is_object && !levels_.back().at_value)
      levels_.back().name = json_.substr(begin, at_ - begin);
  }

  void take_number() {
    const std::size_t end = std::min(json_.find_first_not_of("-+.0123456789eE", at_), json_.size());
    const std::string_view number = json_.substr(at_, end - at_);
    if (is_wide(number)) {
      if (found_.pointers.size() < k_read_problems_max) found_.pointers.push_back(pointer());
      found_.text.append(json_.substr(copied_, at_ - copied_)).push_back('0');
      copied_ = end;
    }
    at_ = end;
  }

  std::string pointer() const {
    std::string text;
    const Path root;
    for (const Level& level : levels_) {
      const std::string name = level.is_object ? unquoted(level.name) : std::string();
      text += (level.is_object ? root.member(name) : root.item(level.index)).pointer();
    }
    return text;
  }

  const std::string_view json_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;
  std::vector<Level> levels_;
  WideNumbers found_;
};

}  // namespace

WideNumbers find_wide_numbers(std::string_view json) { return Scanner(json).run(); }

}  // namespace eventual::schema
