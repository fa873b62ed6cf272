// What is wrong with a declaration, found when it is made instead of when the first value comes.
#include <fmt/format.h>

#include <set>

#include "eventual/schema.hpp"
#include "schema/plan.hpp"

namespace eventual::schema {
namespace {

// Whether one JSON value may be read as either, as far as its look tells.
bool overlap(const TypeSchema& left, const TypeSchema& right) {
  const auto nullable = [](const TypeSchema& type) {
    return type.kind == Kind::optional || type.kind == Kind::null;
  };
  if (left.kind == Kind::json || right.kind == Kind::json) return true;
  if (nullable(left) && nullable(right)) return true;
  if (left.kind == Kind::optional) return overlap(*left.element, right);
  if (right.kind == Kind::optional) return overlap(left, *right.element);
  if (left.kind == Kind::variant || right.kind == Kind::variant) {
    const TypeSchema& variant = left.kind == Kind::variant ? left : right;
    const TypeSchema& other = left.kind == Kind::variant ? right : left;
    for (std::size_t i = 0; i < variant.count; ++i) {
      if (overlap(*variant.parts[i], other)) return true;
    }
    return false;
  }
  if (left.kind == Kind::enumeration && right.kind == Kind::enumeration) {
    for (const auto& entry : enum_plan(left).names) {
      if (enum_plan(right).value_of(entry.second) != nullptr) return true;
    }
    return false;
  }
  return detail::json_group(left.kind) == detail::json_group(right.kind);
}

// Whether a value written as `written` never looks like `read`.
bool never_fits(const ObjectPlan& written, const ObjectPlan& read) {
  for (const FieldPlan& field : written.fields) {
    if (!field.written_always) continue;
    const std::size_t other = read.find(field.name);
    if (other == ObjectPlan::k_none || !overlap(*field.type, *read.fields[other].type)) return true;
  }
  for (const FieldPlan& field : read.fields) {
    if (field.required && written.find(field.name) == ObjectPlan::k_none) return true;
  }
  return false;
}

bool fits_member(const ObjectPlan& plan, const FieldPlan& field, const std::string& text,
                 Error* error) {
  struct Context {
    const FieldPlan& field;
    const std::string& text;
    Error* error;
    bool fits;
  } context{field, text, error, false};
  plan.with_object(&context, [](void* raw, void* object) {
    Context& at = *static_cast<Context*>(raw);
    const ReadOptions options{.annotations = &at.field.annotations};
    void* member = static_cast<char*>(object) + at.field.offset;
    at.fits = detail::read_value(*at.field.type, at.text, member, options, at.error);
  });
  return context.fits;
}

class Inspector {
 public:
  void inspect(const TypeSchema& type);
  void inspect_annotations(const TypeSchema& type, const Annotations& annotations,
                           const std::string& where);

  std::vector<std::string> defects;

 private:
  void inspect_variant(const TypeSchema& type);
  void inspect_literals(const ObjectPlan& plan, const FieldPlan& field);
  void inspect_object(const TypeSchema& type);

  std::set<const TypeSchema*> seen_;
};

void Inspector::inspect_variant(const TypeSchema& type) {
  for (std::size_t i = 0; i < type.count; ++i) {
    for (std::size_t j = i + 1; j < type.count; ++j) {
      if (type.parts[i]->kind != Kind::object || type.parts[j]->kind != Kind::object) continue;
      const ObjectPlan& left = object_plan(*type.parts[i]);
      const ObjectPlan& right = object_plan(*type.parts[j]);
      if (never_fits(left, right) && never_fits(right, left)) continue;
      defects.push_back(
          fmt::format("a variant of {} and {} cannot be told apart: give one of them a required "
                      "member that the other does not have",
                      left.type_name, right.type_name));
    }
  }
}

void Inspector::inspect_annotations(const TypeSchema& type, const Annotations& annotations,
                                    const std::string& where) {
  const TypeSchema& inner = type.kind == Kind::optional ? *type.element : type;
  const auto refuse = [&](bool used, bool allowed, std::string_view what, std::string_view on) {
    if (used && !allowed) defects.push_back(fmt::format("{}: {} is only for {}", where, what, on));
  };
  const bool is_number =
      inner.kind == Kind::integer || inner.kind == Kind::number || inner.kind == Kind::duration;
  const bool is_sized = inner.kind == Kind::string || inner.kind == Kind::bytes ||
                        inner.kind == Kind::list || inner.kind == Kind::bool_list ||
                        inner.kind == Kind::map;
  refuse(annotations.minimum || annotations.maximum, is_number, "a minimum or maximum",
         "numbers and durations");
  refuse(annotations.length_min || annotations.length_max, is_sized, "a length",
         "strings, bytes, lists and maps");
  refuse(!annotations.pattern.empty(), inner.kind == Kind::string, "a pattern", "strings");
}

// Reads the default and the example of a member into a scratch object, as an input would be.
void Inspector::inspect_literals(const ObjectPlan& plan, const FieldPlan& field) {
  const auto inspect_one = [&](const std::optional<Literal>& literal, std::string_view what) {
    if (!literal) return;
    const Result<Json> value = literal->to_json_value();
    Error error = value.ok() ? Error() : value.error();
    if (value.ok() && !fits_member(plan, field, value->dump(), &error)) {
      error = Error(error.name(), "it does not fit: " + error.message());
    }
    if (!error.message().empty()) {
      defects.push_back(
          fmt::format("{}.{}, {}: {}", plan.type_name, field.member, what, error.message()));
    }
  };
  inspect_one(field.annotations.default_value, "default");
  inspect_one(field.annotations.example, "example");
}

void Inspector::inspect_object(const TypeSchema& type) {
  const ObjectPlan& plan = object_plan(type);
  defects.insert(defects.end(), plan.defects.begin(), plan.defects.end());
  for (const FieldPlan& field : plan.fields) {
    inspect_annotations(*field.type, field.annotations,
                        fmt::format("{}.{}", plan.type_name, field.member));
    inspect_literals(plan, field);
    inspect(*field.type);
  }
}

void Inspector::inspect(const TypeSchema& type) {
  if (!seen_.insert(&type).second) return;
  if (type.element != nullptr) inspect(*type.element);
  for (std::size_t i = 0; type.parts != nullptr && i < type.count; ++i) inspect(*type.parts[i]);
  if (type.kind == Kind::variant) inspect_variant(type);
  if (type.kind == Kind::object) inspect_object(type);
  if (type.kind == Kind::enumeration) {
    const std::vector<std::string>& found = enum_plan(type).defects;
    defects.insert(defects.end(), found.begin(), found.end());
  }
}

}  // namespace
}  // namespace eventual::schema

namespace eventual::detail {

std::vector<std::string> schema_defects(const TypeSchema& type, const Annotations* top_level) {
  schema::Inspector inspector;
  inspector.inspect(type);
  if (top_level != nullptr) {
    std::string defect;
    const schema::Checks checks(*top_level, &defect);
    if (!defect.empty()) inspector.defects.push_back(defect);
    inspector.inspect_annotations(type, *top_level, "the annotations");
  }
  return std::move(inspector.defects);
}

}  // namespace eventual::detail
