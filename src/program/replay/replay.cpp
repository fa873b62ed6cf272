// The verb `replay`: runs today's code over a recorded history, tells what happens or stops in a
// debugger.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/verify.hpp"
#include "program/histories.hpp"
#include "program/replay/debugger.hpp"
#include "program/replay/stops.hpp"
#include "program/replay/story.hpp"
#include "program/verbs.hpp"

namespace eventual::program {
namespace {

struct ReplayOptions {
  std::string execution;
  std::string execution_id;  ///< of a file that does not say
  std::uint32_t run = 0;
  std::string file;
  std::string data;
  std::string debugger;  ///< "gdb", "lldb", "none"; empty: as --break-at says
  std::string debugger_program;
  std::string break_at;  ///< a call, or # and a step
  bool print = false;
  bool full = false;
  bool json = false;
  bool for_debugger = false;
};

/// What --break-at names.
struct BreakAt {
  std::optional<std::uint32_t> call;
  std::optional<std::uint64_t> step;
};

Result<BreakAt> parse_break_at(const std::string& text) {
  BreakAt at;
  if (text.empty()) return at;
  const bool is_step = text.front() == '#';
  const std::string digits = text.substr(is_step ? 1 : 0);
  const bool number = !digits.empty() && digits.size() <= 9 &&
                      digits.find_first_not_of("0123456789") == std::string::npos;
  if (!number || (is_step && std::stoul(digits) == 0)) {
    return Error(std::string(error_names::k_invalid_input),
                 fmt::format("--break-at {}: it takes the number of a call, or # and that of a "
                             "step from 1",
                             text));
  }
  if (is_step) {
    at.step = std::stoul(digits);
  } else {
    at.call = static_cast<std::uint32_t>(std::stoul(digits));
  }
  return at;
}

Result<model::ExportedHistory> load(const ReplayOptions& options) {
  const std::string id = options.execution_id.empty() ? options.execution : options.execution_id;
  auto histories =
      options.file.empty() ? histories_of_data(options.data) : histories_of_files(options.file);
  if (!histories) return histories.error();
  auto history = (*histories)->read({id, options.run, {}, options.file});
  if (history && !options.file.empty() && !options.execution.empty() &&
      options.execution != history->execution_id) {
    return Error(std::string(error_names::k_invalid_input),
                 fmt::format("{} is the history of {}, not of {}", options.file,
                             history->execution_id, options.execution));
  }
  return history;
}

/// Which code a refusal ends the program with: bad input is wrong usage.
int code_of(const Error& error) {
  return error.name() == error_names::k_unavailable || error.name() == error_names::k_corrupt
             ? k_exit_failed
             : k_exit_usage;
}

int print_json(const model::ExportedHistory& history, const std::optional<Error>& difference) {
  Json json = Json::object({{"execution_id", history.execution_id},
                            {"run", history.run},
                            {"status", history.status},
                            {"turns", history.turns.size()},
                            {"steps", Walk::steps_of(history)},
                            {"agrees", !difference.has_value()}});
  json.set("error", Json());
  if (difference) {
    json.set("error",
             Json::object({{"name", difference->name()}, {"message", difference->message()}}));
    if (const auto details = Json::parse(difference->details_json())) {
      for (const auto& [name, value] : details->as_object()) json["error"].set(name, value);
    }
  }
  fmt::print("{}\n", json.dump());
  return difference ? k_exit_failed : k_exit_done;
}

int tell(const detail::Declarations& declarations, const model::ExportedHistory& history,
         const ReplayOptions& options, const BreakAt& at) {
  if (options.json) {
    return print_json(
        history, engine::replay(declarations, history.execution_id, history.run, history.turns));
  }
  print_lines(fmt::format("{} run {}{}: {} turns, {} steps", history.execution_id, history.run,
                          history.status.empty() ? "" : ", " + history.status, history.turns.size(),
                          Walk::steps_of(history)));
  Story story(
      {.payload_bytes = options.full ? 0U : 60U, .until_call = at.call, .until_step = at.step},
      &print_lines);
  const std::optional<Error> difference =
      engine::replay(declarations, history.execution_id, history.run, history.turns, &story);
  if (difference) {
    std::fflush(stdout);
    return complain(fmt::format("{}: {}", difference->name(), difference->message()),
                    k_exit_failed);
  }
  if ((at.call || at.step) && !story.reached()) {
    return complain(fmt::format("the history has no {} {}", at.call ? "call" : "step",
                                at.call ? *at.call : *at.step),
                    k_exit_usage);
  }
  if (!story.reached()) print_lines("the code agrees with the history");
  return k_exit_done;
}

/// The program that a debugger runs. Where it stops is in the environment when it is run again.
int run_for_debugger(const detail::Declarations& declarations,
                     const model::ExportedHistory& history, BreakAt at) {
  if (const char* again = std::getenv("EVENTUAL_REPLAY_STOP")) {
    auto parsed = parse_break_at(again);
    if (!parsed) return complain(parsed.error().message(), k_exit_usage);
    at = *parsed;
  }
  if (!at.call && !at.step) at.step = 1;
  eventual_replay_step = at.step.value_or(0);
  eventual_replay_call = at.call ? static_cast<std::int64_t>(*at.call) : -1;
  Stops stops(history);
  const auto difference =
      engine::replay(declarations, history.execution_id, history.run, history.turns, &stops);
  if (!difference) return k_exit_done;
  return complain(fmt::format("{}: {}", difference->name(), difference->message()), k_exit_failed);
}

int debug(const model::ExportedHistory& history, const ReplayOptions& options) {
  const bool gdb = options.debugger.empty()
                       ? is_installed(Debugger::gdb) || !is_installed(Debugger::lldb)
                       : options.debugger == "gdb";
  // A copy: the file may be one without an id, and a data folder goes on.
  auto file = TemporaryFile::write(".json", model::write_history(history));
  if (!file) return complain(file.error().message(), k_exit_failed);
  std::vector<std::string> arguments{"replay", "--for-debugger", "--file", file->path()};
  if (!options.break_at.empty()) {
    arguments.emplace_back("--break-at");
    arguments.push_back(options.break_at);
  }
  const Result<int> ran =
      run_under(gdb ? Debugger::gdb : Debugger::lldb, options.debugger_program, arguments);
  if (!ran) return complain(ran.error().message(), k_exit_usage);
  return *ran;
}

int replay(Service& service, const ReplayOptions& options) {
  const Result<BreakAt> at = parse_break_at(options.break_at);
  if (!at) return complain(at.error(), k_exit_usage, options.json);
  const auto invalid = [&options](std::string message) {
    return complain(Error(std::string(error_names::k_invalid_input), std::move(message)),
                    k_exit_usage, options.json);
  };
  if (options.execution.empty() && options.file.empty())
    return invalid("replay takes an execution (workflow/name) or --file history.json");
  const auto history = load(options);
  if (!history) return complain(history.error(), code_of(history.error()), options.json);
  const detail::Declarations& declarations = service.declarations();
  if (declarations.find_workflow(history->workflow()) == nullptr) {
    return invalid(fmt::format("{}: service {} declares no workflow {}", history->execution_id,
                               declarations.name(), history->workflow()));
  }
  if (options.for_debugger) return run_for_debugger(declarations, *history, *at);
  const bool stops = !options.break_at.empty() && options.debugger.empty() && !options.print;
  const bool debugger = options.debugger == "gdb" || options.debugger == "lldb";
  if (!options.json && (stops || debugger)) return debug(*history, options);
  return tell(declarations, *history, options, *at);
}

}  // namespace

Verb add_replay(CLI::App& program) {
  CLI::App* app = program.add_subcommand(
      "replay",
      "Runs the code over a recorded history, without any effect: tells each event and call, or "
      "stops in a debugger");
  auto options = std::make_shared<ReplayOptions>();
  app->add_option("execution", options->execution, "workflow/name, from the data folder")
      ->type_name("EXECUTION");
  app->add_option("--run", options->run, "which run [the latest]")->type_name("N");
  app->add_option("--file", options->file, "an exported history instead of the data folder")
      ->type_name("FILE");
  app->add_option("--execution-id", options->execution_id,
                  "whose history it is, where the file does not say")
      ->type_name("EXECUTION");
  auto* data =
      app->add_option("--data", options->data, "the data folder or a backup of it [./.eventual]")
          ->type_name("FOLDER")
          ->envname("EVENTUAL_DATA");
  options->data = "./.eventual";
  data->excludes("--file");
  app->add_option("--break-at", options->break_at,
                  "stop where call CALL is made, or at #STEP, a line of the story")
      ->type_name("CALL");
  app->add_option("--debugger", options->debugger,
                  "gdb, lldb or none [with --break-at: gdb if it is installed]")
      ->check(CLI::IsMember({"gdb", "lldb", "none"}));
  app->add_option("--debugger-program", options->debugger_program, "the debugger's file")
      ->type_name("FILE");
  app->add_flag("--print", options->print, "tell the story, also with --break-at");
  app->add_flag("--full", options->full, "do not cut payloads");
  app->add_flag("--json", options->json, "only whether they agree, as JSON");
  app->add_flag("--for-debugger", options->for_debugger)->group("");
  app->footer(
      "  orders replay --file history.json               the story\n"
      "  orders replay processOrder/o-1 --break-at 2     gdb, where call 2 is made\n"
      "In the debugger: ev-next, ev-back, ev-goto CALL, ev-goto #STEP, ev-where.\n"
      "Exit code 1: code and history differ.");
  return {app, [options](Service& service) { return replay(service, *options); }};
}

}  // namespace eventual::program
