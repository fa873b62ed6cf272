#include "gateway/openapi/inputs.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/openapi/examples.hpp"
#include "gateway/parameters.hpp"
#include "schema/members.hpp"
#include "schema/plan.hpp"

namespace eventual::gateway::openapi {
namespace {

using eventual::detail::CommandDefinition;
using eventual::detail::Kind;
using eventual::detail::RouteDefinition;
using eventual::detail::TypeSchema;
using schema::FieldPlan;
using schema::SchemaWriter;

constexpr std::string_view k_json = "application/json";

const TypeSchema& without_optional(const TypeSchema& type) {
  return type.kind == Kind::optional ? without_optional(*type.element) : type;
}

/// Whether an input of this type is read from an absent body.
bool may_be_absent(const TypeSchema& type) {
  return type.kind == Kind::optional || type.kind == Kind::json || type.kind == Kind::null ||
         type.kind == Kind::nothing;
}

/// Its text in a query or header is JSON.
bool is_json_text(const TypeSchema& type) {
  const Kind kind = without_optional(type).kind;
  return kind == Kind::object || kind == Kind::map || kind == Kind::json;
}

Json with_example(Json holder, const Json& schema, const SchemaWriter& schemas) {
  if (auto example = example_of(schema, schemas.definitions())) {
    holder.set("example", std::move(*example));
  }
  return holder;
}

Json body_of(Json schema, bool is_required, const SchemaWriter& schemas) {
  Json media = with_example(Json::object({{"schema", schema}}), schema, schemas);
  return Json::object({{"required", is_required},
                       {"content", Json::object({{std::string(k_json), std::move(media)}})}});
}

std::string_view name_of(http::In in) {
  switch (in) {
    case http::In::path:
      return "path";
    case http::In::header:
      return "header";
    case http::In::query:
    case http::In::body:
      break;
  }
  return "query";
}

/// One parameter of an operation.
struct ParameterText {
  std::string name;
  http::In in = http::In::query;
  std::string description = {};  ///< empty: as the schema's
  bool is_required = false;
  bool is_json = false;  ///< its text is JSON
};

Json parameter_json(ParameterText text, Json schema, const SchemaWriter& schemas) {
  Json json = Json::object({{"name", std::move(text.name)}, {"in", name_of(text.in)}});
  if (const Json* told = schema.find("description"); told != nullptr && text.description.empty()) {
    text.description = told->as_string();
  }
  if (!text.description.empty()) json.set("description", std::move(text.description));
  json.set("required", text.is_required || text.in == http::In::path);
  if (schema.find("deprecated") != nullptr) json.set("deprecated", true);
  if (text.is_json) {
    Json media = with_example(Json::object({{"schema", schema}}), schema, schemas);
    json.set("content", Json::object({{std::string(k_json), std::move(media)}}));
    return json;
  }
  json.set("schema", schema);
  return with_example(std::move(json), schema, schemas);
}

/// Takes the input of a command apart, member by member.
class RestInputs {
 public:
  RestInputs(const CommandDefinition& command, http::Method method, const PathTemplate& path,
             SchemaWriter& schemas)
      : command_(command), method_(method), path_(path), schemas_(schemas) {}

  Inputs read() {
    if (command_.input == nullptr) {
      add_free_path_parameters();
      return std::move(inputs_);
    }
    inputs_.may_be_invalid = true;
    const TypeSchema& type = *command_.input;
    const TypeSchema& bare = without_optional(type);
    if (bare.kind == Kind::object) {
      read_members(bare);
    } else if (!schema::has_members(type) && path_.parameters.size() == 1) {
      inputs_.parameters.push_back(
          parameter_json({.name = path_.parameters.front().second, .in = http::In::path},
                         schemas_.write(bare, command_.options.input), schemas_));
    } else {
      read_whole(type);
    }
    return std::move(inputs_);
  }

 private:
  /// Where a member comes from, and what it is called there.
  struct Place {
    http::In in;
    std::string name;
    std::string description;
  };

  Place place_of(const std::string& member) const {
    const auto& declared = command_.options.parameters;
    const auto found = std::find_if(declared.begin(), declared.end(),
                                    [&](const auto& each) { return each.member == member; });
    if (found != declared.end()) {
      const std::string& name = found->name.empty() ? member : found->name;
      return {found->in, found->in == http::In::path ? std::string(path_.name_of(name)) : name,
              found->description};
    }
    if (const std::string_view called = path_.name_of(member);
        !called.empty() && !is_renamed(http::In::path, member)) {
      return {http::In::path, std::string(called), {}};
    }
    if (query_is_input(method_) && !is_renamed(http::In::query, member)) {
      return {http::In::query, member, {}};
    }
    return {http::In::body, member, {}};
  }

  /// A declared parameter takes what is called so for another member.
  bool is_renamed(http::In in, std::string_view name) const {
    const auto& declared = command_.options.parameters;
    return std::any_of(declared.begin(), declared.end(), [&](const auto& each) {
      return each.in == in && (each.name.empty() ? each.member : each.name) == name;
    });
  }

