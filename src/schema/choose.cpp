#include "schema/choose.hpp"

#include <fmt/format.h>

#include <cmath>

namespace eventual::schema {
namespace {

bool fits(const TypeSchema& type, const Element& element);

bool is_integral(const Element& element) {
  if (element.type() == ElementType::DOUBLE) {
    const double value = element.get_double().value_unsafe();
    return std::trunc(value) == value;
  }
  return element.type() == ElementType::INT64 || element.type() == ElementType::UINT64;
}

bool is_number(const Element& element) {
  return element.type() == ElementType::DOUBLE || is_integral(element);
}

bool fits(const TypeSchema& type, const Element& element) {
  switch (type.kind) {
    case Kind::nothing:
    case Kind::json:
      return true;
    case Kind::null:
      return element.type() == ElementType::NULL_VALUE;
    case Kind::boolean:
      return element.type() == ElementType::BOOL;
    case Kind::integer:
    case Kind::duration:
      return is_integral(element);
    case Kind::number:
      return is_number(element);
    case Kind::string:
    case Kind::bytes:
    case Kind::time_point:
      return element.type() == ElementType::STRING;
    case Kind::enumeration:
      return element.type() == ElementType::STRING &&
             enum_plan(type).value_of(string_of(element)) != nullptr;
    case Kind::optional:
      return element.type() == ElementType::NULL_VALUE || fits(*type.element, element);
    case Kind::list:
    case Kind::bool_list:
    case Kind::fixed_list:
    case Kind::tuple:
      return element.type() == ElementType::ARRAY;
    case Kind::map:
    case Kind::object:
      return element.type() == ElementType::OBJECT;
    case Kind::variant:
      break;
  }
  for (std::size_t i = 0; i < type.count; ++i) {
    if (fits(*type.parts[i], element)) return true;
  }
  return false;
}

struct Look {
  bool unknown = false;  // a member that the struct does not have
  bool misfit = false;   // a value of another JSON type
  bool missing = false;
};

Look look(const ObjectPlan& plan, const simdjson::dom::object& object) {
  Look result;
  std::uint64_t seen = 0;
  for (const auto member : object) {
    const std::size_t index = plan.find(member.key);
    if (index == ObjectPlan::k_none) {
      result.unknown = true;
    } else {
      seen |= std::uint64_t{1} << index;
      result.misfit = result.misfit || !fits(*plan.fields[index].type, member.value);
    }
  }
  result.missing = (plan.required & ~seen) != 0;
  return result;
}

// The only one of `accepted`, k_no_choice otherwise.
template <class Accepts>
std::size_t only_one(const TypeSchema& type, std::size_t* count, const Accepts& accepts) {
  std::size_t found = k_no_choice;
  *count = 0;
  for (std::size_t i = 0; i < type.count; ++i) {
    if (!accepts(*type.parts[i])) continue;
    ++*count;
    found = i;
  }
  return *count == 1 ? found : k_no_choice;
}

std::size_t choose_struct(const TypeSchema& type, const simdjson::dom::object& object,
                          const ReadOptions& options, std::string* reason) {
  const auto with = [&](bool unknown_allowed, bool missing_allowed) {
    return [&object, unknown_allowed, missing_allowed](const TypeSchema& part) {
      if (part.kind != Kind::object) return false;
      const Look seen = look(object_plan(part), object);
      return !seen.misfit && (unknown_allowed || !seen.unknown) &&
             (missing_allowed || !seen.missing);
    };
  };
  std::size_t count = 0;
  std::size_t choice = only_one(type, &count, with(false, false));
  if (count == 0 && !options.unknown_fields_refused)
    choice = only_one(type, &count, with(true, false));
  if (count == 0 && options.absent_is_default) choice = only_one(type, &count, with(false, true));
  if (count == 0) {
    // When there is only one struct, its own problems say more than that it does not fit.
    choice =
        only_one(type, &count, [](const TypeSchema& part) { return part.kind == Kind::object; });
    *reason = fmt::format("must be one of: {}", type_label(type));
  } else if (count > 1) {
    *reason = fmt::format("fits more than one of: {}", type_label(type));
  }
  return choice;
}

}  // namespace

std::size_t choose_alternative(const TypeSchema& type, const Element& element,
                               const ReadOptions& options, std::string* reason) {
  std::size_t count = 0;
  std::size_t choice = only_one(type, &count, [&](const TypeSchema& part) {
    // An enum says itself which names it has.
    return part.kind == Kind::enumeration ? element.type() == ElementType::STRING
                                          : fits(part, element);
  });
  if (count == 0 && is_number(element)) {
    choice = only_one(type, &count, [](const TypeSchema& part) {
      return part.kind == Kind::integer || part.kind == Kind::duration;
    });
  }
  if (count > 1) return choose_struct(type, object_of(element), options, reason);
  if (choice == k_no_choice) *reason = fmt::format("must be one of: {}", type_label(type));
  return choice;
}

}  // namespace eventual::schema
