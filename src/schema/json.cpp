#include "eventual/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "eventual/schema.hpp"

namespace eventual {
namespace {

const Json k_null_json{};

const char* type_name(Json::Type type) {
  switch (type) {
    case Json::Type::null:
      return "null";
    case Json::Type::boolean:
      return "a boolean";
    case Json::Type::integer:
      return "an integer";
    case Json::Type::number:
      return "a number";
    case Json::Type::string:
      return "a string";
    case Json::Type::array:
      return "an array";
    case Json::Type::object:
      return "an object";
  }
  return "nothing";
}

// Objects larger than this are compared by sorting their members: a pairwise search would be
// quadratic.
constexpr std::size_t k_pairwise_max = 16;

std::vector<const Json::Member*> sorted_members(const Json::Object& object) {
  std::vector<const Json::Member*> sorted;
  sorted.reserve(object.size());
  for (const Json::Member& member : object) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(), [](const Json::Member* left, const Json::Member* right) {
    return left->first < right->first;
  });
  return sorted;
}

bool has_double_name(const Json::Object& object) {
  const std::vector<const Json::Member*> sorted = sorted_members(object);
  return std::adjacent_find(sorted.begin(), sorted.end(),
                            [](const Json::Member* left, const Json::Member* right) {
                              return left->first == right->first;
                            }) != sorted.end();
}

// Comparing as double alone would make large integers equal to their neighbours.
bool equals_integer(double number, bool negative, std::uint64_t bits) {
  if (std::trunc(number) != number) return false;
  if (negative)
    return number >= -0x1p63 && number < 0 &&
           static_cast<std::int64_t>(number) == static_cast<std::int64_t>(bits);
  return number >= 0 && number < 0x1p64 && static_cast<std::uint64_t>(number) == bits;
}

}  // namespace

Json::Json(std::string value) : tag_(Tag::string) { string_ = new std::string(std::move(value)); }
Json::Json(std::string_view value) : Json(std::string(value)) {}
Json::Json(const char* value) : Json(std::string(value)) {}
Json::Json(Array items) : tag_(Tag::array) { array_ = new Array(std::move(items)); }
Json::Json(Object members) : Json(object()) {
  if (!has_double_name(members)) {
    *object_ = std::move(members);
    return;
  }
  for (Member& member : members) set(member.first, std::move(member.second));
}

Json Json::array(std::initializer_list<Json> items) { return Json(Array(items)); }

Json Json::object(std::initializer_list<Member> members) {
  Json result;
  result.object_ = new Object();
  result.tag_ = Tag::object;
  for (const Member& member : members) result.set(member.first, member.second);
  return result;
}

Json::Json(const Json& other) {
  switch (other.tag_) {
    case Tag::string:
      string_ = new std::string(*other.string_);
      break;
    case Tag::array:
      array_ = new Array(*other.array_);
      break;
    case Tag::object:
      object_ = new Object(*other.object_);
      break;
    default:
      int64_ = other.int64_;
  }
  tag_ = other.tag_;
}

Json& Json::operator=(const Json& other) {
  if (this != &other) *this = Json(other);
  return *this;
}

void Json::destroy() noexcept {
  switch (tag_) {
    case Tag::string:
      delete string_;
      break;
    case Tag::array:
      delete array_;
      break;
    case Tag::object:
      delete object_;
      break;
    default:
      break;
  }
  tag_ = Tag::null;
}

Result<Json> Json::parse(std::string_view text) { return from_json<Json>(text); }

std::string Json::dump() const { return to_json(*this); }

Json::Type Json::type() const noexcept {
  switch (tag_) {
    case Tag::null:
      return Type::null;
    case Tag::boolean:
      return Type::boolean;
    case Tag::int64:
    case Tag::uint64:
      return Type::integer;
    case Tag::number:
      return Type::number;
    case Tag::string:
      return Type::string;
    case Tag::array:
      return Type::array;
    case Tag::object:
      return Type::object;
  }
  return Type::null;
}

void Json::wrong_type(const char* wanted) const {
  throw_error(Error(std::string(error_names::k_invalid_input),
                    std::string("the JSON value is ") + type_name(type()) + ", not " + wanted));
}

bool Json::as_bool() const {
  if (tag_ != Tag::boolean) wrong_type("a boolean");
  return boolean_;
}

std::int64_t Json::as_int64() const {
  if (tag_ == Tag::int64) return int64_;
  if (tag_ == Tag::number && std::trunc(number_) == number_ && number_ >= -0x1p63 &&
      number_ < 0x1p63) {
    return static_cast<std::int64_t>(number_);
  }
  wrong_type("a 64-bit signed integer");
}

std::uint64_t Json::as_uint64() const {
  if (tag_ == Tag::uint64 || (tag_ == Tag::int64 && int64_ >= 0)) return uint64_;
  if (tag_ == Tag::number && std::trunc(number_) == number_ && number_ >= 0 && number_ < 0x1p64) {
    return static_cast<std::uint64_t>(number_);
  }
  wrong_type("a 64-bit unsigned integer");
}

