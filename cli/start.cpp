// `eventual start`: starts an execution of a workflow.
#include <fmt/format.h>

#include <memory>

#include "cli/following.hpp"
#include "cli/nearest_name.hpp"
#include "cli/times.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  std::string workflow;
  std::string input = "null";
  std::string name;
  std::string timeout;
  std::string signal;
  std::string payload = "null";
  std::string id;
  bool wait = false;
};

int start(Context& context, const Options& options) {
  ports::StartRequest request;
  request.workflow = options.workflow;
  request.input_json = json_argument("input", options.input);
  if (!options.name.empty()) request.name = options.name;
  if (!options.timeout.empty()) {
    const auto timeout = parse_duration(options.timeout);
    if (!timeout) throw UsageError("--timeout: " + timeout.error().message());
    request.timeout = *timeout;
  }
  if (!options.signal.empty()) {
    request.signal = ports::StartRequest::Signal{
        options.signal, json_argument("payload", options.payload), options.id};
  }
  const ev::Json answer = required_of(context, context.service().start(request), "workflow",
                                      "workflows", options.workflow);
  const std::string id = answer["execution_id"].as_string();
  if (options.wait) {
    context.remark(
        fmt::format("{} {}", answer["already_running"].as_bool() ? "exists:" : "started", id));
    return wait_for_end(context, required(ports::parse_execution_id(id)));
  }
  if (context.json()) {
    context.print_json(answer);
    return k_exit_done;
  }
  context.print(
      answer["already_running"].as_bool()
          ? fmt::format("{} exists with this input (run {})\n", id, answer["run"].as_int64())
          : fmt::format("started {}\n", id));
  return k_exit_done;
}

}  // namespace

Verb add_start(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "start", "Starts an execution of a workflow", k_group_executions,
      {"eventual start processOrder '{\"id\": \"o-1\", \"card\": \"visa\"}' --name o-1",
       "eventual start processOrder @order.json --wait", "eventual start poll --timeout 2h"});
  auto options = std::make_shared<Options>();
  app->add_option("workflow", options->workflow, "its name")->required()->type_name("");
  app->add_option("input", options->input, "JSON, @file, or - for standard input [null]")
      ->type_name("");
  app->add_option("--name", options->name,
                  "name of the execution: starting it twice gives the same one [a new one]")
      ->type_name("NAME");
  app->add_option("--timeout", options->timeout, "its time limit, such as 2h [the workflow's]")
      ->type_name("TIME");
  app->add_option("--signal", options->signal, "a signal that is sent in the same moment")
      ->type_name("NAME");
  app->add_option("--payload", options->payload, "the signal's payload, JSON [null]")
      ->type_name("JSON");
  app->add_option("--id", options->id, "of the signal: sending it twice counts once")
      ->type_name("ID");
  app->add_flag("--wait", options->wait, "waits for the end and prints the result");
  return {app, [options](Context& context) { return start(context, *options); }};
}

}  // namespace eventual::cli
