#include "schema/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "eventual/schema.hpp"
#include "eventual/time.hpp"
#include "schema/access.hpp"
#include "schema/choose.hpp"
#include "schema/plan.hpp"
#include "schema/problems.hpp"
#include "schema/source.hpp"
#include "schema/text.hpp"
#include "schema/wide_numbers.hpp"

namespace eventual::schema {

struct ParsedText {
  Source source;
  Element element;
};

const ParsedText* parse_text(std::string_view text) {
  auto parsed = std::make_unique<ParsedText>();
  std::string_view reason;
  if (!parsed->source.parse(text, &parsed->element, &reason)) return nullptr;
  return parsed.release();
}

namespace {

// Walks a description and a parsed value side by side. Goes on after a problem, so that all are
// found.
class Reader {
 public:
  Reader(const ReadOptions& options, Problems& problems) : options_(options), problems_(problems) {}

  void read(const TypeSchema& type, const Element& element, void* object, const Path& path,
            const Checks* checks);

 private:
  void read_integer(const TypeSchema& type, const Element& element, void* object, const Path& path,
                    const Checks* checks);
  void read_number(const TypeSchema& type, const Element& element, void* object, const Path& path,
                   const Checks* checks);
  void read_string(const Element& element, void* object, const Path& path, const Checks* checks);
  void read_bytes(const Element& element, void* object, const Path& path, const Checks* checks);
  void read_time_point(const TypeSchema& type, const Element& element, void* object,
                       const Path& path);
  void read_enum(const TypeSchema& type, const Element& element, void* object, const Path& path);
  void read_optional(const TypeSchema& type, const Element& element, void* object, const Path& path,
                     const Checks* checks);
  void read_list(const TypeSchema& type, const Element& element, void* object, const Path& path,
                 const Checks* checks);
  void read_bool_list(const TypeSchema& type, const Element& element, void* object,
                      const Path& path, const Checks* checks);
  void read_fixed_list(const TypeSchema& type, const Element& element, void* object,
                       const Path& path);
  void read_map(const TypeSchema& type, const Element& element, void* object, const Path& path,
                const Checks* checks);
  void read_variant(const TypeSchema& type, const Element& element, void* object, const Path& path);
  void read_object(const TypeSchema& type, const Element& element, void* object, const Path& path);
  void read_absent(const FieldPlan& field, void* object, const Path& path);
  Json read_json(const Element& element, const Path& path);

  void check(const Path& path, std::string reason) {
    if (!reason.empty()) problems_.add(path, std::move(reason));
  }
  bool is_array(const Element& element, const Path& path, const Checks* checks) {
    if (element.type() != ElementType::ARRAY) {
      problems_.add(path, "must be an array");
      return false;
    }
    if (checks != nullptr) check(path, checks->check_length(array_of(element).size(), "item"));
    return true;
  }

