#include "cli/verbs.hpp"

namespace eventual::cli {

CLI::App* add_verb(CLI::App& program, const std::string& name, const std::string& description,
                   std::string_view group, const std::vector<std::string>& examples) {
  CLI::App* app = program.add_subcommand(name, description);
  app->group(std::string(group));
  std::string footer = "Examples:";
  for (const std::string& example : examples) footer += "\n  " + example;
  app->footer(footer);
  return app;
}

CLI::Validator one_of_the_statuses() {
  return CLI::IsMember({"running", "parked", "paused", "succeeded", "failed", "cancelled",
                        "timed_out", "terminated", "continued"});
}

std::vector<Verb> add_all_verbs(CLI::App& program) {
  using Add = Verb (*)(CLI::App&);
  // clang-format off: one a line
  static constexpr Add k_verbs[] = {
      &add_new,
      &add_dev,
      &add_start,
      &add_executions,
      &add_execution,
      &add_why,
      &add_history,
      &add_timeline,
      &add_signal,
      &add_query,
      &add_update,
      &add_cancel,
      &add_terminate,
      &add_tasks,
      &add_pause,
      &add_resume,
      &add_retry,
      &add_fork,
      &add_dead_letters,
      &add_replay,
      &add_services,
      &add_invoke,
      &add_workflows,
      &add_manifest,
      &add_openapi,
      &add_schedules,
      &add_emit,
      &add_entities,
      &add_logs,
      &add_export,
      &add_import,
      &add_verify,
      &add_backup,
      &add_restore,
      &add_doctor,
      &add_completion,
  };
  // clang-format on
  std::vector<Verb> verbs;
  for (const Add add : k_verbs) {
    verbs.push_back(add(program));
    // CLI11 lets them inherit the heading and the examples of their verb.
    for (CLI::App* word : verbs.back().app->get_subcommands([](const CLI::App*) { return true; })) {
      if (!word->get_group().empty()) word->group("Subcommands");
      word->footer("");
    }
  }
  return verbs;
}

}  // namespace eventual::cli
