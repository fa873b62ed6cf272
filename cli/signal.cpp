// `eventual signal`: sends a signal to an execution.
#include <fmt/format.h>

#include <memory>

#include "cli/execution_id.hpp"
#include "cli/nearest_name.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  ExecutionArgument execution;
  std::string signal;
  std::string payload = "null";
  std::string id;
};

int signal(Context& context, const Options& options) {
  ports::SignalRequest request;
  request.payload_json = json_argument("payload", options.payload);
  request.execution = find_execution(context, options.execution);
  request.signal = options.signal;
  request.message_id = options.id;
  const ev::Json answer =
      required_of(context, context.service().signal(request), "signal", "signals", options.signal);
  if (context.json()) {
    context.print_json(answer);
  } else {
    context.print(fmt::format("{} has received {}\n", request.execution.id(), options.signal));
  }
  return k_exit_done;
}

}  // namespace

Verb add_signal(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "signal", "Sends a signal; returns when the execution has stored it",
               k_group_executions,
               {"eventual signal o-1 cancel '\"changed my mind\"'",
                "eventual signal processOrder/o-1 approve @approval.json --id approval-7"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  app->add_option("signal", options->signal, "its name")->required()->type_name("");
  app->add_option("payload", options->payload, "JSON, @file, or - for standard input [null]")
      ->type_name("");
  app->add_option("--id", options->id, "sending it twice counts once")->type_name("ID");
  return {app, [options](Context& context) { return signal(context, *options); }};
}

}  // namespace eventual::cli
