// How each C++ type is told to the reader and writer in src/schema: as data and a few functions, so
// that they are no templates. Promises nothing to users.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <ratio>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "eventual/detail/reflect.hpp"
#include "eventual/error.hpp"
#include "eventual/json.hpp"

namespace eventual {
struct Annotations;
struct FieldAnnotations;
struct ReadOptions;
template <class T>
struct Annotate;
}  // namespace eventual

namespace eventual::detail {

enum class Kind : std::uint8_t {
  nothing,  // void: reads anything, writes null
  null,     // std::monostate
  boolean,
  integer,
  number,
  string,
  bytes,        // std::vector<std::byte>, as base64
  duration,     // milliseconds
  time_point,   // ISO 8601
  enumeration,  // the enumerator's name
  json,
  optional,    // std::optional, std::unique_ptr
  list,        // std::vector
  bool_list,   // std::vector<bool>
  fixed_list,  // std::array
  tuple,       // std::tuple, std::pair
  map,         // std::map<std::string, T>
  variant,
  object,  // aggregates
};

class PlanBuilder;

/// One type, described. Lives for the whole program; refers to other types by address, so that
/// types may be recursive.
struct TypeSchema {
  Kind kind = Kind::nothing;
  bool is_signed = false;               // integer, enumeration; duration, time_point: of the count
  std::uint8_t size_bytes = 0;          // of the above, and of number
  std::int64_t period_ms = 1;           // duration, time_point: one count
  std::size_t count = 0;                // fixed_list, tuple, variant
  std::size_t element_size = 0;         // list, fixed_list
  const TypeSchema* element = nullptr;  // optional, list, fixed_list, map
  const TypeSchema* const* parts = nullptr;  // tuple, variant
  const void* operations = nullptr;          // by kind, one of the structs below
  void (*describe)(PlanBuilder&) = nullptr;  // enumeration, object
  mutable const void* plan = nullptr;        // made by src/schema when first needed
};

struct OptionalOperations {
  const void* (*get)(const void* optional);  // nullptr when empty
  void* (*emplace)(void* optional);
  void (*reset)(void* optional);
};

struct ListOperations {
  const void* (*data)(const void* list, std::size_t* count);
  void* (*resize)(void* list, std::size_t count);  // gives the data
};

struct MapOperations {
  using Visit = void(void* context, const std::string& key, const void* value);
  void (*for_each)(const void* map, void* context, Visit* visit);
  void* (*insert)(void* map, std::string_view key);
  void (*clear)(void* map);
  std::size_t (*size)(const void* map);
};

struct TupleOperations {
  void* (*get)(void* tuple, std::size_t index);
};

struct VariantOperations {
  std::size_t (*index)(const void* variant);  // std::variant_npos when valueless
  void* (*get)(void* variant);
  void* (*emplace)(void* variant, std::size_t index);
};

struct RawField {
  std::ptrdiff_t offset;
  const TypeSchema* type;
};

/// Calls `use` with a default-constructed object of one type.
using WithObject = void(void* context, void (*use)(void* context, void* object));

/// Takes what the templates know of an enum or struct. Implemented in src/schema.
class PlanBuilder {
 public:
  virtual void fields(std::string_view pretty_names, const RawField* fields, std::size_t count) = 0;
  virtual void annotate(const FieldAnnotations* annotations, std::size_t count,
                        WithObject* with_object) = 0;
  virtual void description(std::string_view text) = 0;
  virtual void enumerators(std::string_view pretty_names, std::int64_t first) = 0;
  virtual void enum_name(std::int64_t value, std::string_view name) = 0;

