#include "gateway/openapi/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "eventual/service.hpp"
#include "gateway/openapi/answers.hpp"
#include "gateway/openapi/examples.hpp"
#include "gateway/openapi/inputs.hpp"
#include "gateway/openapi/path_template.hpp"
#include "gateway/text.hpp"
#include "schema/schema_writer.hpp"

namespace eventual::gateway {
namespace openapi {
namespace {

using eventual::detail::CommandDefinition;
using eventual::detail::Declarations;
using eventual::detail::RouteDefinition;

constexpr std::string_view k_version = "3.1.0";
constexpr std::string_view k_dialect = "https://json-schema.org/draft/2020-12/schema";

/// Puts the document together, path by path.
class Builder {
 public:
  Builder() : schemas_(schema::Sharing::named, "#/components/schemas/") {
    for (const std::string_view name : k_own_schemas) schemas_.reserve(std::string(name));
  }

  Json build(const Declarations& declarations, const ServiceOptions& options,
             std::string_view public_url) {
    // Those that take any method after those that take one, which win over them.
    for (const bool any : {false, true}) {
      for (const CommandDefinition& command : declarations.commands()) {
        if (!any) add_rpc(command);
        if ((command.options.method == http::Method::any) == any) add_rest(command);
      }
      for (const RouteDefinition& route : declarations.routes()) {
        if ((route.method == http::Method::any) == any) add(route);
      }
    }
    Json info = Json::object({{"title", declarations.name()}, {"version", options.version}});
    if (!options.description.empty()) info.set("description", options.description);
    Json document = Json::object(
        {{"openapi", k_version}, {"info", std::move(info)}, {"jsonSchemaDialect", k_dialect}});
    if (!public_url.empty()) {
      document.set("servers", Json::array({Json::object({{"url", public_url}})}));
    }
    document.set("paths", std::move(paths_));
    document.set("components", components());
    if (tags_.size() > 0) document.set("tags", std::move(tags_));
    return document;
  }

 private:
  Json components() const {
    Json schemas = own_schemas();
    if (!schemas_.definitions().is_null()) {
      for (const auto& [name, schema] : schemas_.definitions().as_object()) {
        schemas.set(name, schema);
      }
    }
    Json all =
        Json::object({{"schemas", std::move(schemas)}, {"responses", answers_.components()}});
    if (!security_.components().is_null()) all.set("securitySchemes", security_.components());
    return all;
  }

  static std::vector<http::Method> methods_of(http::Method declared) {
    if (declared != http::Method::any) return {declared};
    using enum http::Method;
    return {get, post, put, patch, del, head, options};
  }

  void add_rpc(const CommandDefinition& command) {
    const PathTemplate path = templates_.of("/rpc/" + percent_encode(command.name));
    Json operation = begin(command.options);
    const bool has_path = !command.options.path.empty();
    operation.set("operationId", unique_id(has_path ? command.name + "_rpc" : command.name));
    finish(operation, rpc_inputs(command, schemas_), command.options, command.middleware, 200,
           content_of(command.output));
    put(path, http::Method::post, std::move(operation));
  }

  void add_rest(const CommandDefinition& command) {
    if (command.options.path.empty()) return;
    const PathTemplate path = templates_.of(command.options.path);
    const bool any = command.options.method == http::Method::any;
    for (const http::Method method : methods_of(command.options.method)) {
      Json operation = begin(command.options);
      operation.set("operationId", unique_id(any ? with_method(command.name, method)  //
                                                 : command.name));
      const int status = command.options.success_status;
      const bool has_content = status != 204 && method != http::Method::head;
      finish(operation, rest_inputs(command, method, path, schemas_), command.options,
             command.middleware, status, has_content ? content_of(command.output) : Json());
      put(path, method, std::move(operation));
    }
  }

  void add(const RouteDefinition& route) {
    const RouteOptions& options = route.options;
    const PathTemplate path = templates_.of(route.path);
    for (const http::Method method : methods_of(route.method)) {
      Json operation = begin(options);
      operation.set("operationId", unique_id(with_method(route.path, method)));
      int status = options.success_status;
      if (status == 0) status = route.answers_nothing ? 204 : 200;
      const bool has_content = status != 204 && method != http::Method::head;
      finish(operation, route_inputs(route, method, path, schemas_), options, route.middleware,
             status, has_content ? content_of(route) : Json());
      put(path, method, std::move(operation));
    }
  }