  void read_members(const TypeSchema& type) {
    const schema::ObjectPlan& plan = schema::object_plan(type);
    const bool is_optional = may_be_absent(*command_.input);
    std::vector<const FieldPlan*> of_body;
    for (const FieldPlan& field : plan.fields) {
      Place place = place_of(field.name);
      if (place.in == http::In::body) {
        of_body.push_back(&field);
        continue;
      }
      if (place.in == http::In::path) taken_.push_back(place.name);
      const bool is_required = field.required && !is_optional;
      inputs_.parameters.push_back(
          parameter_json({std::move(place.name), place.in, std::move(place.description),
                          is_required, place.in != http::In::path && is_json_text(*field.type)},
                         schemas_.write_present(field), schemas_));
    }
    add_free_path_parameters();
    if (of_body.empty()) return;
    const bool is_required = !is_optional && std::any_of(of_body.begin(), of_body.end(),
                                                         [](auto* each) { return each->required; });
    const bool is_whole = of_body.size() == plan.fields.size();
    Json schema = is_whole ? schemas_.write(type, command_.options.input) : part_of(of_body);
    if (command_.options.unknown_fields_refused) schema.set("unevaluatedProperties", false);
    inputs_.request_body = body_of(std::move(schema), is_required, schemas_);
  }

  /// What is left for the body.
  Json part_of(const std::vector<const FieldPlan*>& fields) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const FieldPlan* field : fields) {
      properties.set(field->name, schemas_.write_member(*field));
      if (field->required) required.push_back(field->name);
    }
    Json schema = Json::object({{"type", "object"}, {"properties", std::move(properties)}});
    if (required.size() > 0) schema.set("required", std::move(required));
    return schema;
  }

  /// An input whose members are not known: a map, a variant, any JSON; or one that has none.
  void read_whole(const TypeSchema& type) {
    add_free_path_parameters();
    Json schema = schemas_.write(type, command_.options.input);
    if (query_is_input(method_) && schema::has_members(type)) {
      if (type.kind == Kind::json) schema.set("type", "object");
      Json json = Json::object({{"name", "input"},
                                {"in", "query"},
                                {"description", "The members of the input, each by its name"},
                                {"required", false},
                                {"style", "form"},
                                {"explode", true}});
      json.set("schema", std::move(schema));
      inputs_.parameters.push_back(std::move(json));
      return;
    }
    const bool is_required =
        !may_be_absent(type) && !(schema::has_members(type) && !path_.parameters.empty());
    inputs_.request_body = body_of(std::move(schema), is_required, schemas_);
  }

  /// Those of the path that are no member of the input.
  void add_free_path_parameters() {
    for (const auto& [name, called] : path_.parameters) {
      if (std::find(taken_.begin(), taken_.end(), called) != taken_.end()) continue;
      inputs_.parameters.push_back(parameter_json({.name = called, .in = http::In::path},
                                                  Json::object({{"type", "string"}}), schemas_));
    }
  }

  const CommandDefinition& command_;
  http::Method method_;
  const PathTemplate& path_;
  SchemaWriter& schemas_;
  Inputs inputs_;
  std::vector<std::string> taken_;  // of the path
};

/// Of a request whose method may have one.
bool has_body(http::Method method) {
  return method == http::Method::post || method == http::Method::put ||
         method == http::Method::patch;
}

}  // namespace

Inputs rpc_inputs(const CommandDefinition& command, SchemaWriter& schemas) {
  Inputs inputs;
  if (command.input == nullptr) return inputs;
  inputs.may_be_invalid = true;
  Json schema = schemas.write(*command.input, command.options.input);
  if (command.options.unknown_fields_refused &&
      without_optional(*command.input).kind == Kind::object) {
    schema.set("unevaluatedProperties", false);
  }
  inputs.request_body = body_of(std::move(schema), !may_be_absent(*command.input), schemas);
  return inputs;
}

Inputs rest_inputs(const CommandDefinition& command, http::Method method, const PathTemplate& path,
                   SchemaWriter& schemas) {
  return RestInputs(command, method, path, schemas).read();
}

Inputs route_inputs(const RouteDefinition& route, http::Method method, const PathTemplate& path,
                    SchemaWriter& schemas) {
  Inputs inputs;
  std::vector<std::string_view> told;
  for (const RouteParameter& parameter : route.options.parameters) {
    const bool in_path = parameter.in == http::In::path;
    const std::string_view name = in_path ? path.name_of(parameter.name) : parameter.name;
    if (name.empty() || parameter.type == nullptr) continue;  // a defect
    if (in_path) told.push_back(name);
    inputs.parameters.push_back(
        parameter_json({std::string(name), parameter.in, parameter.description, parameter.required,
                        !in_path && is_json_text(*parameter.type)},
                       schemas.write(*parameter.type, parameter.annotations), schemas));
  }
  for (const auto& [name, called] : path.parameters) {
    if (std::find(told.begin(), told.end(), called) != told.end()) continue;
    inputs.parameters.push_back(parameter_json({.name = called, .in = http::In::path},
                                               Json::object({{"type", "string"}}), schemas));
  }
  inputs.may_be_invalid = !route.options.parameters.empty() || route.options.body != nullptr;
  if (!has_body(method)) return inputs;
  const std::string& media_type = route.options.body_media_type;
  if (route.options.body != nullptr) {
    inputs.request_body = body_of(schemas.write(*route.options.body), true, schemas);
    if (!media_type.empty()) {
      Json media = inputs.request_body["content"][k_json];
      inputs.request_body.set("content", Json::object({{media_type, std::move(media)}}));
    }
  } else {
    inputs.request_body =
        Json::object({{"content", Json::object({{media_type.empty() ? "*/*" : media_type,  //
                                                 Json::object()}})}});
  }
  return inputs;
}

}  // namespace eventual::gateway::openapi
