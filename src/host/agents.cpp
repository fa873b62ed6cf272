#include "host/agents.hpp"

#include <utility>

#include "eventual/schema.hpp"

namespace eventual::host {
namespace {

using gateway::mcp::ToolSource;

/// For a model: all that is said of it.
std::string joined(const std::string& summary, const std::string& description) {
  if (summary.empty() || description.empty()) return summary + description;
  return summary + "\n\n" + description;
}

Json schema_of_type(const detail::TypeSchema* type, const Annotations* annotations) {
  return type == nullptr ? Json() : detail::schema_json(*type, annotations);
}

bool is_optional(const detail::TypeSchema* type) {
  return type != nullptr && type->kind == detail::Kind::optional;
}

ToolSource tool_of(const detail::CommandDefinition& command) {
  const CommandOptions& options = command.options;
  ToolSource tool;
  tool.kind = ToolSource::Kind::command;
  tool.name = command.name;
  tool.title = options.summary;
  tool.description = joined(options.summary, options.description);
  tool.input = schema_of_type(command.input, &options.input);
  if (options.unknown_fields_refused && tool.input["type"] == Json("object"))
    tool.input.set("additionalProperties", false);
  tool.output = schema_of_type(command.output, nullptr);
  tool.input_optional = is_optional(command.input);
  tool.read_only = options.method == http::Method::get || options.method == http::Method::head;
  return tool;
}

ToolSource tool_of(const detail::WorkflowDefinition& workflow) {
  ToolSource tool;
  tool.kind = ToolSource::Kind::workflow;
  tool.name = workflow.name;
  tool.description =
      joined("Starts the workflow " + workflow.name + ".", workflow.options.description);
  tool.input = schema_of_type(workflow.input, nullptr);
  tool.output = schema_of_type(workflow.output, nullptr);
  tool.input_optional = is_optional(workflow.input);
  return tool;
}

Json auth_json(PluginAuth auth) {
  switch (auth) {
    case PluginAuth::bearer:
      return Json::object({{"type", "user_http"}, {"authorization_type", "bearer"}});
    case PluginAuth::basic:
      return Json::object({{"type", "user_http"}, {"authorization_type", "basic"}});
    case PluginAuth::none:
      break;
  }
  return Json::object({{"type", "none"}});
}

/// "/openapi.json" below `base`, which may end with a slash; other URLs as they are.
std::string absolute(const std::string& url, std::string base) {
  if (!url.starts_with('/')) return url;
  while (base.ends_with('/')) base.pop_back();
  return base + url;
}

std::string plugin_json(const PluginOptions& plugin, const std::string& service,
                        const std::string& description, const std::string& base) {
  const auto first = [](const std::string& text, const std::string& other) {
    return text.empty() ? other : text;
  };
  Json json = Json::object({
      {"schema_version", "v1"},
      {"name_for_human", first(plugin.name_for_human, service)},
      {"name_for_model", plugin.name_for_model},
      {"description_for_human", first(plugin.description_for_human, description)},
      {"description_for_model", plugin.description_for_model},
      {"auth", auth_json(plugin.auth)},
      {"api", Json::object({{"type", "openapi"}, {"url", absolute(plugin.openapi_url, base)}})},
  });
  const auto add = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) json.set(name, text);
  };
  add("logo_url", absolute(plugin.logo_url, base));
  add("contact_email", plugin.contact_email);
  add("legal_info_url", absolute(plugin.legal_info_url, base));
  return json.dump();
}

}  // namespace

std::optional<gateway::mcp::Options> mcp_options(const detail::Declarations& declarations,
                                                 const ServiceOptions& options) {
  if (!options.mcp) return std::nullopt;
  gateway::mcp::Options mcp;
  mcp.service = declarations.name();
  mcp.version = options.version;
  mcp.instructions = options.description;
  for (const detail::CommandDefinition& command : declarations.commands()) {
    if (command.options.tool) mcp.tools.push_back(tool_of(command));
  }
  for (const detail::WorkflowDefinition& workflow : declarations.workflows()) {
    // The framework's own begin with '~'.
    if (workflow.options.tool && !workflow.name.starts_with('~'))
      mcp.tools.push_back(tool_of(workflow));
  }
  return mcp;
}

std::optional<gateway::ExtraRoute> plugin_route(const detail::Declarations& declarations,
                                                const ServiceOptions& options,
                                                std::string public_url, std::string scheme) {
  const PluginOptions* plugin = declarations.plugin();
  if (plugin == nullptr) return std::nullopt;
  gateway::ExtraRoute route;
  route.name = "the plugin's manifest";
  route.method = http::Method::get;
  route.path = "/.well-known/ai-plugin.json";
  route.invoke = [plugin, service = declarations.name(), description = options.description,
                  public_url = std::move(public_url),
                  scheme = std::move(scheme)](const http::Request& request, const auto& done) {
    // The host was checked: it is one of ours.
    const std::string base = public_url.empty()
                                 ? scheme + "://" + std::string(http::find(request.headers, "host"))
                                 : public_url;
    done(http::json_response(plugin_json(*plugin, service, description, base)));
  };
  return route;
}

}  // namespace eventual::host