double Json::as_double() const {
  switch (tag_) {
    case Tag::int64:
      return static_cast<double>(int64_);
    case Tag::uint64:
      return static_cast<double>(uint64_);
    case Tag::number:
      return number_;
    default:
      wrong_type("a number");
  }
}

const std::string& Json::as_string() const {
  if (tag_ != Tag::string) wrong_type("a string");
  return *string_;
}

const Json::Array& Json::as_array() const {
  if (tag_ != Tag::array) wrong_type("an array");
  return *array_;
}

Json::Array& Json::as_array() {
  if (tag_ != Tag::array) wrong_type("an array");
  return *array_;
}

const Json::Object& Json::as_object() const {
  if (tag_ != Tag::object) wrong_type("an object");
  return *object_;
}

std::size_t Json::size() const noexcept {
  if (tag_ == Tag::array) return array_->size();
  if (tag_ == Tag::object) return object_->size();
  return 0;
}

const Json* Json::find(std::string_view name) const noexcept {
  if (tag_ != Tag::object) return nullptr;
  for (const Member& member : *object_) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

Json* Json::find(std::string_view name) noexcept {
  return const_cast<Json*>(static_cast<const Json*>(this)->find(name));
}

const Json* Json::find_at(std::string_view pointer) const {
  const Json* at = this;
  while (at != nullptr && !pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string token;
    for (std::size_t i = 0; i < end; ++i) {
      if (pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
        token += pointer[++i] == '0' ? '~' : '/';
      } else {
        token += pointer[i];
      }
    }
    pointer.remove_prefix(end);
    if (at->is_array()) {
      std::size_t index = 0;
      const auto [last, error] = std::from_chars(token.data(), token.data() + token.size(), index);
      const bool valid =
          error == std::errc() && last == token.data() + token.size() && index < at->size();
      at = valid ? &(*at->array_)[index] : nullptr;
    } else {
      at = at->find(token);
    }
  }
  return at;
}

Json::Object& Json::make_object() {
  if (tag_ == Tag::null) *this = object();
  if (tag_ != Tag::object) wrong_type("an object");
  return *object_;
}

const Json& Json::operator[](std::string_view name) const noexcept {
  const Json* member = find(name);
  return member != nullptr ? *member : k_null_json;
}

Json& Json::operator[](std::string_view name) {
  Object& members = make_object();
  if (Json* member = find(name)) return *member;
  return members.emplace_back(std::string(name), Json()).second;
}

Json& Json::set(std::string_view name, Json value) {
  (*this)[name] = std::move(value);
  return *this;
}

bool Json::erase(std::string_view name) {
  if (tag_ != Tag::object) return false;
  return std::erase_if(*object_, [&](const Member& member) { return member.first == name; }) > 0;
}

Json& Json::push_back(Json value) {
  if (tag_ == Tag::null) *this = array();
  as_array().push_back(std::move(value));
  return *this;
}

bool Json::equals(const Json& other) const noexcept {
  if (tag_ != other.tag_) {
    if (!is_number() || !other.is_number()) return false;
    if (other.tag_ == Tag::number) return other.equals(*this);
    if (tag_ != Tag::number) return false;  // int64 and uint64 never hold the same value
    return equals_integer(number_, other.tag_ == Tag::int64 && other.int64_ < 0, other.uint64_);
  }
  switch (tag_) {
    case Tag::null:
      return true;
    case Tag::boolean:
      return boolean_ == other.boolean_;
    case Tag::int64:
    case Tag::uint64:
      return uint64_ == other.uint64_;
    case Tag::number:
      return number_ == other.number_;
    case Tag::string:
      return *string_ == *other.string_;
    case Tag::array:
      return *array_ == *other.array_;
    case Tag::object:
      break;
  }
  const Object& left = *object_;
  const Object& right = *other.object_;
  if (left.size() != right.size()) return false;
  const bool same_order =
      std::equal(left.begin(), left.end(), right.begin(),
                 [](const Member& one, const Member& two) { return one.first == two.first; });
  if (!same_order && left.size() > k_pairwise_max) {
    const std::vector<const Member*> left_sorted = sorted_members(left);
    const std::vector<const Member*> right_sorted = sorted_members(right);
    return std::equal(left_sorted.begin(), left_sorted.end(), right_sorted.begin(),
                      [](const Member* one, const Member* two) { return *one == *two; });
  }
  for (std::size_t i = 0; i < left.size(); ++i) {
    // Mostly both have the same order.
    const Json* match =
        left[i].first == right[i].first ? &right[i].second : other.find(left[i].first);
    if (match == nullptr || !(left[i].second == *match)) return false;
  }
  return true;
}

}  // namespace eventual
