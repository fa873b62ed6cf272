// `eventual tasks`: completes, fails or keeps alive a task's attempt by its token.
#include <fmt/format.h>

#include <memory>

#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  std::string token;
  std::string json = "null";
  std::string error_name;
  std::string message;
};

/// The answer tells whether the attempt is asked to stop.
int told(Context& context, const ev::Json& answer, std::string_view what) {
  if (context.json()) {
    context.print_json(answer);
  } else {
    const bool stop = answer["stop_requested"] == ev::Json(true);
    context.print(fmt::format("{}{}\n", what, stop ? "; the attempt is asked to stop" : ""));
  }
  return k_exit_done;
}

CLI::App* add_act(CLI::App& tasks, Options& options, const std::string& name,
                  const std::string& description) {
  CLI::App* app = tasks.add_subcommand(name, description);
  app->add_option("token", options.token, "that the task's handler was given")
      ->required()
      ->type_name("");
  return app;
}

}  // namespace

Verb add_tasks(CLI::App& program) {
  CLI::App* app = add_verb(program, "tasks", "Completes, fails or keeps alive a task by its token",
                           k_group_executions,
                           {"eventual tasks complete \"$TOKEN\" '{\"charge_id\": \"c-1\"}'",
                            "eventual tasks fail \"$TOKEN\" CardDeclined 'the bank said no'",
                            "eventual tasks heartbeat \"$TOKEN\" '{\"done\": 40}'"});
  app->require_subcommand(1);
  auto options = std::make_shared<Options>();

  CLI::App* complete = add_act(*app, *options, "complete", "the task succeeded");
  complete->add_option("result", options->json, "JSON, @file, or - for standard input [null]")
      ->type_name("");
  CLI::App* fail = add_act(*app, *options, "fail", "it failed; its retry policy decides");
  fail->add_option("error", options->error_name, "the error's name")->required()->type_name("");
  fail->add_option("message", options->message, "for people")->type_name("");
  fail->add_option("--details", options->json, "JSON [null]")->type_name("JSON");
  CLI::App* heartbeat = add_act(*app, *options, "heartbeat", "it is alive");
  heartbeat->add_option("details", options->json, "JSON, @file, or - for standard input [null]")
      ->type_name("");

  return {app, [=](Context& context) {
            const std::string json =
                json_argument(complete->parsed() ? "result" : "details", options->json);
            auto& service = context.service();
            if (complete->parsed()) {
              return told(context, required(service.task_success(options->token, json)),
                          "completed");
            }
            if (fail->parsed()) {
              const ev::Error error(options->error_name, options->message,
                                    json == "null" ? std::string() : json);
              return told(context, required(service.task_failure(options->token, error)), "failed");
            }
            return told(context, required(service.task_heartbeat(options->token, json)), "noted");
          }};
}

}  // namespace eventual::cli