  const ReadOptions& options_;
  Problems& problems_;
};

void Reader::read(const TypeSchema& type, const Element& element, void* object, const Path& path,
                  const Checks* checks) {
  switch (type.kind) {
    case Kind::nothing:
      return check_duplicates(element, path, problems_);
    case Kind::null:
      if (element.type() != ElementType::NULL_VALUE) problems_.add(path, "must be null");
      return;
    case Kind::boolean:
      if (element.get(*static_cast<bool*>(object)) != simdjson::SUCCESS)
        problems_.add(path, "must be true or false");
      return;
    case Kind::integer:
    case Kind::duration:
      return read_integer(type, element, object, path, checks);
    case Kind::number:
      return read_number(type, element, object, path, checks);
    case Kind::string:
      return read_string(element, object, path, checks);
    case Kind::bytes:
      return read_bytes(element, object, path, checks);
    case Kind::time_point:
      return read_time_point(type, element, object, path);
    case Kind::enumeration:
      return read_enum(type, element, object, path);
    case Kind::json:
      *static_cast<Json*>(object) = read_json(element, path);
      return;
    case Kind::optional:
      return read_optional(type, element, object, path, checks);
    case Kind::list:
      return read_list(type, element, object, path, checks);
    case Kind::bool_list:
      return read_bool_list(type, element, object, path, checks);
    case Kind::fixed_list:
    case Kind::tuple:
      return read_fixed_list(type, element, object, path);
    case Kind::map:
      return read_map(type, element, object, path, checks);
    case Kind::variant:
      return read_variant(type, element, object, path);
    case Kind::object:
      return read_object(type, element, object, path);
  }
}

void Reader::read_integer(const TypeSchema& type, const Element& element, void* object,
                          const Path& path, const Checks* checks) {
  Wide value = 0;
  switch (element.type()) {
    case ElementType::INT64:
      value = element.get_int64().value_unsafe();
      break;
    case ElementType::UINT64:
      value = element.get_uint64().value_unsafe();
      break;
    case ElementType::DOUBLE: {
      // 5.0 and 1e3 are integers too, as far as a double is exact.
      const double number = element.get_double().value_unsafe();
      if (std::trunc(number) != number || std::fabs(number) > 0x1p53)
        return problems_.add(path, "must be an integer");
      value = static_cast<std::int64_t>(number);
      break;
    }
    default:
      return problems_.add(path, "must be an integer");
  }
  if (value % type.period_ms != 0) {
    return problems_.add(path,
                         fmt::format("must be a multiple of {} (milliseconds)", type.period_ms));
  }
  if (!store_integer(object, type.size_bytes, type.is_signed, value / type.period_ms)) {
    const unsigned bits = type.size_bytes * 8U - (type.is_signed ? 1U : 0U);
    const Wide largest = ((Wide{1} << bits) - 1) * type.period_ms;
    const Wide smallest = type.is_signed ? -(Wide{1} << bits) * type.period_ms : Wide{0};
    return problems_.add(path, fmt::format("must be from {} to {}", smallest, largest));
  }
  if (checks != nullptr) check(path, checks->check_integer(value));
}

void Reader::read_number(const TypeSchema& type, const Element& element, void* object,
                         const Path& path, const Checks* checks) {
  double value = 0;
  if (element.get_double().get(value) != simdjson::SUCCESS)
    return problems_.add(path, "must be a number");
  if (type.size_bytes == sizeof(float)) {
    if (std::fabs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
      return problems_.add(path, "must fit in a 32-bit floating point number");
    }
    *static_cast<float*>(object) = static_cast<float>(value);
  } else {
    *static_cast<double*>(object) = value;
  }
  if (checks != nullptr) check(path, checks->check_number(value));
}

void Reader::read_string(const Element& element, void* object, const Path& path,
                         const Checks* checks) {
  if (element.type() != ElementType::STRING) return problems_.add(path, "must be a string");
  const std::string_view text = string_of(element);
  static_cast<std::string*>(object)->assign(text);
  if (checks != nullptr) check(path, checks->check_string(text));
}

void Reader::read_bytes(const Element& element, void* object, const Path& path,
                        const Checks* checks) {
  std::string bytes;
  if (element.type() != ElementType::STRING || !decode_base64(string_of(element), bytes)) {
    return problems_.add(path, "must be a string of base64 with padding");
  }
  auto& value = *static_cast<std::vector<std::byte>*>(object);
  value.resize(bytes.size());
  if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
  if (checks != nullptr) check(path, checks->check_length(bytes.size(), "byte"));
}

void Reader::read_time_point(const TypeSchema& type, const Element& element, void* object,
                             const Path& path) {
  if (element.type() == ElementType::STRING) {
    if (const Result<Timestamp> time = parse_iso8601(string_of(element)); time.ok()) {
      const std::int64_t milliseconds = (*time).time_since_epoch().count();
      if (milliseconds % type.period_ms == 0 &&
          store_integer(object, type.size_bytes, type.is_signed,
                        Wide{milliseconds} / type.period_ms)) {
        return;
      }
      return problems_.add(path, fmt::format("must be a time in whole multiples of {} milliseconds",
                                             type.period_ms));
    }
  }
  problems_.add(path, "must be an ISO 8601 time with a zone, such as 2026-11-22T12:00:00.000Z");
}

void Reader::read_enum(const TypeSchema& type, const Element& element, void* object,
                       const Path& path) {
  const EnumPlan& plan = enum_plan(type);
  const std::int64_t* value =
      element.type() == ElementType::STRING ? plan.value_of(string_of(element)) : nullptr;
  if (value != nullptr && store_integer(object, type.size_bytes, type.is_signed, *value)) return;
  std::string names;
  for (const auto& entry : plan.names) names += (names.empty() ? "" : ", ") + entry.second;
  problems_.add(path, "must be one of: " + names);
}

Json Reader::read_json(const Element& element, const Path& path) {
  switch (element.type()) {
    case ElementType::NULL_VALUE:
      return {};
    case ElementType::BOOL:
      return element.get_bool().value_unsafe();
    case ElementType::INT64:
      return element.get_int64().value_unsafe();
    case ElementType::UINT64:
      return element.get_uint64().value_unsafe();
    case ElementType::DOUBLE:
      return element.get_double().value_unsafe();
    case ElementType::STRING:
      return string_of(element);
    case ElementType::ARRAY: {
      Json::Array items;
      for (const Element item : array_of(element))
        items.push_back(read_json(item, path.item(items.size())));
      return items;
    }
    case ElementType::OBJECT:
      break;
  }
  const simdjson::dom::object object = object_of(element);
  check_own_duplicates(object, path, problems_);
  Json::Object members;
  for (const auto member : object) {
    members.emplace_back(std::string(member.key), read_json(member.value, path.member(member.key)));
  }
  return detail::JsonAccess::object(std::move(members));
}

void Reader::read_optional(const TypeSchema& type, const Element& element, void* object,
                           const Path& path, const Checks* checks) {
  const auto& operations = *static_cast<const detail::OptionalOperations*>(type.operations);
  if (element.type() == ElementType::NULL_VALUE) {
    operations.reset(object);
  } else {
    read(*type.element, element, operations.emplace(object), path, checks);
  }
}

void Reader::read_list(const TypeSchema& type, const Element& element, void* object,
                       const Path& path, const Checks* checks) {
  // Grown step by step: a short text must not make a long list of large items before they are known
  // to be right.
  constexpr std::size_t k_first_step = 64;
  const auto& operations = *static_cast<const detail::ListOperations*>(type.operations);
  if (!is_array(element, path, checks)) return;
  const simdjson::dom::array items = array_of(element);
  std::size_t made = std::min(items.size(), k_first_step);
  operations.resize(object, 0);
  auto* data = static_cast<char*>(operations.resize(object, made));
  std::size_t index = 0;
  for (const Element item : items) {
    if (problems_.full()) return;
    if (index == made) {
      made = std::max(made + 1,
                      std::min(made * 2, items.size()));  // a size of 2^24 - 1 stands for more
      data = static_cast<char*>(operations.resize(object, made));
    }
    read(*type.element, item, data + index * type.element_size, path.item(index), nullptr);
    ++index;
  }
}

void Reader::read_bool_list(const TypeSchema& type, const Element& element, void* object,
                            const Path& path, const Checks* checks) {
  if (!is_array(element, path, checks)) return;
  auto& list = *static_cast<std::vector<bool>*>(object);
  list.clear();
  for (const Element item : array_of(element)) {
    bool value = false;
    read(*type.element, item, &value, path.item(list.size()), nullptr);
    list.push_back(value);
  }
}

void Reader::read_fixed_list(const TypeSchema& type, const Element& element, void* object,
                             const Path& path) {
  if (!is_array(element, path, nullptr)) return;
  const simdjson::dom::array items = array_of(element);
  if (items.size() != type.count) {
    return problems_.add(path, fmt::format("must have exactly {} items", type.count));
  }
  std::size_t index = 0;
  for (const Element item : items) {
    if (type.kind == Kind::tuple) {
      const auto& operations = *static_cast<const detail::TupleOperations*>(type.operations);
      read(*type.parts[index], item, operations.get(object, index), path.item(index), nullptr);
    } else {
      read(*type.element, item, static_cast<char*>(object) + index * type.element_size,
           path.item(index), nullptr);
    }
    ++index;
  }
}

void Reader::read_map(const TypeSchema& type, const Element& element, void* object,
                      const Path& path, const Checks* checks) {
  if (element.type() != ElementType::OBJECT) return problems_.add(path, "must be an object");
  const auto& operations = *static_cast<const detail::MapOperations*>(type.operations);
  operations.clear(object);
  std::size_t count = 0;
  for (const auto member : object_of(element)) {
    if (problems_.full()) return;
    void* value = operations.insert(object, member.key);
    if (operations.size(object) != ++count) {
      --count;
      problems_.add(path.member(member.key), "appears more than once");
      continue;
    }
    read(*type.element, member.value, value, path.member(member.key), nullptr);
  }
  if (checks != nullptr) check(path, checks->check_length(count, "member"));
}

void Reader::read_variant(const TypeSchema& type, const Element& element, void* object,
                          const Path& path) {
  std::string reason;
  const std::size_t choice = choose_alternative(type, element, options_, &reason);
  if (choice == k_no_choice) return problems_.add(path, std::move(reason));
  const auto& operations = *static_cast<const detail::VariantOperations*>(type.operations);
  read(*type.parts[choice], element, operations.emplace(object, choice), path, nullptr);
}

void Reader::read_object(const TypeSchema& type, const Element& element, void* object,
                         const Path& path) {
  if (element.type() != ElementType::OBJECT) return problems_.add(path, "must be an object");
  const ObjectPlan& plan = object_plan(type);
  const simdjson::dom::object members = object_of(element);
  std::uint64_t seen = 0;
  std::size_t next = 0;  // mostly the members come in their order
  bool has_unknown = false;
  bool has_double = false;
  for (const auto member : members) {
    const bool guessed = next < plan.fields.size() && plan.fields[next].name == member.key;
    const std::size_t index = guessed ? next : plan.find(member.key);
    if (index == ObjectPlan::k_none) {
      has_unknown = true;
      check_duplicates(member.value, path.member(member.key), problems_);
      if (options_.unknown_fields_refused)
        problems_.add(path.member(member.key), "is not a known member");
      continue;
    }
    next = index + 1;
    const std::uint64_t bit = std::uint64_t{1} << index;
    if ((seen & bit) != 0) {
      has_double = true;
      continue;
    }
    seen |= bit;
    const FieldPlan& field = plan.fields[index];
    read(*field.type, member.value, static_cast<char*>(object) + field.offset,
         path.member(field.name), field.checks.any() ? &field.checks : nullptr);
  }
  if (has_unknown || has_double) check_own_duplicates(members, path, problems_);
  for (std::size_t index = 0; index < plan.fields.size(); ++index) {
    if ((seen >> index & 1) == 0) read_absent(plan.fields[index], static_cast<char*>(object), path);
  }
}

void Reader::read_absent(const FieldPlan& field, void* object, const Path& path) {
  void* member = static_cast<char*>(object) + field.offset;
  if (field.fallback != nullptr) {
    read(*field.type, field.fallback->element, member, path.member(field.name), nullptr);
  } else if (field.type->kind == Kind::optional) {
    static_cast<const detail::OptionalOperations*>(field.type->operations)->reset(member);
  } else if (field.required && !options_.absent_is_default) {
    problems_.add(path.member(field.name), "is required");
  }
}

constexpr std::string_view k_wide_reason = "is a number that does not fit in 64 bits";

// The source of this thread, or one of its own when that is in use: reading may make a plan, which
// parses defaults.
class SourceLoan {
 public:
  SourceLoan() : own_(pool().lent ? new Source() : nullptr) {
    if (own_ == nullptr) pool().lent = true;
  }
  ~SourceLoan() {
    if (own_ != nullptr) return;
    pool().source.trim();
    pool().lent = false;
  }
  SourceLoan(const SourceLoan&) = delete;
  SourceLoan& operator=(const SourceLoan&) = delete;