 protected:
  ~PlanBuilder() = default;
};

template <class T>
struct Describe;

template <class T>
inline constinit const TypeSchema k_schema = Describe<T>::make();

/// The description of T. `void` is valid: it reads anything and writes null.
template <class T>
constexpr const TypeSchema& schema_of() {
  return k_schema<std::remove_cv_t<T>>;
}

/// Reads `json` into the default-constructed T at `object`. False, with InvalidInput in `*error`,
/// when it does not fit; the object is then valid but unspecified. `object` may be null for void.
bool read_value(const TypeSchema& type, std::string_view json, void* object,
                const ReadOptions& options, Error* error);

/// Appends the T at `object`. Throws InvalidInput where JSON has no form for it, with `out` as
/// before.
void write_value(const TypeSchema& type, const void* object, std::string& out);

/// The JSON Schema of a type, without "$schema". `top_level` may be null.
Json schema_json(const TypeSchema& type, const Annotations* top_level);

/// schema_json with "$schema".
Json schema_document(const TypeSchema& type);

/// What is wrong with the declaration of a type and its annotations, one sentence each: members
/// that do not exist, two of one name, patterns that do not compile, defaults that do not fit,
/// variants that cannot be told apart.
std::vector<std::string> schema_defects(const TypeSchema& type, const Annotations* top_level);

/// Appends plain texts (of a path, a query, a form) as the JSON that the member `name` of `type`
/// wants: bare for numbers and booleans, a string otherwise, an array where a list is wanted or
/// several texts are given. With an empty `name`, as `type` itself wants it. Throws InvalidInput
/// for text that is not UTF-8.
void append_texts_as_json(const TypeSchema& type, std::string_view name,
                          std::span<const std::string_view> texts, std::string& out);

// --- structs
// ---------------------------------------------------------------------------------------------------------

struct FieldVisitor {
  template <class T, auto... Members>
  static void visit(PlanBuilder& builder) {
    if constexpr (sizeof...(Members) == 0) {
      builder.fields(__PRETTY_FUNCTION__, nullptr, 0);
    } else {
      const char* const base = &k_probe<T>.none;
      const RawField fields[] = {
          {reinterpret_cast<const char*>(Members) - base,
           &k_schema<std::remove_cv_t<std::remove_pointer_t<decltype(Members)>>>}...};
      builder.fields(__PRETTY_FUNCTION__, fields, sizeof...(Members));
    }
  }
};

template <class T>
void with_default_object(void* context, void (*use)(void* context, void* object)) {
  T object{};
  use(context, &object);
}

template <class T>
void describe_struct(PlanBuilder& builder) {
  visit_fields<T, FieldVisitor>(builder);
  if constexpr (requires { Annotate<T>::fields; }) {
    builder.annotate(std::data(Annotate<T>::fields), std::size(Annotate<T>::fields),
                     &with_default_object<T>);
  }
  if constexpr (requires { Annotate<T>::description; })
    builder.description(Annotate<T>::description);
}

// --- enums
// -----------------------------------------------------------------------------------------------------------

template <class Enum, Enum... Values>
void list_enumerators(PlanBuilder& builder, std::int64_t first) {
  builder.enumerators(__PRETTY_FUNCTION__, first);
}

template <class Enum, std::int64_t First, std::size_t... Indexes>
void list_enumerators_from(PlanBuilder& builder, std::index_sequence<Indexes...>) {
  list_enumerators<Enum, static_cast<Enum>(First + static_cast<std::int64_t>(Indexes))...>(builder,
                                                                                           First);
}

template <class Enum>
void describe_enum(PlanBuilder& builder) {
  using Underlying = std::underlying_type_t<Enum>;
  if constexpr (requires { Annotate<Enum>::names; }) {
    for (const auto& [value, name] : Annotate<Enum>::names)
      builder.enum_name(static_cast<std::int64_t>(value), name);
  }
  if constexpr (std::is_same_v<Underlying, bool>) {
    list_enumerators_from<Enum, 0>(builder, std::make_index_sequence<2>());
  } else if constexpr (requires {
                         Enum{0};
                       }) {  // a fixed underlying type: every value of it can be named
    constexpr std::int64_t k_first = static_cast<Underlying>(-1) < Underlying{} ? -16 : 0;
    constexpr std::int64_t k_last = sizeof(Underlying) == 1 && k_first < 0 ? 127 : 255;
    list_enumerators_from<Enum, k_first>(builder, std::make_index_sequence<k_last - k_first + 1>());
  } else {
    static_assert(
        requires { Annotate<Enum>::names; },
        "eventual: an unscoped enum without a fixed type cannot be listed. Write `enum class` (or "
        "`enum Name : int`), "
        "or list its names in a specialisation of eventual::Annotate.");
  }
  if constexpr (requires { Annotate<Enum>::description; })
    builder.description(Annotate<Enum>::description);
}

// --- everything that is no template
// ----------------------------------------------------------------------------------

template <class T>
inline constexpr bool k_is_character =
    std::is_same_v<T, char> || std::is_same_v<T, wchar_t> || std::is_same_v<T, char8_t> ||
    std::is_same_v<T, char16_t> || std::is_same_v<T, char32_t>;

template <class T>
consteval bool check_supported() {
  static_assert(!std::is_reference_v<T>, "eventual: a reference has no JSON form. Use a value.");
  static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T>,
                "eventual: a pointer has no JSON form. Use a value, std::string instead of const "
                "char*, std::optional<T> for "
                "what may be absent, or std::unique_ptr<T> for a type that contains itself.");
  static_assert(!std::is_array_v<T>,
                "eventual: a raw array has no JSON form. Use std::array or std::vector.");
  static_assert(
      !k_is_character<T>,
      "eventual: a character has no JSON form. Use std::string, or std::int8_t for a number.");
  static_assert(!std::is_same_v<T, std::byte>,
                "eventual: std::byte has a JSON form only as std::vector<std::byte> (base64).");
  static_assert(!std::is_same_v<T, std::string_view>,
                "eventual: std::string_view cannot own what is read. Use std::string.");
  static_assert(!std::is_same_v<T, long double>,
                "eventual: long double has no JSON form. Use double.");
  static_assert(!std::is_union_v<T>, "eventual: a union has no JSON form. Use std::variant.");
  constexpr bool k_is_other = !std::is_class_v<T> || std::is_same_v<T, std::string_view>;
  static_assert(k_is_other || std::is_aggregate_v<T>,
                "eventual: this class has no JSON form. Use a plain struct (public members, no "
                "constructor, no base class, no "
                "virtual function), or std::vector, std::array, std::map<std::string, T>, "
                "std::optional, std::variant, "
                "std::tuple, or eventual::Json.");
  if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>) {
    constexpr bool k_has_default = requires { T{}; };
    static_assert(
        k_has_default,
        "eventual: every member must have a default value (T{} must compile), because a value is "
        "made first and then read. References and types without a default constructor have none.");
    if constexpr (k_has_default) {
      static_assert(
          !HasBase<T>,
          "eventual: a struct with a base class has no JSON form. Make the base a member.");
      static_assert(count_fields<T>() <= k_fields_max,
                    "eventual: a struct may have at most 64 members. Group some of them into a "
                    "struct of their own.");
      return !HasBase<T> && count_fields<T>() <= k_fields_max;
    }
  }
  return false;
}

