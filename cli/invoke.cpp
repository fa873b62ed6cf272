// `eventual invoke`: calls a command of the service.
#include <memory>

#include "cli/nearest_name.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  std::string command;
  std::string input = "null";
};

}  // namespace

Verb add_invoke(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "invoke", "Calls a command and prints its answer", k_group_service,
               {"eventual invoke hello '\"sam\"'", "eventual invoke createOrder @order.json",
                "echo '\"sam\"' | eventual invoke hello -"});
  auto options = std::make_shared<Options>();
  app->add_option("command", options->command, "its name")->required()->type_name("");
  app->add_option("input", options->input, "JSON, @file, or - for standard input [null]")
      ->type_name("");
  return {
      app, [options](Context& context) {
        const std::string input = json_argument("input", options->input);
        context.print_json(required_of(context, context.service().invoke(options->command, input),
                                       "command", "commands", options->command));
        return k_exit_done;
      }};
}

}  // namespace eventual::cli
