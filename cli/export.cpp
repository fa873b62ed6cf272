// `eventual export`: histories as files.
#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>

#include "base/hash.hpp"
#include "cli/execution_id.hpp"
#include "cli/progress.hpp"
#include "cli/refusals.hpp"
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

constexpr std::size_t k_file_name_bytes_max = 200;  // of the 255 that file systems take

ev::Error cannot_write(const std::string& path, const std::string& why) {
  return {std::string(ev::error_names::k_unavailable),
          fmt::format("cannot write {}: {}", path, why)};
}

/// Throws Unavailable; the file then is not there, or as it was.
void write_file(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) throw cannot_write(path, std::generic_category().message(errno));
  file << text;
  file.close();
  if (!file) {
    const std::string why = std::generic_category().message(errno);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) std::filesystem::remove(path, ignored);
    throw cannot_write(path, why);
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
    if (context.json()) {
      context.print_json(
          ev::Json::object({{"file", options.output}, {"execution_id", execution.id()}}));
    }
  }
  return k_exit_done;
}

/// With everything encoded that is no plain character. A name that is too long for a file keeps its
/// beginning, and a hash of all of it.
std::string file_name(const std::string& name) {
  if (name == "." || name == "..") return name == "." ? "%2E" : "%2E%2E";
  std::string encoded = gateway::percent_encode(name);
  if (encoded.size() <= k_file_name_bytes_max) return encoded;
  encoded.resize(k_file_name_bytes_max);
  const std::size_t cut = encoded.find('%', encoded.size() - 2);  // not within an encoded byte
  if (cut != std::string::npos) encoded.resize(cut);
  return fmt::format("{}~{:016x}", encoded, base::stable_hash(name));
}

/// "processOrder/o-1.run-2.json"
std::string file_of(const std::string& folder, const ports::ExecutionRef& execution) {
  const std::string below = folder + "/" + file_name(execution.workflow);
  std::error_code error;
  std::filesystem::create_directories(below, error);
  if (error) {
    throw ev::Error(std::string(ev::error_names::k_unavailable),
                    fmt::format("cannot create {}: {}", below, error.message()));
  }
  return fmt::format("{}/{}.run-{}.json", below, file_name(execution.name), execution.run);
}

struct Outcome {
  std::uint64_t written = 0;
  Refusals refused;
};

/// One that was removed meanwhile is none of them. A file that cannot be written ends it all.
void export_listed(Context& context, const Options& options, const ev::Json& listed,
                   Outcome& outcome) {
  const std::string id = listed["execution_id"].as_string();
  ports::ExecutionRef execution = required(ports::parse_execution_id(id));
  execution.run = static_cast<std::uint32_t>(listed["run"].as_uint64());
  const auto history = client::download_history(context.service(), execution);
  if (history) {
    write_file(file_of(options.output, execution), model::write_history(*history));
    ++outcome.written;
    return;
  }
  if (history.error().name() == ev::error_names::k_not_found) return;
  if (concerns_all(history.error())) throw ev::Error(history.error());
  outcome.refused.add(id, execution.run, history.error());
}

Outcome export_each(Context& context, const Options& options) {
  Outcome outcome;
  Progress progress(context, "exporting");
  client::Page page{.limit = 1000};
  do {
    const ev::Json answer =
        required(context.service().list(options.workflow, options.status, page));
    for (const ev::Json& one : answer["executions"].as_array()) {
      export_listed(context, options, one, outcome);
      progress.tick(outcome.written, 0);
    }
    page.cursor = answer["cursor"].is_string() ? answer["cursor"].as_string() : std::string();
  } while (!page.cursor.empty());
  return outcome;
}

int export_all(Context& context, const Options& options) {
  if (options.output.empty())
    throw UsageError("where to? name a folder with --output", "--output ./histories");
  const Outcome outcome = export_each(context, options);
  if (context.json()) {
    context.print_json(ev::Json::object({{"folder", options.output},
                                         {"histories", outcome.written},
                                         {"refused", outcome.refused.json()}}));
  } else {
    outcome.refused.tell(context);
    std::string line = fmt::format(
        "wrote {} to {}", counted(outcome.written, "history", "histories"), options.output);
    if (!outcome.refused.empty())
      line += fmt::format(", {} could not be exported", outcome.refused.count());
    context.say(line);
  }
  return outcome.refused.empty() ? k_exit_done : k_exit_failed;
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
      ->check(one_of_the_statuses())
      ->type_name("STATUS");
  return {app, [options](Context& context) {
            if (options->all && options->run != 0)
              throw UsageError("--run is of one execution: with --all, every run is exported");
            if (!options->all && !(options->workflow.empty() && options->status.empty()))
              throw UsageError("--workflow and --status choose among many: give --all too");
            if (options->all) return export_all(context, *options);
            if (options->execution.empty()) throw UsageError("export takes an execution, or --all");
            return export_one(context, *options);
          }};
}

}  // namespace eventual::cli
