// `eventual import`: exported histories go on in another service.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/history_files.hpp"
#include "cli/progress.hpp"
#include "cli/refusals.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string as;
  bool skip_existing = false;
};

struct Outcome {
  std::vector<ev::Json> imported;
  std::vector<ev::Json> skipped;
  Refusals refused;
};

/// The name that it is to have; "workflow/name" or only the name.
std::string name_of(const std::string& as, const HistoryInFile& history) {
  const std::size_t slash = as.find('/');
  if (slash == std::string::npos) return as;
  if (history.execution_id.compare(0, slash + 1, as, 0, slash + 1) != 0) {
    throw UsageError(fmt::format("{} is of another workflow than {}", as, history.execution_id));
  }
  return as.substr(slash + 1);
}

ev::Json named(const HistoryInFile& history) {
  return ev::Json::object({{"execution_id", history.execution_id}, {"run", history.run}});
}

/// Sends one. True: it is done with; false: something else must come first.
bool import_one(Context& context, const Options& options, const HistoryInFile& history,
                bool may_wait, Outcome& outcome) {
  const std::string target =
      client::Target("/_eventual/import").with("name", name_of(options.as, history)).text();
  auto answer = context.service().post(target, text_of(history));
  if (answer) {
    outcome.imported.push_back(std::move(*answer));
    return true;
  }
  const ev::Error& error = answer.error();
  if (concerns_all(error)) {
    if (!outcome.imported.empty()) {
      context.remark(counted(outcome.imported.size(), "history was", "histories were") +
                     " imported before this error: go on later with --skip-existing");
    }
    throw ev::Error(error);
  }
  if (options.skip_existing && error.name() == ev::error_names::k_already_exists) {
    outcome.skipped.push_back(named(history));
    return true;
  }
  if (may_wait && error.name() == "MissingExecution") return false;
  outcome.refused.add(history.execution_id, history.run, error);
  return true;
}

/// Those that wait for another of them are tried again, for as long as that helps.
Outcome import_all(Context& context, const Options& options, std::vector<HistoryInFile> histories) {
  // The last run of an execution goes before the earlier ones.
  std::sort(histories.begin(), histories.end(), [](const auto& a, const auto& b) {
    return std::tie(b.run, a.file, a.offset) < std::tie(a.run, b.file, b.offset);
  });
  Outcome outcome;
  Progress progress(context, "importing");
  const std::size_t total = histories.size();
  std::uint64_t finished = 0;
  bool may_wait = true;
  while (!histories.empty()) {
    std::vector<HistoryInFile> waiting;
    for (HistoryInFile& history : histories) {
      if (import_one(context, options, history, may_wait, outcome)) {
        progress.tick(++finished, total);
      } else {
        waiting.push_back(std::move(history));
      }
    }
    may_wait = waiting.size() < histories.size();
    histories = std::move(waiting);
  }
  progress.finish();
  return outcome;
}

void print(Context& context, const Outcome& outcome) {
  outcome.refused.tell(context);
  if (outcome.imported.size() == 1 && outcome.skipped.empty() && outcome.refused.empty()) {
    const ev::Json& one = outcome.imported.front();
    context.say(fmt::format("imported {} run {} ({})", one["execution_id"].as_string(),
                            one["run"].as_uint64(), one["status"].as_string()));
    return;
  }
  std::string line = "imported " + counted(outcome.imported.size(), "history", "histories");
  const auto were = [](std::size_t count) { return counted(count, "was", "were"); };
  if (!outcome.skipped.empty()) line += ", " + were(outcome.skipped.size()) + " there already";
  if (!outcome.refused.empty()) line += ", " + were(outcome.refused.count()) + " refused";
  context.say(line);
}

int import(Context& context, const Options& options) {
  std::vector<HistoryInFile> histories;
  for (const std::string& path : options.files) {
    std::vector<HistoryInFile> found = histories_at(path);
    std::move(found.begin(), found.end(), std::back_inserter(histories));
  }
  if (!options.as.empty() && histories.size() != 1) {
    throw UsageError(
        fmt::format("--as names one execution, and there are {} histories", histories.size()));
  }
  const Outcome outcome = import_all(context, options, std::move(histories));
  if (context.json()) {
    const auto list = [](const std::vector<ev::Json>& entries) {
      ev::Json json = ev::Json::array({});
      for (const ev::Json& entry : entries) json.push_back(entry);
      return json;
    };
    context.print_json(ev::Json::object({{"imported", list(outcome.imported)},
                                         {"skipped", list(outcome.skipped)},
                                         {"refused", outcome.refused.json()}}));
  } else {
    print(context, outcome);
  }
  return outcome.refused.empty() ? k_exit_done : k_exit_failed;
}

}  // namespace

Verb add_import(CLI::App& program) {
  CLI::App* app =
      add_verb(program, "import", "Takes over exported executions: open ones go on where they were",
               k_group_executions,
               {"eventual import o-1.json", "eventual import ./histories --skip-existing",
                "eventual import o-1.json --as o-1-copy"});
  auto options = std::make_shared<Options>();
  app->add_option("files", options->files,
                  "what export wrote: files of one or more histories, or folders of them")
      ->required()
      ->type_name("");
  app->add_option("--as", options->as, "another name for the one execution")->type_name("NAME");
  app->add_flag("--skip-existing", options->skip_existing, "leave alone what is there already");
  return {app, [options](Context& context) { return import(context, *options); }};
}

}  // namespace eventual::cli
