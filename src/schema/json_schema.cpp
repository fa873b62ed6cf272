// JSON Schema (draft 2020-12) of a description.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "eventual/schema.hpp"
#include "schema/plan.hpp"
#include "schema/schema_writer.hpp"

namespace eventual::schema {
namespace {

Json of_type(std::string_view name) { return Json::object({{"type", name}}); }

Json with_null(Json schema) {
  return Json::object({{"anyOf", Json::array({std::move(schema), of_type("null")})}});
}

Json write_integer(const TypeSchema& type) {
  Json schema = of_type("integer");
  if (type.size_bytes >= 4) {
    schema["format"] = fmt::format("{}int{}", type.is_signed ? "" : "u", type.size_bytes * 8);
  }
  const unsigned bits = type.size_bytes * 8U - (type.is_signed ? 1U : 0U);
  if (!type.is_signed) schema["minimum"] = 0;
  if (type.size_bytes < 8) {
    const std::int64_t above = std::int64_t{1} << bits;
    if (type.is_signed) schema["minimum"] = -above;
    schema["maximum"] = above - 1;
  }
  return schema;
}

Json write_enum(const TypeSchema& type) {
  const EnumPlan& plan = enum_plan(type);
  Json schema = of_type("string");
  if (!plan.description.empty()) schema["description"] = plan.description;
  Json& names = schema["enum"] = Json::array();
  for (const auto& entry : plan.names) names.push_back(entry.second);
  return schema;
}

std::string_view length_keyword(Kind kind, bool minimum) {
  switch (kind) {
    case Kind::string:
      return minimum ? "minLength" : "maxLength";
    case Kind::list:
    case Kind::bool_list:
      return minimum ? "minItems" : "maxItems";
    case Kind::map:
      return minimum ? "minProperties" : "maxProperties";
    default:
      return {};
  }
}

void annotate(Json& schema, const TypeSchema& type, const Annotations& annotations) {
  const TypeSchema& inner = type.kind == Kind::optional ? *type.element : type;
  if (!annotations.description.empty()) schema["description"] = annotations.description;
  if (annotations.minimum) schema["minimum"] = annotations.minimum->to_json_value();
  if (annotations.maximum) schema["maximum"] = annotations.maximum->to_json_value();
  const auto length = [&](const std::optional<std::size_t>& value, bool minimum) {
    const std::string_view keyword = length_keyword(inner.kind, minimum);
    if (value && !keyword.empty()) schema[keyword] = *value;
  };
  length(annotations.length_min, true);
  length(annotations.length_max, false);
  if (!annotations.pattern.empty()) schema["pattern"] = annotations.pattern;
  if (!annotations.format.empty()) schema["format"] = annotations.format;
  const auto literal = [&](const std::optional<Literal>& value) {
    const Result<Json> json = value ? value->to_json_value() : Result<Json>(Json());
    return json.ok() ? *json : Json();
  };
  if (annotations.default_value) schema["default"] = literal(annotations.default_value);
  if (annotations.example) schema["examples"] = Json::array({literal(annotations.example)});
  if (annotations.deprecated) schema["deprecated"] = true;
}

}  // namespace

bool SchemaWriter::is_taken(const std::string& name) const {
  return std::find(reserved_.begin(), reserved_.end(), name) != reserved_.end() ||
         std::any_of(names_.begin(), names_.end(),
                     [&](const auto& entry) { return entry.second == name; });
}

const std::string& SchemaWriter::definition_name(const TypeSchema& type,
                                                 const std::string& type_name) {
  const auto known = names_.find(&type);
  if (known != names_.end()) return known->second;
  std::string name = type_name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  std::string unique = name;
  for (int number = 2; is_taken(unique); ++number) unique = name + std::to_string(number);
  return names_[&type] = unique;
}

Json SchemaWriter::reference(const TypeSchema& type, const std::string& type_name) {
  return Json::object({{"$ref", prefix_ + definition_name(type, type_name)}});
}

Json SchemaWriter::write_shared(const TypeSchema& type, const std::string& type_name) {
  if (!names_.contains(&type)) {
    const std::string name = definition_name(type, type_name);
    definitions_.set(name, nullptr);  // before those that it refers to
    Json body = type.kind == Kind::object ? write_object_body(type) : write_enum(type);
    definitions_.set(name, std::move(body));
  }
  return reference(type, type_name);
}

Json SchemaWriter::write_object(const TypeSchema& type) {
  const std::string& type_name = object_plan(type).type_name;
  if (sharing_ == Sharing::named) return write_shared(type, type_name);
  const bool inside_itself = std::find(open_.begin(), open_.end(), &type) != open_.end();
  if (!inside_itself && !names_.contains(&type)) {
    open_.push_back(&type);
    Json body = write_object_body(type);
    open_.pop_back();
    if (!names_.contains(&type)) return body;
    definitions_[names_[&type]] = std::move(body);
  }
  return reference(type, type_name);
}

Json SchemaWriter::write_object_body(const TypeSchema& type) {
  const ObjectPlan& plan = object_plan(type);
  Json schema = of_type("object");
  schema["title"] = plan.type_name;
  if (!plan.description.empty()) schema["description"] = plan.description;
  Json& properties = schema["properties"] = Json::object();
  Json required = Json::array();
  for (const FieldPlan& field : plan.fields) {
    properties.set(field.name, write_member(field));
    if (field.required) required.push_back(field.name);
  }
  if (required.size() > 0) schema["required"] = std::move(required);
  return schema;
}

Json SchemaWriter::write_present(const FieldPlan& field) {
  const bool is_optional = field.type->kind == Kind::optional;
  Json schema = write(is_optional ? *field.type->element : *field.type);
  annotate(schema, *field.type, field.annotations);
  return schema;
}

Json SchemaWriter::write_member(const FieldPlan& field) {
  // An absent member is an empty optional; only with a default must the empty one be told from it,
  // by null.
  Json schema = write_present(field);
  const bool is_optional = field.type->kind == Kind::optional;
  return is_optional && field.written_always ? with_null(std::move(schema)) : schema;
}

Json SchemaWriter::write(const TypeSchema& type, const Annotations& annotations) {
  Json schema = write(type);
  annotate(schema, type, annotations);
  return schema;
}

Json SchemaWriter::write(const TypeSchema& type) {
  switch (type.kind) {
    case Kind::nothing:
    case Kind::null:
      return of_type("null");
    case Kind::boolean:
      return of_type("boolean");
    case Kind::integer:
      return write_integer(type);
    case Kind::number:
      return of_type("number");
    case Kind::string:
      return of_type("string");
    case Kind::bytes:
      return Json::object({{"type", "string"}, {"contentEncoding", "base64"}});
    case Kind::duration: {
      Json schema = Json::object({{"type", "integer"}, {"format", "int64"}, {"x-unit", "ms"}});
      if (type.period_ms > 1) schema["multipleOf"] = type.period_ms;
      return schema;
    }
    case Kind::time_point:
      return Json::object({{"type", "string"}, {"format", "date-time"}});
    case Kind::enumeration:
      return sharing_ == Sharing::named ? write_shared(type, enum_plan(type).type_name)
                                        : write_enum(type);
    case Kind::json:
      return Json::object();
    case Kind::optional:
      return with_null(write(*type.element));
    case Kind::list:
    case Kind::bool_list:
      return Json::object({{"type", "array"}, {"items", write(*type.element)}});
    case Kind::fixed_list:
      return Json::object({{"type", "array"},
                           {"items", write(*type.element)},
                           {"minItems", type.count},
                           {"maxItems", type.count}});
    case Kind::tuple: {
      Json parts = Json::array();
      for (std::size_t i = 0; i < type.count; ++i) parts.push_back(write(*type.parts[i]));
      Json schema = of_type("array");
      if (type.count > 0) schema["prefixItems"] = std::move(parts);
      schema["items"] = false;
      schema["minItems"] = type.count;
      return schema;
    }
    case Kind::map:
      return Json::object({{"type", "object"}, {"additionalProperties", write(*type.element)}});
    case Kind::variant: {
      Json parts = Json::array();
      for (std::size_t i = 0; i < type.count; ++i) parts.push_back(write(*type.parts[i]));
      // Which one it is, more rules say than a schema can: structs may fit several.
      return Json::object({{"anyOf", std::move(parts)}});
    }
    case Kind::object:
      break;
  }
  return write_object(type);
}

}  // namespace eventual::schema

namespace eventual::detail {

Json schema_json(const TypeSchema& type, const Annotations* top_level) {
  schema::SchemaWriter writer;
  Json schema = top_level == nullptr ? writer.write(type) : writer.write(type, *top_level);
  if (!writer.definitions().is_null()) schema["$defs"] = writer.definitions();
  return schema;
}

Json schema_document(const TypeSchema& type) {
  Json document = Json::object({{"$schema", "https://json-schema.org/draft/2020-12/schema"}});
  const Json schema = schema_json(type, nullptr);
  for (const auto& [name, value] : schema.as_object()) document.set(name, value);
  return document;
}

}  // namespace eventual::detail
