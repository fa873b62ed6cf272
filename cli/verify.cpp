// `eventual verify`: would a new program take up what a service has recorded?
#include <memory>
#include <string>
#include <vector>

#include "cli/local_binary.hpp"
#include "cli/verbs.hpp"

namespace eventual::cli {
namespace {

struct Options {
  BinaryArgument binary;
  std::string data;
  std::string files;
  std::string workflow;
  std::string closed;
  std::string jobs;
};

int verify(Context& context, const Options& options) {
  std::vector<std::string> arguments{"verify"};
  const auto add = [&arguments](const std::string& flag, const std::string& value) {
    if (value.empty()) return;
    arguments.push_back(flag);
    arguments.push_back(value);
  };
  add("--data", options.data);
  add("--files", options.files);
  if (options.data.empty() && options.files.empty()) {
    add("--url", context.url());
    add("--ca-file", context.options().ca_file);
  }
  add("--workflow", options.workflow);
  add("--closed", options.closed);
  add("--jobs", options.jobs);
  if (context.json()) arguments.emplace_back("--json");
  become(context, options.binary, arguments);
}

}  // namespace

Verb add_verify(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "verify",
      "Replays all open executions and a sample of closed ones over a new program, before it is "
      "deployed",
      k_group_project,
      {"eventual verify --binary ./build/orders  # of the running service",
       "eventual verify --binary ./build/orders --data ./backup --closed 1000",
       "eventual verify --binary ./build/orders --files ./histories --json"});
  auto options = std::make_shared<Options>();
  options->binary.add_to(*app);
  auto* data = app->add_option("--data", options->data, "a data folder, also in use, or a backup")
                   ->type_name("FOLDER");
  app->add_option("--files", options->files, "an exported history, or a folder of them")
      ->type_name("PATH")
      ->excludes(data);
  app->add_option("--workflow", options->workflow, "only this one's")->type_name("NAME");
  app->add_option("--closed", options->closed,
                  "how many closed ones of each workflow and status, the newest [100]")
      ->type_name("N");
  app->add_option("--jobs", options->jobs, "replays at a time [the number of cores]")
      ->type_name("N");
  return {app, [options](Context& context) { return verify(context, *options); }};
}

}  // namespace eventual::cli