  Source& get() { return own_ != nullptr ? *own_ : pool().source; }

 private:
  struct Pool {
    Source source;
    bool lent = false;
  };
  static Pool& pool() {
    thread_local Pool pool;
    return pool;
  }
  const std::unique_ptr<Source> own_;
};

/// False when the text is no JSON for the parser.
bool read_text(const TypeSchema& type, std::string_view json, void* object,
               const ReadOptions& options, Problems& problems) {
  SourceLoan source;
  Element element;
  std::string_view reason;
  if (!source.get().parse(json, &element, &reason)) {
    problems.add_at("", std::string(reason));
    return false;
  }
  if (options.annotations != nullptr) {
    const Checks checks(*options.annotations);
    Reader(options, problems).read(type, element, object, {}, checks.any() ? &checks : nullptr);
  } else {
    Reader(options, problems).read(type, element, object, {}, nullptr);
  }
  return true;
}

}  // namespace
}  // namespace eventual::schema

namespace eventual::detail {

bool read_value(const TypeSchema& type, std::string_view json, void* object,
                const ReadOptions& options, Error* error) {
  schema::Problems problems;
  if (!schema::read_text(type, json, object, options, problems)) {
    const schema::WideNumbers wide = schema::find_wide_numbers(json);
    if (!wide.pointers.empty()) {
      problems = {};
      if (schema::read_text(type, wide.text, object, options, problems))
        problems.replace_at(wide.pointers, schema::k_wide_reason);
    }
  }
  if (problems.empty()) return true;
  *error = problems.error();
  return false;
}

}  // namespace eventual::detail