template <class T>
struct Describe {
  static consteval TypeSchema make() {
    if constexpr (std::is_void_v<T>) {
      return {.kind = Kind::nothing};
    } else if constexpr (std::is_same_v<T, bool>) {
      return {.kind = Kind::boolean};
    } else if constexpr (std::is_integral_v<T> && !k_is_character<T> && sizeof(T) <= 8) {
      return {.kind = Kind::integer, .is_signed = std::is_signed_v<T>, .size_bytes = sizeof(T)};
    } else if constexpr (std::is_floating_point_v<T> && sizeof(T) <= 8) {
      return {.kind = Kind::number, .size_bytes = sizeof(T)};
    } else if constexpr (std::is_enum_v<T> && !std::is_same_v<T, std::byte>) {
      using Underlying = std::underlying_type_t<T>;
      return {.kind = Kind::enumeration,
              .is_signed = std::is_signed_v<Underlying>,
              .size_bytes = sizeof(T),
              .describe = &describe_enum<T>};
    } else if constexpr (check_supported<T>()) {
      return {.kind = Kind::object, .describe = &describe_struct<T>};
    } else {
      return {};
    }
  }
};

template <>
struct Describe<std::monostate> {
  static consteval TypeSchema make() { return {.kind = Kind::null}; }
};
template <>
struct Describe<std::string> {
  static consteval TypeSchema make() { return {.kind = Kind::string}; }
};
template <>
struct Describe<Json> {
  static consteval TypeSchema make() { return {.kind = Kind::json}; }
};

// --- time
// ------------------------------------------------------------------------------------------------------------

template <class Rep, class Period>
consteval TypeSchema make_time(Kind kind) {
  using Milliseconds = std::ratio_divide<Period, std::milli>;
  static_assert(std::is_integral_v<Rep>,
                "eventual: a time with a floating point count has no JSON form. Use "
                "std::chrono::milliseconds, or a double with its unit in its name.");
  static_assert(
      Milliseconds::den == 1,
      "eventual: times are milliseconds in JSON, and this type is finer. Use "
      "std::chrono::milliseconds "
      "(eventual::Duration, eventual::Timestamp), or an integer with its unit in its name.");
  return {.kind = kind,
          .is_signed = std::is_signed_v<Rep>,
          .size_bytes = sizeof(Rep),
          .period_ms = Milliseconds::num};
}

template <class Rep, class Period>
struct Describe<std::chrono::duration<Rep, Period>> {
  static consteval TypeSchema make() { return make_time<Rep, Period>(Kind::duration); }
};
template <class Rep, class Period>
struct Describe<
    std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<Rep, Period>>> {
  static consteval TypeSchema make() { return make_time<Rep, Period>(Kind::time_point); }
};

