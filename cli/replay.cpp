// `eventual replay`: an execution's history, run through the code of a program on this machine.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/execution_id.hpp"
#include "cli/local_binary.hpp"
#include "cli/verbs.hpp"
#include "client/histories.hpp"
#include "model/exported_history.hpp"
#include "program/replay/debugger.hpp"

namespace eventual::cli {
namespace {

struct Options {
  ExecutionArgument execution;
  BinaryArgument binary;
  std::string execution_id;
  std::string file;
  std::string break_at;
  std::string debugger;
  std::string debugger_program;
  bool print = false;
  bool full = false;
};

int replay(Context& context, const Options& options) {
  std::vector<std::string> arguments{"replay"};
  const auto add = [&arguments](const std::string& flag, const std::string& value) {
    if (value.empty()) return;
    arguments.push_back(flag);
    arguments.push_back(value);
  };
  std::optional<program::TemporaryFile> downloaded;
  if (!options.file.empty()) {
    add("--file", options.file);
    if (!options.execution.text.empty()) arguments.push_back(options.execution.text);
    add("--execution-id", options.execution_id);
  } else {
    ExecutionArgument named = options.execution;
    if (named.text.empty()) named.text = options.execution_id;
    if (named.text.empty()) throw UsageError("replay takes an execution, or --file with a history");
    const ports::ExecutionRef execution = find_execution(context, named);
    const auto history = required(client::download_history(context.service(), execution));
    downloaded = required(program::TemporaryFile::write(".json", model::write_history(history)));
    add("--file", downloaded->path());
  }
  add("--break-at", options.break_at);
  add("--debugger", options.debugger);
  add("--debugger-program", options.debugger_program);
  if (options.print) arguments.emplace_back("--print");
  if (options.full) arguments.emplace_back("--full");
  if (context.json()) arguments.emplace_back("--json");
  return run(context, options.binary, arguments);
}

}  // namespace

Verb add_replay(CLI::App& program) {
  CLI::App* app = add_verb(
      program, "replay",
      "Runs local code over an execution's history: tells the story or stops in a debugger",
      k_group_project,
      {"eventual replay processOrder/o-1 --binary ./orders",
       "eventual replay o-1 --binary ./orders --break-at 2     # gdb, at call 2",
       "eventual replay o-1 --binary ./orders --debugger lldb  # from the beginning",
       "eventual replay --file history.json --binary ./orders --print"});
  auto options = std::make_shared<Options>();
  app->add_option("execution", options->execution.text,
                  "<workflow>/<name>, or the beginning of it or of the name")
      ->type_name("");
  app->add_option("--run", options->execution.run, "an earlier run [the latest]")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  app->add_option("--execution-id", options->execution_id,
                  "the same; with --file, where the file does not say whose it is")
      ->type_name("EXECUTION");
  options->binary.add_to(*app);
  app->add_option("--file", options->file, "a history that was exported before")->type_name("FILE");
  app->add_option("--break-at", options->break_at,
                  "stop where this call is made, or at #STEP, a line of the story")
      ->type_name("CALL");
  app->add_option("--debugger", options->debugger, "gdb, lldb or none")
      ->check(CLI::IsMember({"gdb", "lldb", "none"}));
  app->add_option("--debugger-program", options->debugger_program,
                  "the debugger's file [the first gdb, or lldb-19 or lldb, in PATH]")
      ->type_name("FILE");
  app->add_flag("--print", options->print, "tell the story");
  app->add_flag("--full", options->full, "do not cut payloads");
  return {app, [options](Context& context) { return replay(context, *options); }};
}

}  // namespace eventual::cli
