// `eventual dead-letters`: deliveries that gave up; redrives or discards them.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

constexpr std::uint32_t k_page = 1000;

struct Options {
  std::string subscription;
  std::uint32_t limit = 100;
  std::vector<std::string> ids;
};

int list(Context& context, const Options& options) {
  ev::Json found = ev::Json::array();
  std::string cursor;
  do {
    const auto room = static_cast<std::uint32_t>(options.limit - found.size());
    const ev::Json answer =
        required(context.service().get(client::Target("/_eventual/dead-letters")
                                           .with("subscription", options.subscription)
                                           .with("limit", std::min(room, k_page))
                                           .with("cursor", cursor)
                                           .text()));
    for (const ev::Json& one : answer["dead_letters"].as_array()) found.push_back(one);
    cursor = text_of(answer, "cursor");
  } while (!cursor.empty() && found.size() < options.limit);
  if (context.json()) {
    context.print_json(ev::Json::object({{"dead_letters", found}, {"more", !cursor.empty()}}));
    return k_exit_done;
  }
  if (found.size() == 0) {
    context.remark("no dead letters");
    return k_exit_done;
  }
  Table table({{"DEAD LETTER", false, 12},
               {"EVENT", false, 10},
               {"ATTEMPTS", true, 0},
               {"AT", false, 0},
               {"ERROR", false, 12}});
  for (const ev::Json& one : found.as_array()) {
    table.add(
        {text_of(one, "id"),
         text_of(one["event"], "name"),
         text_of(one, "attempts"),
         context.show_time(one["at"]),
         {fmt::format("{}: {}", text_of(one["error"], "name"), text_of(one["error"], "message")),
          Style::bad}});
  }
  context.print(table.text(context.terminal()));
  if (!cursor.empty()) context.remark(fmt::format("more follow: --limit {}", options.limit * 2));
  return k_exit_done;
}

int act(Context& context, const Options& options, const std::string& what) {
  if (options.ids.empty() == options.subscription.empty()) {
    throw UsageError("name either ids of dead letters or a --subscription, all of whose are meant");
  }
  ev::Json body = ev::Json::object();
  if (!options.subscription.empty()) {
    body.set("subscription", options.subscription);
  } else {
    ev::Json ids = ev::Json::array();
    for (const std::string& id : options.ids) ids.push_back(id);
    body.set("ids", std::move(ids));
  }
  const ev::Json answer =
      required(context.service().post("/_eventual/dead-letters/" + what, body.dump()));
  const std::size_t missing = answer["not_found"].size();
  if (context.json()) {
    context.print_json(answer);
  } else {
    context.say(
        fmt::format("{} {}", what == "redrive" ? "delivering again:" : "discarded",
                    counted(static_cast<std::size_t>(answer["count"].as_uint64()), "dead letter")));
    for (const ev::Json& id : answer["not_found"].as_array()) {
      context.remark(fmt::format("there is no dead letter {}", id.as_string()));
    }
  }
  return missing == 0 ? k_exit_done : k_exit_failed;
}

CLI::App* add_act(CLI::App& dead_letters, Options& options, const std::string& name,
                  const std::string& description) {
  CLI::App* app = dead_letters.add_subcommand(name, description);
  app->add_option("ids", options.ids, "of dead letters")->type_name("");
  app->add_option("--subscription", options.subscription, "all of this subscription")
      ->type_name("NAME");
  return app;
}

}  // namespace

Verb add_dead_letters(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "dead-letters", "Lists deliveries that gave up; redrives or discards them",
      k_group_repair,
      {"eventual dead-letters --subscription mailer", "eventual dead-letters redrive mailer/17",
       "eventual dead-letters redrive --subscription mailer",
       "eventual dead-letters discard mailer/17"});
  app->require_subcommand(0, 1);
  auto options = std::make_shared<Options>();
  app->add_option("--subscription", options->subscription, "only of this one")->type_name("NAME");
  app->add_option("--limit,-n", options->limit, "at most so many [100]")
      ->check(CLI::Range(1U, 1'000'000U))
      ->type_name("N");
  app->add_subcommand("list", "lists them, which is what happens without a word too");
  CLI::App* redrive = add_act(*app, *options, "redrive", "delivers them again");
  CLI::App* discard = add_act(*app, *options, "discard", "forgets them");
  return {app, [=](Context& context) {
            if (redrive->parsed()) return act(context, *options, "redrive");
            if (discard->parsed()) return act(context, *options, "discard");
            return list(context, *options);
          }};
}

}  // namespace eventual::cli
