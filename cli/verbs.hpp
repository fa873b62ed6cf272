// The verbs of the command: one file each, listed in verbs.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.hpp"

namespace eventual::cli {

/// A verb that was added to the program: its part of the command line, and what it does when asked
/// for. `run` gives the exit code, or throws as Context says.
struct Verb {
  CLI::App* app = nullptr;
  std::function<int(Context&)> run;
};

/// Headings of --help.
inline constexpr std::string_view k_group_project = "Projects";
inline constexpr std::string_view k_group_executions = "Executions";
inline constexpr std::string_view k_group_repair = "Repair";
inline constexpr std::string_view k_group_service = "Service";
inline constexpr std::string_view k_group_tools = "Tools";

/// Adds a verb with its help. Each example is a line without its margin.
CLI::App* add_verb(CLI::App& program, const std::string& name, const std::string& description,
                   std::string_view group, const std::vector<std::string>& examples);

/// What --status takes.
CLI::Validator one_of_the_statuses();

/// Adds all of them, in the order of --help.
std::vector<Verb> add_all_verbs(CLI::App& program);

Verb add_backup(CLI::App& program);
Verb add_cancel(CLI::App& program);
Verb add_completion(CLI::App& program);
Verb add_dead_letters(CLI::App& program);
Verb add_doctor(CLI::App& program);
Verb add_emit(CLI::App& program);
Verb add_entities(CLI::App& program);
Verb add_execution(CLI::App& program);
Verb add_executions(CLI::App& program);
Verb add_export(CLI::App& program);
Verb add_fork(CLI::App& program);
Verb add_history(CLI::App& program);
Verb add_import(CLI::App& program);
Verb add_invoke(CLI::App& program);
Verb add_logs(CLI::App& program);
Verb add_dev(CLI::App& program);
Verb add_new(CLI::App& program);
Verb add_manifest(CLI::App& program);
Verb add_openapi(CLI::App& program);
Verb add_pause(CLI::App& program);
Verb add_query(CLI::App& program);
Verb add_replay(CLI::App& program);
Verb add_restore(CLI::App& program);
Verb add_resume(CLI::App& program);
Verb add_retry(CLI::App& program);
Verb add_schedules(CLI::App& program);
Verb add_services(CLI::App& program);
Verb add_signal(CLI::App& program);
Verb add_start(CLI::App& program);
Verb add_tasks(CLI::App& program);
Verb add_terminate(CLI::App& program);
Verb add_timeline(CLI::App& program);
Verb add_update(CLI::App& program);
Verb add_verify(CLI::App& program);
Verb add_why(CLI::App& program);
Verb add_workflows(CLI::App& program);

}  // namespace eventual::cli
