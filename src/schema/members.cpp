#include "schema/members.hpp"

#include <algorithm>
#include <vector>

#include "eventual/detail/endpoint.hpp"
#include "schema/plan.hpp"

namespace eventual::schema {

const TypeSchema* member_type(const TypeSchema* type, std::string_view name) {
  while (type != nullptr && type->kind == Kind::optional) type = type->element;
  if (type == nullptr) return nullptr;
  if (type->kind == Kind::map) return type->element;
  if (type->kind != Kind::object) return nullptr;
  const ObjectPlan& plan = object_plan(*type);
  const std::size_t index = plan.find(name);
  return index == ObjectPlan::k_none ? nullptr : plan.fields[index].type;
}

bool is_object(const TypeSchema& type) noexcept {
  return type.kind == Kind::object || type.kind == Kind::map;
}

bool has_members(const TypeSchema& type) noexcept {
  return is_object(type) || type.kind == Kind::json || type.kind == Kind::variant ||
         type.kind == Kind::nothing || (type.kind == Kind::optional && has_members(*type.element));
}

namespace {

bool any_checks(const TypeSchema& type, std::vector<const TypeSchema*>& seen) {
  switch (type.kind) {
    case Kind::optional:
    case Kind::list:
    case Kind::fixed_list:
    case Kind::map:
      return any_checks(*type.element, seen);
    case Kind::tuple:
    case Kind::variant:
      return std::any_of(type.parts, type.parts + type.count,
                         [&](const TypeSchema* part) { return any_checks(*part, seen); });
    case Kind::object:
      break;
    default:
      return false;
  }
  if (std::find(seen.begin(), seen.end(), &type) != seen.end()) return false;
  seen.push_back(&type);
  const std::vector<FieldPlan>& fields = object_plan(type).fields;
  return std::any_of(fields.begin(), fields.end(), [&](const FieldPlan& field) {
    return field.checks.any() || any_checks(*field.type, seen);
  });
}

}  // namespace
}  // namespace eventual::schema

bool eventual::detail::has_checks(const TypeSchema& type) {
  std::vector<const TypeSchema*> seen;
  return schema::any_checks(type, seen);
}
