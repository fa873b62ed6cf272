// `eventual export`: histories as files.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "cli/execution_id.hpp"
#include "cli/progress.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "client/histories.hpp"
#include "gateway/text.hpp"
#include "model/exported_history.hpp"

namespace eventual::cli {
namespace {

struct Options {
  std::string execution;
  std::uint32_t run = 0;
  std::string output;
  bool all = false;
  std::string workflow;
  std::string status;
};

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    throw ev::Error(std::string(ev::error_names::k_unavailable),
                    fmt::format("cannot write {}", path));
  }
}

int export_one(Context& context, const Options& options) {
  const ports::ExecutionRef execution =
      find_execution(context, {.text = options.execution, .run = options.run});
  const std::string text =
      model::write_history(required(client::download_history(context.service(), execution)));
  if (options.output.empty() || options.output == "-") {
    context.print(text);
  } else {
    write_file(options.output, text);
    context.remark(fmt::format("wrote {}", options.output));
  }
  return k_exit_done;
}

/// "processOrder/o-1.run-2.json", with everything encoded that is no plain character.
std::string file_of(const std::string& folder, const ports::ExecutionRef& execution) {
  const std::string below = folder + "/" + gateway::percent_encode(execution.workflow);
  std::error_code error;
  std::filesystem::create_directories(below, error);
  if (error) {
    throw ev::Error(std::string(ev::error_names::k_unavailable),
                    fmt::format("cannot create {}: {}", below, error.message()));
  }
  return fmt::format("{}/{}.run-{}.json", below, gateway::percent_encode(execution.name),
                     execution.run);
}

int export_all(Context& context, const Options& options) {
  if (options.output.empty())
    throw UsageError("where to? name a folder with --output", "--output ./histories");
  Progress progress(context, "exporting");
  client::Page page{.limit = 1000};
  std::uint64_t written = 0;
  do {
    const ev::Json answer =
        required(context.service().list(options.workflow, options.status, page));
    for (const ev::Json& one : answer["executions"].as_array()) {
      ports::ExecutionRef execution =
          required(ports::parse_execution_id(one["execution_id"].as_string()));
      execution.run = static_cast<std::uint32_t>(one["run"].as_uint64());
      const auto history = client::download_history(context.service(), execution);
      if (!history && history.error().name() == ev::error_names::k_not_found)
        continue;  // removed meanwhile
      if (!history) throw ev::Error(history.error());
      write_file(file_of(options.output, execution), model::write_history(*history));
      progress.tick(++written, 0);
    }
    page.cursor = answer["cursor"].is_string() ? answer["cursor"].as_string() : std::string();
  } while (!page.cursor.empty());
  progress.finish();
  if (context.json()) {
    context.print_json(ev::Json::object({{"folder", options.output}, {"histories", written}}));
  } else {
    context.say(
        fmt::format("wrote {} to {}", counted(written, "history", "histories"), options.output));
  }
  return k_exit_done;
}

}  // namespace

Verb add_export(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "export", "Writes histories as files, for replay, verify and tests",
      k_group_executions,
      {"eventual export processOrder/o-1 > history.json", "eventual export o-1 --output o-1.json",
       "eventual export --all --workflow processOrder --output ./histories"});
  auto options = std::make_shared<Options>();
  auto* execution = app->add_option("execution", options->execution,
                                    "<workflow>/<name>, or the beginning of it or of the name")
                        ->type_name("");
  app->add_option("--run", options->run, "an earlier run [the latest]")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app->add_option("-o,--output", options->output, "a file [standard output]; with --all a folder")
      ->type_name("PATH");
  app->add_flag("--all", options->all, "every execution, also closed ones and earlier runs")
      ->excludes(execution);
  app->add_option("--workflow", options->workflow, "with --all: only this one's")
      ->type_name("NAME");
  app->add_option("--status", options->status, "with --all: only those with this status")
      ->type_name("STATUS");
  return {app, [options](Context& context) {
            if (options->all) return export_all(context, *options);
            if (options->execution.empty()) throw UsageError("export takes an execution, or --all");
            return export_one(context, *options);
          }};
}

}  // namespace eventual::cli
