// `eventual backup` and `eventual restore`: the data of a service, whole.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "store/backup.hpp"

namespace eventual::cli {
namespace {

int backup(Context& context, const std::string& folder) {
  const ev::Json answer = required(
      context.service().post("/_eventual/backup", ev::Json::object({{"folder", folder}}).dump()));
  if (context.json()) {
    context.print_json(answer);
  } else {
    context.say(fmt::format("backed up to {} on the service's machine ({} bytes)",
                            answer["folder"].as_string(), answer["bytes"].as_uint64()));
  }
  return k_exit_done;
}

struct RestoreOptions {
  std::string backup;
  std::string folder;
  bool check = false;
};

/// What was wrong with the arguments is wrong usage; what is wrong with the backup is a failure.
int restore(Context& context, const RestoreOptions& options) {
  if (options.folder.empty() && !options.check)
    throw UsageError("restore takes the backup and the data folder to make");
  const auto report = options.check ? store::check_backup(options.backup)
                                    : store::restore(options.backup, options.folder);
  if (!report) {
    const std::string& name = report.error().name();
    if (name == ev::error_names::k_not_found || name == ev::error_names::k_already_exists ||
        name == ev::error_names::k_not_allowed) {
      throw UsageError(report.error().message());
    }
    throw ev::Error(report.error());
  }
  if (context.json()) {
    context.print_json(ev::Json::object({{"folder", report->folder},
                                         {"bytes", report->bytes},
                                         {"executions", report->executions},
                                         {"open", report->open}}));
  } else {
    context.say(fmt::format("{} {}: {}, {} of them open, {} bytes",
                            options.check ? "the backup is whole:" : "restored to", report->folder,
                            counted(report->executions, "execution"), report->open, report->bytes));
  }
  return k_exit_done;
}

}  // namespace

Verb add_backup(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "backup",
               "Copies a running service's data into a new folder on its machine", k_group_service,
               {"eventual backup /backups/orders-$(date +%F)",
                "eventual backup /backups/monday --url https://orders.example"});
  auto folder = std::make_shared<std::string>();
  app->add_option("folder", *folder, "must not exist; relative to where the service runs")
      ->required()
      ->type_name("");
  return {app, [folder](Context& context) { return backup(context, *folder); }};
}

Verb add_restore(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "restore", "Checks a backup and makes a data folder from it", k_group_service,
      {"eventual restore /backups/monday ./.eventual", "eventual restore /backups/monday --check"});
  auto options = std::make_shared<RestoreOptions>();
  app->add_option("backup", options->backup, "the backup, which is not changed")
      ->required()
      ->type_name("");
  app->add_option("folder", options->folder, "the data folder to make: new or empty")
      ->type_name("");
  app->add_flag("--check", options->check, "only read all of the backup");
  return {app, [options](Context& context) { return restore(context, *options); }};
}

}  // namespace eventual::cli
