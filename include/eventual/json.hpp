// Json: the opaque value, for what has no type of its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/error.hpp"

namespace eventual {

namespace detail {
struct JsonAccess;
}

/// Arrays and objects deeper than this are refused, when read and when written.
inline constexpr std::size_t k_json_depth_max = 64;

/// Any JSON value. Objects keep the order of their members, and no two members of one object have
/// the same name.
///
/// A copy is deep and independent, a move is two words. Integers keep all 64 bits. Equality is
/// structural: the order of an object's members does not count, and numbers are equal when they
/// have the same value (1 equals 1.0).
class Json {
 public:
  enum class Type : std::uint8_t { null, boolean, integer, number, string, array, object };
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() noexcept = default;
  Json(std::nullptr_t) noexcept {}  // NOLINT: values convert on purpose, here and below
  template <std::same_as<bool> Bool>
  Json(Bool value) noexcept : tag_(Tag::boolean) {  // NOLINT
    boolean_ = value;
  }
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
  Json(Integer value) noexcept {  // NOLINT
    if constexpr (Integer(-1) > Integer(0)) {
      set_unsigned(value);
    } else {
      tag_ = Tag::int64;
      int64_ = value;
    }
  }
  Json(double value) noexcept : tag_(Tag::number) { number_ = value; }  // NOLINT
  Json(std::string value);                                              // NOLINT
  Json(std::string_view value);                                         // NOLINT
  Json(const char* value);                                              // NOLINT
  Json(Array items);                                                    // NOLINT
  Json(Object members);  // NOLINT: of two members of one name the last counts

  /// `Json::array({1, "two", nullptr})`
  static Json array(std::initializer_list<Json> items = {});
  /// `Json::object({{"id", "o-1"}, {"amount", 5}})`
  static Json object(std::initializer_list<Member> members = {});

  Json(const Json& other);
  Json(Json&& other) noexcept : tag_(other.tag_) {
    int64_ = other.int64_;
    other.tag_ = Tag::null;
  }
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept {
    Json taken(std::move(other));  // first: `other` may be a part of this
    std::swap(tag_, taken.tag_);
    std::swap(int64_, taken.int64_);
    return *this;
  }
  ~Json() {
    if (tag_ >= Tag::string) destroy();
  }

  /// Reads one JSON text. InvalidInput says what is wrong with it: syntax, UTF-8, a member twice,
  /// too deep, a number that does not fit.
  static Result<Json> parse(std::string_view text);

  /// The shortest text without spaces. Throws InvalidInput where JSON has no form for the value:
  /// NaN and infinity, text that is not UTF-8, more than k_json_depth_max levels.
  std::string dump() const;

  Type type() const noexcept;
  bool is_null() const noexcept { return tag_ == Tag::null; }
  bool is_boolean() const noexcept { return tag_ == Tag::boolean; }
  bool is_integer() const noexcept { return tag_ == Tag::int64 || tag_ == Tag::uint64; }
  bool is_number() const noexcept { return is_integer() || tag_ == Tag::number; }
  bool is_string() const noexcept { return tag_ == Tag::string; }
  bool is_array() const noexcept { return tag_ == Tag::array; }
  bool is_object() const noexcept { return tag_ == Tag::object; }

  // The value as what it is. Each throws InvalidInput when the value is of another type or does not
  // fit.
  bool as_bool() const;
  std::int64_t as_int64() const;
  std::uint64_t as_uint64() const;
  double as_double() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  Array& as_array();
  const Object& as_object() const;

  /// The number of items or members; 0 for all other values.
  std::size_t size() const noexcept;

  /// The member called `name`, or nullptr. Valid until the object changes.
  const Json* find(std::string_view name) const noexcept;
  Json* find(std::string_view name) noexcept;

  /// The value at a JSON pointer ("/items/3/amount"; "" is the value itself), or nullptr.
  const Json* find_at(std::string_view pointer) const;

  /// The member called `name`, or null when there is none or this is no object.
  const Json& operator[](std::string_view name) const noexcept;
  /// The member called `name`, added as null when there is none. A null becomes an object; throws
  /// on other types.
  Json& operator[](std::string_view name);

  /// Sets a member: in its place when it is there, last otherwise. A null becomes an object; throws
  /// on other types.
  Json& set(std::string_view name, Json value);
  /// Removes a member; false when there is none.
  bool erase(std::string_view name);
  /// Appends to an array. A null becomes an array; throws on other types.
  Json& push_back(Json value);

  friend bool operator==(const Json& left, const Json& right) noexcept {
    return left.equals(right);
  }

 private:
  friend struct detail::JsonAccess;
  enum class Tag : std::uint8_t { null, boolean, int64, uint64, number, string, array, object };

  void set_unsigned(std::uint64_t value) noexcept {
    tag_ = value > static_cast<std::uint64_t>(INT64_MAX) ? Tag::uint64 : Tag::int64;
    uint64_ = value;
  }
  void destroy() noexcept;
  bool equals(const Json& other) const noexcept;
  [[noreturn]] void wrong_type(const char* wanted) const;
  Object& make_object();

  Tag tag_ = Tag::null;
  union {
    bool boolean_;
    std::int64_t int64_ = 0;
    std::uint64_t uint64_;
    double number_;
    std::string* string_;  // owned, as are the next two
    Array* array_;
    Object* object_;
  };
};

}  // namespace eventual