// --- templates
// -------------------------------------------------------------------------------------------------------

template <class T>
struct OptionalAccess {
  static const void* get(const void* optional) {
    const T& value = *static_cast<const T*>(optional);
    return value ? &*value : nullptr;
  }
  static void* emplace(void* optional) {
    T& value = *static_cast<T*>(optional);
    if constexpr (requires { value.emplace(); }) {
      return &value.emplace();
    } else {
      value = T(new typename T::element_type{});
      return value.get();
    }
  }
  static void reset(void* optional) { static_cast<T*>(optional)->reset(); }
  static constexpr OptionalOperations k_operations{&get, &emplace, &reset};
};

/// null reads as empty, so that what an optional holds must not be null itself.
template <class T>
inline constexpr bool k_may_be_null = std::is_same_v<T, Json> || std::is_same_v<T, std::monostate>;
template <class T>
inline constexpr bool k_may_be_null<std::optional<T>> = true;
template <class T>
inline constexpr bool k_may_be_null<std::unique_ptr<T>> = true;
template <class... Ts>
inline constexpr bool k_may_be_null<std::variant<Ts...>> =
    (std::is_same_v<Ts, std::monostate> || ...);

template <class T>
consteval void check_optional() {
  static_assert(!k_may_be_null<T>,
                "eventual: an optional of something that may itself be null cannot be told apart "
                "in JSON. Use "
                "eventual::Json, a std::variant with std::monostate, or one optional alone.");
}

template <class T>
struct Describe<std::optional<T>> {
  static consteval TypeSchema make() {
    check_optional<T>();
    return {.kind = Kind::optional,
            .element = &k_schema<std::remove_cv_t<T>>,
            .operations = &OptionalAccess<std::optional<T>>::k_operations};
  }
};
template <class T>
struct Describe<std::unique_ptr<T>> {
  static consteval TypeSchema make() {
    check_optional<T>();
    return {.kind = Kind::optional,
            .element = &k_schema<std::remove_cv_t<T>>,
            .operations = &OptionalAccess<std::unique_ptr<T>>::k_operations};
  }
};

template <class T>
struct VectorAccess {
  static const void* data(const void* list, std::size_t* count) {
    const auto& items = *static_cast<const std::vector<T>*>(list);
    *count = items.size();
    return items.data();
  }
  static void* resize(void* list, std::size_t count) {
    auto& items = *static_cast<std::vector<T>*>(list);
    items.resize(count);
    return items.data();
  }
  static constexpr ListOperations k_operations{&data, &resize};
};

template <class T>
struct Describe<std::vector<T>> {
  static consteval TypeSchema make() {
    return {.kind = Kind::list,
            .element_size = sizeof(T),
            .element = &k_schema<T>,
            .operations = &VectorAccess<T>::k_operations};
  }
};
template <>
struct Describe<std::vector<bool>> {
  static consteval TypeSchema make() {
    return {.kind = Kind::bool_list, .element = &k_schema<bool>};
  }
};
template <>
struct Describe<std::vector<std::byte>> {
  static consteval TypeSchema make() { return {.kind = Kind::bytes}; }
};

template <class T, std::size_t N>
struct Describe<std::array<T, N>> {
  static consteval TypeSchema make() {
    return {
        .kind = Kind::fixed_list, .count = N, .element_size = sizeof(T), .element = &k_schema<T>};
  }
};

template <class Map>
struct MapAccess {
  static void for_each(const void* map, void* context, MapOperations::Visit* visit) {
    for (const auto& [key, value] : *static_cast<const Map*>(map)) visit(context, key, &value);
  }
  static void* insert(void* map, std::string_view key) {
    return &(*static_cast<Map*>(map))[std::string(key)];
  }
  static void clear(void* map) { static_cast<Map*>(map)->clear(); }
  static std::size_t size(const void* map) { return static_cast<const Map*>(map)->size(); }
  static constexpr MapOperations k_operations{&for_each, &insert, &clear, &size};
};

template <class Key, class T, class Compare>
struct Describe<std::map<Key, T, Compare>> {
  static consteval TypeSchema make() {
    static_assert(std::is_same_v<Key, std::string>,
                  "eventual: a map has a JSON form only with std::string as its key.");
    if constexpr (!std::is_same_v<Key, std::string>) {
      return {};
    } else {
      return {.kind = Kind::map,
              .element = &k_schema<T>,
              .operations = &MapAccess<std::map<Key, T, Compare>>::k_operations};
    }
  }
};

