// `eventual workflows`: the workflows that the service declares.
#include <fmt/format.h>

#include <memory>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

/// A JSON Schema in a few words: "string", "list of integer", "{id, card}".
std::string type_of(const ev::Json& schema) {
  if (schema.is_null()) return "-";
  const std::string type = text_of(schema, "type");
  if (type == "array") return "list of " + type_of(schema["items"]);
  if (type == "object" && schema["properties"].is_object()) {
    std::string members;
    for (const auto& [name, value] : schema["properties"].as_object()) {
      members += (members.empty() ? "" : ", ") + name;
    }
    return "{" + members + "}";
  }
  return type.empty() ? "any" : type;
}

int show_all(Context& context, const ev::Json& workflows) {
  if (context.json()) {
    context.print_json(ev::Json::object({{"workflows", workflows}}));
    return k_exit_done;
  }
  if (workflows.size() == 0) {
    context.remark("the service declares no workflows");
    return k_exit_done;
  }
  Table table({{"WORKFLOW", false, 10},
               {"INPUT", false, 8},
               {"RESULT", false, 8},
               {"TIME LIMIT", false, 0},
               {"DESCRIPTION", false, 12}});
  for (const ev::Json& one : workflows.as_array()) {
    const ev::Json& limit = one["timeout_ms"];
    table.add({text_of(one, "name"), type_of(one["input"]), type_of(one["output"]),
               limit.is_integer() ? show_duration(ev::Duration(limit.as_int64())) : "-",
               text_of(one, "description")});
  }
  context.print(table.text(context.terminal()));
  return k_exit_done;
}

}  // namespace

Verb add_workflows(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "workflows", "Lists the workflows of the service", k_group_service,
               {"eventual workflows", "eventual workflows processOrder   # with schemas"});
  auto name = std::make_shared<std::string>();
  app->add_option("workflow", *name, "shows all that is declared of this one")->type_name("");
  return {app, [name](Context& context) {
            const ev::Json manifest = required(context.service().manifest());
            const ev::Json& workflows = manifest["workflows"];
            if (name->empty()) return show_all(context, workflows);
            std::vector<std::string> names;
            for (const ev::Json& one : workflows.as_array()) {
              if (text_of(one, "name") == *name) {
                context.print_json(one);
                return k_exit_done;
              }
              names.push_back(text_of(one, "name"));
            }
            const std::string meant = closest(*name, names);
            throw ev::Error(std::string(ev::error_names::k_not_found),
                            fmt::format("there is no workflow \"{}\"; {}", *name,
                                        meant.empty() ? "see eventual workflows"
                                                      : "did you mean " + meant + "?"));
          }};
}

}  // namespace eventual::cli
