// What the reader and writer need of a struct, enum or variant, worked out once from its
// description.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/schema.hpp"
#include "schema/checks.hpp"

namespace eventual::schema {

using detail::Kind;
using detail::TypeSchema;

/// A parsed default value, made by the reader.
struct ParsedText;

struct FieldPlan {
  std::string member;    // in C++
  std::string name;      // on the wire
  std::string key_text;  // `"name":`
  std::ptrdiff_t offset = 0;
  const TypeSchema* type = nullptr;
  Annotations annotations;
  Checks checks;
  const ParsedText* fallback = nullptr;  // read when the member is absent
  bool required = true;
  bool written_always = true;
};

struct ObjectPlan {
  std::string type_name;  // unqualified
  std::string_view description;
  std::vector<FieldPlan> fields;
  std::vector<std::uint8_t> by_name;  // indexes into `fields`, sorted by wire name
  std::uint64_t required = 0;         // bit i: fields[i]
  std::vector<std::string> defects;
  detail::WithObject* with_object = nullptr;  // only when it has annotations

  static constexpr std::size_t k_none = static_cast<std::size_t>(-1);
  /// The index of the member, or k_none.
  std::size_t find(std::string_view name) const;
};

struct EnumPlan {
  std::string type_name;
  std::string_view description;
  std::vector<std::pair<std::int64_t, std::string>> names;  // in order of value
  std::vector<std::string> defects;

  const std::string* name_of(std::int64_t value) const;
  const std::int64_t* value_of(std::string_view name) const;
};

const void* make_plan(const TypeSchema& type);

inline const void* plan_of(const TypeSchema& type) {
  const void* plan = std::atomic_ref<const void*>(type.plan).load(std::memory_order_acquire);
  return plan != nullptr ? plan : make_plan(type);
}

/// Only for Kind::object.
inline const ObjectPlan& object_plan(const TypeSchema& type) {
  return *static_cast<const ObjectPlan*>(plan_of(type));
}
/// Only for Kind::enumeration.
inline const EnumPlan& enum_plan(const TypeSchema& type) {
  return *static_cast<const EnumPlan*>(plan_of(type));
}

/// "Order", "string", "a list": how messages call a type.
std::string type_label(const TypeSchema& type);

/// The value at an integer of `size_bytes`.
Wide load_integer(const void* object, std::size_t size_bytes, bool is_signed);
/// False when `value` does not fit.
[[nodiscard]] bool store_integer(void* object, std::size_t size_bytes, bool is_signed, Wide value);

}  // namespace eventual::schema
