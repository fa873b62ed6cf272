// `eventual entities`: the records that a service keeps, by key, by partition and through indexes.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "eventual/entity.hpp"
#include "gateway/text.hpp"

namespace eventual::cli {
namespace {

struct Options {
  std::string entity;
  std::vector<std::string> key;
  std::vector<std::string> partition;
  std::string index;
  std::string condition;
  std::string select;
  std::uint32_t limit = 100;
  bool descending = false;
};

/// The members of a key: "id", "account | at, transfer".
std::string key_text(const ev::Json& key) {
  const auto names = [](const ev::Json& parts) {
    std::string text;
    for (const ev::Json& part : parts.as_array())
      text += (text.empty() ? "" : ", ") + part.as_string();
    return text;
  };
  const std::string sort = names(key["sort"]);
  return names(key["partition"]) + (sort.empty() ? "" : " | " + sort);
}

int declared(Context& context) {
  const ev::Json manifest = required(context.service().manifest());
  const ev::Json& entities = manifest["entities"];
  if (context.json()) {
    context.print_json(ev::Json::object({{"entities", entities}}));
    return k_exit_done;
  }
  if (entities.size() == 0) {
    context.remark("the service declares no entities");
    return k_exit_done;
  }
  Table table({{"ENTITY", false, 10},
               {"KEY", false, 10},
               {"INDEXES", false, 10},
               {"DESCRIPTION", false, 12}});
  for (const ev::Json& one : entities.as_array()) {
    std::string indexes;
    for (const ev::Json& index : one["indexes"].as_array()) {
      indexes += fmt::format("{}{} ({})", indexes.empty() ? "" : ", ", text_of(index, "name"),
                             key_text(index["key"]));
    }
    table.add({text_of(one, "name"), key_text(one["key"]), indexes.empty() ? "-" : indexes,
               text_of(one, "description")});
  }
  context.print(table.text(context.terminal()));
  return k_exit_done;
}

std::string path_of(const Options& options) {
  std::string path = "/_eventual/entities/" + gateway::percent_encode(options.entity);
  for (const std::string& part : options.key) path += "/" + gateway::percent_encode(part);
  return path;
}

int get(Context& context, const Options& options) {
  const ev::Json item = required(context.service().get(path_of(options)));
  if (context.json()) {
    context.print_json(item);
  } else {
    context.print(pretty(item["value"]) + "\n");
    context.remark(fmt::format("version {}", text_of(item, "version")));
  }
  return k_exit_done;
}

/// The parts of a key as one writes them behind `get`.
std::string key_of(const ev::Json& item) {
  std::string text;
  for (const ev::Json& part : item["key"].as_array()) {
    text += (text.empty() ? "" : " ") + (part.is_string() ? part.as_string() : part.dump());
  }
  return text;
}

int list(Context& context, const Options& options) {
  if (options.partition.empty() && (!options.index.empty() || !options.condition.empty())) {
    throw UsageError("--index and --condition look within a partition: name it with --partition");
  }
  const std::string condition =
      options.condition.empty() ? "" : json_argument("condition", options.condition);
  ev::Json found = ev::Json::array();
  std::string cursor;
  do {
    const auto room = static_cast<std::uint32_t>(options.limit - found.size());
    client::Target target(path_of(options));
    for (const std::string& part : options.partition) target.with("partition", part);
    target.with("index", options.index)
        .with("condition", condition)
        .with("select", options.select)
        .with("descending", options.descending ? "true" : "")
        .with("limit", std::min(room, ev::k_page_items_max))
        .with("cursor", cursor);
    const ev::Json page = required(context.service().get(target.text()));
    for (const ev::Json& item : page["items"].as_array()) found.push_back(item);
    cursor = text_of(page, "cursor");
  } while (!cursor.empty() && found.size() < options.limit);
  if (context.json()) {
    context.print_json(ev::Json::object({{"items", found}, {"more", !cursor.empty()}}));
    return k_exit_done;
  }
  if (found.size() == 0) {
    context.remark("no items");
    return k_exit_done;
  }
  Table table({{"KEY", false, 12}, {"VERSION", true, 0}, {"VALUE", false, 12}});
  for (const ev::Json& item : found.as_array()) {
    table.add({key_of(item), text_of(item, "version"), pretty(item["value"], std::string::npos)});
  }
  context.print(table.text(context.terminal()));
  if (!cursor.empty()) context.remark(fmt::format("more follow: --limit {}", options.limit * 2));
  return k_exit_done;
}

}  // namespace

Verb add_entities(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "entities",
               "Lists the records that the service keeps, or reads one by its key", k_group_service,
               {"eventual entities                                   # those that are declared",
                "eventual entities get accounts a-1", "eventual entities list accounts --limit 20",
                "eventual entities list movements --partition a-1 --descending",
                "eventual entities list accounts --index byOwner --partition ann",
                "eventual entities list accounts --limit 20 --select id,balance",
                R"(eventual entities list accounts --partition a --condition '{"at_least":[9]}')"});
  app->require_subcommand(0, 1);
  auto options = std::make_shared<Options>();
  CLI::App* one = app->add_subcommand("get", "reads one item");
  one->add_option("entity", options->entity, "its name")->required()->type_name("");
  one->add_option("key", options->key, "the parts of its key, in order")->required()->type_name("");
  CLI::App* many = app->add_subcommand("list", "reads a partition, or everything");
  many->add_option("entity", options->entity, "its name")->required()->type_name("");
  many->add_option("--partition,-p", options->partition,
                   "the partition's key; once for each of its parts [all]")
      ->type_name("KEY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  many->add_option("--index", options->index, "through this index")->type_name("NAME");
  many->add_option("--condition", options->condition,
                   "on the sort key: JSON as {\"at_least\": [100]}, @file or -")
      ->type_name("JSON");
  many->add_option("--select", options->select, "only these members, with commas between them")
      ->type_name("NAMES");
  many->add_option("--limit,-n", options->limit, "at most so many [100]")
      ->check(CLI::Range(1U, 1'000'000U))
      ->type_name("N");
  many->add_flag("--descending", options->descending, "the last one first");
  return {app, [=](Context& context) {
            if (one->parsed()) return get(context, *options);
            if (many->parsed()) return list(context, *options);
            return declared(context);
          }};
}

}  // namespace eventual::cli
