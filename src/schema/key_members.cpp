// The members of a struct, for keys of entities.
#include <string>

#include "eventual/detail/entity_key.hpp"
#include "eventual/entity.hpp"
#include "schema/plan.hpp"

namespace eventual::detail {

std::string member_name_at(const TypeSchema& type, std::ptrdiff_t offset) {
  for (const schema::FieldPlan& field : schema::object_plan(type).fields) {
    if (field.offset == offset) return field.name;
  }
  return {};
}

std::string member_names_json(const TypeSchema& type) {
  Json names = Json::array();
  for (const schema::FieldPlan& field : schema::object_plan(type).fields)
    names.push_back(field.name);
  return names.dump();
}

}  // namespace eventual::detail