  /// What commands and routes tell alike.
  template <class Options>
  Json begin(const Options& options) {
    Json operation = Json::object();
    if (!options.tags.empty()) {
      Json tags = Json::array();
      for (const std::string& tag : options.tags) {
        tags.push_back(tag);
        if (known_tags_.insert(tag).second) tags_.push_back(Json::object({{"name", tag}}));
      }
      operation.set("tags", std::move(tags));
    }
    if (!options.summary.empty()) operation.set("summary", options.summary);
    if (!options.description.empty()) operation.set("description", options.description);
    if (options.deprecated) operation.set("deprecated", true);
    return operation;
  }

  template <class Options>
  void finish(Json& operation, Inputs inputs, const Options& options,
              const eventual::detail::MiddlewareChain& chain, int status, Json content) {
    const bool has_body = !inputs.request_body.is_null();
    const bool is_json = has_body && inputs.request_body["content"].find("application/json");
    if (inputs.parameters.size() > 0) operation.set("parameters", std::move(inputs.parameters));
    if (has_body) operation.set("requestBody", std::move(inputs.request_body));
    operation.set("responses", answers_.of({.success_status = status,
                                            .success_content = std::move(content),
                                            .may_be_invalid = inputs.may_be_invalid,
                                            .has_body = has_body,
                                            .body_is_json = is_json,
                                            .is_limited = options.concurrency != 0,
                                            .declared = &options.errors,
                                            .chain = &chain}));
    if (Json security = security_.of(chain); !security.is_null()) {
      operation.set("security", std::move(security));
    }
  }

  /// The body of a command's answer; "null" where it has no result.
  Json content_of(const eventual::detail::TypeSchema* output) {
    Json schema = output == nullptr ? Json::object({{"type", "null"}}) : schemas_.write(*output);
    Json media = Json::object({{"schema", schema}});
    if (auto example = example_of(schema, schemas_.definitions())) {
      media.set("example", std::move(*example));
    }
    return Json::object({{"application/json", std::move(media)}});
  }

  Json content_of(const RouteDefinition& route) {
    const eventual::detail::TypeSchema* output = route.output;
    if (route.options.answer != nullptr) output = route.options.answer;
    std::string media_type = route.options.answer_media_type;
    if (output != nullptr && media_type.empty()) return content_of(output);
    if (media_type.empty()) media_type = route.media_type;
    if (media_type.empty()) media_type = "*/*";
    Json media = Json::object();
    if (output != nullptr) {
      media = content_of(output)["application/json"];
    } else if (media_type.starts_with("text/")) {
      media.set("schema", Json::object({{"type", "string"}}));
    }
    return Json::object({{std::move(media_type), std::move(media)}});
  }

  void put(const PathTemplate& path, http::Method method, Json operation) {
    Json& item = paths_[path.text];
    const std::string name = to_lower(http::to_string(method));
    if (item.find(name) == nullptr) item.set(name, std::move(operation));
  }

  static std::string with_method(std::string_view name, http::Method method) {
    return fmt::format("{}_{}", to_lower(http::to_string(method)), name);
  }

  /// Letters, digits and single underscores: tools make names of their own of it.
  std::string unique_id(std::string_view wanted) {
    std::string id;
    for (const char c : wanted) {
      const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
      if (is_plain) {
        id += c;
      } else if (!id.empty() && id.back() != '_') {
        id += '_';
      }
    }
    while (id.ends_with('_')) id.pop_back();
    std::string unique = id;
    for (int number = 2; !ids_.insert(unique).second; ++number) {
      unique = fmt::format("{}_{}", id, number);
    }
    return unique;
  }

  schema::SchemaWriter schemas_;
  PathTemplates templates_;
  Answers answers_;
  Security security_;
  std::set<std::string> ids_;
  std::set<std::string> known_tags_;
  Json tags_ = Json::array();
  Json paths_ = Json::object();
};

}  // namespace
}  // namespace openapi

Json openapi_document(const eventual::detail::Declarations& declarations,
                      const ServiceOptions& options, std::string_view public_url) {
  return openapi::Builder().build(declarations, options, public_url);
}

}  // namespace eventual::gateway

eventual::Json eventual::Service::openapi(std::string_view public_url) const {
  return gateway::openapi_document(declarations_, options_, public_url);
}
