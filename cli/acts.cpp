// `eventual cancel`, `terminate`, `pause`, `resume`, `retry`, `fork`: what is done to one
// execution.
#include <fmt/format.h>

#include <memory>

#include "cli/execution_id.hpp"
#include "cli/following.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  ExecutionArgument execution;
  std::string reason;
  std::uint32_t seq = 0;
  std::string name;
  bool wait = false;
};

void add_reason(CLI::App& app, Options& options) {
  app.add_option("--reason", options.reason, "kept with the execution")->type_name("TEXT");
}

void add_wait(CLI::App& app, Options& options) {
  app.add_flag("--wait", options.wait, "waits for the end and prints the result");
}

/// Says what was done, then waits if asked to.
int done(Context& context, const Options& options, const ports::ExecutionRef& execution,
         const ev::Json& answer, std::string_view what) {
  if (options.wait) {
    context.remark(fmt::format("{} {}", what, execution.id()));
    return wait_for_end(context, execution);
  }
  if (context.json()) {
    context.print_json(answer);
  } else {
    context.say(fmt::format("{} {}", what, execution.id()));
  }
  return k_exit_done;
}

int began(Context& context, const Options& options, const ev::Json& answer) {
  ports::ExecutionRef execution =
      required(ports::parse_execution_id(answer["execution_id"].as_string()));
  execution.run = static_cast<std::uint32_t>(answer["run"].as_uint64());
  const bool existed = answer["already_running"].as_bool();
  return done(context, options, execution, answer,
              existed ? fmt::format("run {} exists:", execution.run)
                      : fmt::format("started run {} of", execution.run));
}

}  // namespace

Verb add_cancel(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "cancel", "Asks an execution to stop; its code may finish what it must",
               k_group_executions, {"eventual cancel o-1", "eventual cancel o-1 --wait"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  add_wait(*app, *options);
  return {app, [options](Context& context) {
            const auto execution = find_execution(context, options->execution);
            const ev::Json answer = required(context.service().cancel(execution));
            return done(context, *options, execution, answer, "asked to stop:");
          }};
}

Verb add_terminate(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "terminate", "Stops an execution without running any more of its code",
               k_group_executions, {"eventual terminate o-1 --reason 'wrong customer'"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  add_reason(*app, *options);
  return {app, [options](Context& context) {
            const auto execution = find_execution(context, options->execution);
            const ev::Json answer =
                required(context.service().terminate(execution, options->reason));
            return done(context, *options, execution, answer, "terminated");
          }};
}

Verb add_pause(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "pause", "Holds an execution: none of its code runs, what arrives is kept",
               k_group_repair, {"eventual pause o-1 --reason 'asking the customer'"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  add_reason(*app, *options);
  return {app, [options](Context& context) {
            const auto execution = find_execution(context, options->execution);
            const ev::Json answer = required(context.service().pause(execution, options->reason));
            return done(context, *options, execution, answer, "paused");
          }};
}

Verb add_resume(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "resume", "Lets a paused execution go on, or tries a parked one again",
               k_group_repair, {"eventual resume o-1", "eventual resume o-1 --wait"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  add_wait(*app, *options);
  return {app, [options](Context& context) {
            const auto execution = find_execution(context, options->execution);
            const ev::Json answer = required(context.service().resume(execution));
            return done(context, *options, execution, answer, "resumed");
          }};
}

Verb add_retry(CLI::App& program) {
  CLI::App* app = add_verb(program, "retry",
                           "Runs a failed execution again, as its next run, from where it failed",
                           k_group_repair, {"eventual retry o-1", "eventual retry o-1 --wait"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  add_wait(*app, *options);
  return {app, [options](Context& context) {
            const auto execution = find_execution(context, options->execution);
            return began(context, *options, required(context.service().retry(execution)));
          }};
}

Verb add_fork(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "fork", "Starts an execution that shares the history of another up to a call",
      k_group_repair,
      {"eventual fork o-1 --seq 3 --name o-1-again", "eventual history o-1   # shows the calls"});
  auto options = std::make_shared<Options>();
  options->execution.add_to(*app);
  app->add_option("--seq", options->seq, "number of the call that is made again")
      ->required()
      ->type_name("N");
  app->add_option("--name", options->name, "name of the new execution [a new one]")
      ->type_name("NAME");
  add_wait(*app, *options);
  return {app, [options](Context& context) {
            ports::ForkRequest request;
            request.execution = find_execution(context, options->execution);
            request.seq = options->seq;
            if (!options->name.empty()) request.name = options->name;
            return began(context, *options, required(context.service().fork(request)));
          }};
}

}  // namespace eventual::cli