template <class... Ts>
inline constexpr const TypeSchema* k_parts[] = {&k_schema<Ts>..., nullptr};

template <class Tuple>
struct TupleAccess;
template <template <class...> class Tuple, class... Ts>
struct TupleAccess<Tuple<Ts...>> {
  template <std::size_t... Indexes>
  static void* get_from(Tuple<Ts...>& values, std::size_t index, std::index_sequence<Indexes...>) {
    void* found = nullptr;
    ((Indexes == index ? void(found = &std::get<Indexes>(values)) : void()), ...);
    return found;
  }
  static void* get(void* tuple, std::size_t index) {
    return get_from(*static_cast<Tuple<Ts...>*>(tuple), index, std::index_sequence_for<Ts...>());
  }
  static constexpr TupleOperations k_operations{&get};
  static consteval TypeSchema make() {
    return {.kind = Kind::tuple,
            .count = sizeof...(Ts),
            .parts = k_parts<Ts...>,
            .operations = &k_operations};
  }
};

template <class... Ts>
struct Describe<std::tuple<Ts...>> : TupleAccess<std::tuple<Ts...>> {};
template <class First, class Second>
struct Describe<std::pair<First, Second>> : TupleAccess<std::pair<First, Second>> {};

/// What a value looks like in JSON, as far as its kind tells; 0 for what may look like anything.
constexpr unsigned json_group(Kind kind) {
  switch (kind) {
    case Kind::null:
      return 1;
    case Kind::boolean:
      return 2;
    case Kind::integer:
    case Kind::number:
    case Kind::duration:
      return 4;
    case Kind::string:
    case Kind::bytes:
    case Kind::time_point:
    case Kind::enumeration:
      return 8;
    case Kind::list:
    case Kind::bool_list:
    case Kind::fixed_list:
    case Kind::tuple:
      return 16;
    case Kind::map:
      return 32;
    case Kind::object:
      return 64;
    default:
      return 0;
  }
}

template <class... Ts>
consteval bool can_be_told_apart() {
  unsigned seen = 0;
  bool apart = true;
  for (const Kind kind : {Describe<Ts>::make().kind...}) {
    const unsigned form = json_group(kind);
    if (form == 0) apart = false;
    if (form == 64 ? (seen & 32) != 0 : (seen & form) != 0) apart = false;
    if (form == 32 && (seen & 64) != 0) apart = false;
    seen |= form;
  }
  return apart;
}

template <class... Ts>
struct VariantAccess {
  using Variant = std::variant<Ts...>;
  static std::size_t index(const void* variant) {
    return static_cast<const Variant*>(variant)->index();
  }
  template <std::size_t... Indexes>
  static void* get_from(Variant& variant, std::index_sequence<Indexes...>) {
    void* found = nullptr;
    ((variant.index() == Indexes ? void(found = std::get_if<Indexes>(&variant)) : void()), ...);
    return found;
  }
  static void* get(void* variant) {
    return get_from(*static_cast<Variant*>(variant), std::index_sequence_for<Ts...>());
  }
  template <std::size_t... Indexes>
  static void* emplace_at(Variant& variant, std::size_t index, std::index_sequence<Indexes...>) {
    void* made = nullptr;
    ((index == Indexes ? void(made = &(variant = Variant(std::in_place_index<Indexes>),
                                       std::get<Indexes>(variant)))
                       : void()),
     ...);
    return made;
  }
  static void* emplace(void* variant, std::size_t index) {
    return emplace_at(*static_cast<Variant*>(variant), index, std::index_sequence_for<Ts...>());
  }
  static constexpr VariantOperations k_operations{&index, &get, &emplace};
};

template <class... Ts>
struct Describe<std::variant<Ts...>> {
  static consteval TypeSchema make() {
    static_assert(can_be_told_apart<Ts...>(),
                  "eventual: the alternatives of this std::variant cannot be told apart in JSON. "
                  "At most one may be a number, one "
                  "a string (enums, times and bytes are strings), one a list, one a map; several "
                  "structs are fine when their "
                  "members differ. Wrap alternatives in structs; instead of std::optional use "
                  "std::monostate.");
    return {.kind = Kind::variant,
            .count = sizeof...(Ts),
            .parts = k_parts<Ts...>,
            .operations = &VariantAccess<Ts...>::k_operations};
  }
};

}  // namespace eventual::detail
