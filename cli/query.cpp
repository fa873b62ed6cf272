// `eventual query` and `eventual update`: questions and requests that an execution answers.
#include <fmt/format.h>

#include <memory>

#include "cli/execution_id.hpp"
#include "cli/nearest_name.hpp"
#include "cli/text.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  ExecutionArgument execution;
  std::string name;
  std::string input = "null";
  std::string id;
  std::string wait;
};

void add_options(CLI::App& app, Options& options) {
  options.execution.add_to(app);
  app.add_option("name", options.name, "its name")->required()->type_name("");
  app.add_option("input", options.input, "JSON, @file, or - for standard input [null]")
      ->type_name("");
}

int update(Context& context, const Options& options) {
  ports::UpdateRequest request;
  request.input_json = json_argument("input", options.input);
  if (!options.wait.empty()) {
    const auto wait = parse_duration(options.wait);
    if (!wait) throw UsageError("--wait: " + wait.error().message());
    request.wait = *wait;
  }
  request.execution = find_execution(context, options.execution);
  request.update = options.name;
  request.update_id = options.id;
  const ev::Json answer =
      required_of(context, context.service().update(request), "update", "updates", options.name);
  if (context.json()) {
    context.print_json(answer);
  } else if (text_of(answer, "status") == "completed") {
    context.print(pretty(answer["result"]) + "\n");
  } else {
    const std::string id = text_of(answer, "update_id");
    context.say(
        fmt::format("accepted and not answered yet; ask again with: eventual update {} {} --id {}",
                    request.execution.id(), options.name, id));
  }
  return k_exit_done;
}

}  // namespace

Verb add_query(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "query", "Asks an execution for what it has published", k_group_executions,
               {"eventual query o-1 progress", "eventual query o-1 items '{\"from\": 10}'"});
  auto options = std::make_shared<Options>();
  add_options(*app, *options);
  return {app, [options](Context& context) {
            const std::string input = json_argument("input", options->input);
            const auto execution = find_execution(context, options->execution);
            context.print_json(required_of(context,
                                           context.service().query(execution, options->name, input),
                                           "query", "queries", options->name));
            return k_exit_done;
          }};
}

Verb add_update(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "update", "Sends a request that an execution checks and answers", k_group_executions,
      {"eventual update o-1 changeAddress '{\"city\": \"Bern\"}'",
       "eventual update o-1 changeAddress @address.json --id change-1 --wait 5s"});
  auto options = std::make_shared<Options>();
  add_options(*app, *options);
  app->add_option("--id", options->id, "asking again with it gives the recorded answer")
      ->type_name("ID");
  app->add_option("--wait", options->wait, "for the answer, at most [1m, which is the most]")
      ->type_name("TIME");
  return {app, [options](Context& context) { return update(context, *options); }};
}

}  // namespace eventual::cli
