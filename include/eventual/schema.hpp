// Schema: from one plain struct its JSON reader, its writer, its validation and its JSON Schema.
//
//   struct Order { std::string id; std::int64_t amount_cents; std::optional<std::string> note; };
//   std::string text = eventual::to_json(order);
//   eventual::Result<Order> order = eventual::from_json<Order>(text);
//
// docs/schema.md lists the types that have a JSON form and what that form is.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/json.hpp"

namespace eventual {

/// A bound in an annotation: any integer or floating point value.
class Number {
 public:
  // NOLINTBEGIN(google-explicit-constructor): it converts on purpose.
  template <std::integral Integer>
  constexpr Number(Integer value)
      : bits_(static_cast<std::uint64_t>(value)),
        form_(value < Integer(0) ? Form::negative : Form::natural) {}
  constexpr Number(double value) : real_(value), form_(Form::real) {}
  // NOLINTEND(google-explicit-constructor)

  /// The value as Json keeps it: an integer stays one.
  Json to_json_value() const;

 private:
  enum class Form : std::uint8_t { natural, negative, real };
  std::uint64_t bits_ = 0;
  double real_ = 0;
  Form form_;
};

/// A default or example in an annotation: a bool, number, string, null, or any JSON text by
/// Literal::json. Strings are borrowed: use literals.
class Literal {
 public:
  // NOLINTBEGIN(google-explicit-constructor): it converts on purpose.
  constexpr Literal(std::nullptr_t) : text_("null"), form_(Form::json) {}
  template <std::same_as<bool> Bool>
  constexpr Literal(Bool value) : text_(value ? "true" : "false"), form_(Form::json) {}
  template <class Value>
    requires(std::integral<Value> || std::floating_point<Value>) && (!std::same_as<Value, bool>)
  constexpr Literal(Value value) : number_(value), form_(Form::number) {}
  constexpr Literal(std::string_view value) : text_(value), form_(Form::string) {}
  constexpr Literal(const char* value) : text_(value), form_(Form::string) {}
  // NOLINTEND(google-explicit-constructor)

  static constexpr Literal json(std::string_view text) {
    Literal literal(text);
    literal.form_ = Form::json;
    return literal;
  }

  /// InvalidInput when the text given to Literal::json is no JSON.
  Result<Json> to_json_value() const;

 private:
  enum class Form : std::uint8_t { string, json, number };
  std::string_view text_;
  Number number_ = 0;
  Form form_;
};

/// What is said about a value beyond its type. All strings are borrowed: use literals.
///
/// Bounds, lengths and the pattern are checked whenever a value is read, never when it is written.
struct Annotations {
  std::string_view name = {};  ///< the name on the wire; the member's own name when empty
  std::string_view description = {};
  std::optional<Number> minimum = {};  ///< inclusive; numbers, durations (milliseconds)
  std::optional<Number> maximum = {};  ///< inclusive
  std::optional<std::size_t> length_min =
      {};  ///< characters of a string, bytes, items of a list, members of a map
  std::optional<std::size_t> length_max = {};
  std::string_view pattern =
      {};  ///< ECMAScript, found anywhere in the string unless anchored; without back references
  std::string_view format = {};               ///< told in the schema ("email", "uuid"), not checked
  std::optional<Literal> default_value = {};  ///< makes a member optional: read when it is absent
  std::optional<Literal> example = {};
  bool deprecated = false;
};

/// Annotations of one member, by its name or (checked by the compiler) by
/// `field<&Order::amount_cents>({…})`.
struct FieldAnnotations {
  std::string_view member;
  Annotations annotations;
};

template <auto Member>
constexpr FieldAnnotations field(Annotations annotations) {
  return {__PRETTY_FUNCTION__, annotations};
}

/// The text that stands for an enumerator.
template <class Enum>
struct EnumName {
  Enum value;
  std::string_view name;
};

/// Specialise it beside a type, before its first use, to annotate the type without touching it. All
/// parts are optional:
///
///   template <> struct eventual::Annotate<Order> {
///     static constexpr std::string_view description = "An order as the shop sends it";
///     static constexpr FieldAnnotations fields[] = {field<&Order::amount_cents>({.name = "amount",
///     .minimum = 1})};
///   };
///   template <> struct eventual::Annotate<Colour> {                    // of an enum
///     static constexpr EnumName<Colour> names[] = {{Colour::dark_red, "dark-red"}};
///   };
template <class T>
struct Annotate {};

struct ReadOptions {
  /// A member that the type does not have is an error instead of being ignored.
  bool unknown_fields_refused = false;
  /// A required member that is absent keeps the value that a default-constructed object has. For
  /// old histories.
  bool absent_is_default = false;
  /// Checked on the whole value; borrowed for the call. For values that are no struct.
  const Annotations* annotations = nullptr;
};

/// More bad fields than this are not listed; the last entry of the details then says so.
inline constexpr std::size_t k_read_problems_max = 100;

}  // namespace eventual

#include "eventual/detail/describe.hpp"  // IWYU pragma: export

namespace eventual {

/// `value` as JSON: struct members in their order of declaration, maps sorted, no spaces. Equal
/// values give equal text.
///
/// Throws InvalidInput for what JSON cannot hold: NaN and infinity, text that is not UTF-8, an enum
/// value without a name, a time outside the years 0 to 9999, more than k_json_depth_max levels.
template <class T>
std::string to_json(const T& value) {
  std::string out;
  detail::write_value(detail::schema_of<T>(), &value, out);
  return out;
}

/// Appends what to_json gives. When it throws, `out` is as before.
template <class T>
void append_json(std::string& out, const T& value) {
  detail::write_value(detail::schema_of<T>(), &value, out);
}

/// Reads and validates a T. InvalidInput has the first problem as its message, and as details every
/// problem:
/// `[{"pointer": "/items/3/amount", "reason": "must be at least 1"}, …]`.
template <class T>
Result<T> from_json(std::string_view json, const ReadOptions& options = {}) {
  T value{};
  Error error;
  if (!detail::read_value(detail::schema_of<T>(), json, &value, options, &error)) return error;
  return value;
}

/// The JSON Schema (draft 2020-12) of T.
template <class T>
Json json_schema() {
  return detail::schema_document(detail::schema_of<T>());
}

}  // namespace eventual
