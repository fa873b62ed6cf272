// The program that a service is: finds the verb, checks the declarations, runs.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "eventual/json.hpp"
#include "host/manifest.hpp"
#include "host/routes.hpp"
#include "program/terminal_text.hpp"
#include "program/verbs.hpp"

namespace eventual::program {

using namespace std::string_view_literals;

int complain(std::string_view message, int code) {
  fmt::print(stderr, "{}\n", wrapped(message, terminal_columns(STDERR_FILENO)));
  return code;
}

int complain(const Error& error, int code, bool json) {
  if (json) {
    auto details = Json::parse(error.details_json());
    fmt::print("{}\n", Json::object({{"error", error.name()},
                                     {"message", error.message()},
                                     {"details", details ? std::move(*details) : Json()}})
                           .dump());
  }
  return complain(error.message(), code);
}

void print_lines(std::string_view text) {
  fmt::print("{}\n", wrapped(text, terminal_columns(STDOUT_FILENO)));
}

void Settings::add_to(CLI::App& app) {
  app.add_option("--config", config_file_, "settings file [eventual.toml, if there is one]")
      ->type_name("FILE");
  for (const host::Setting& setting : host::settings()) {
    app.add_option_function<std::string>(
           host::flag_of(setting),
           [this, key = std::string(setting.key)](const std::string& text) {
             sources_.flags[key] = text;
           },
           std::string(setting.help))
        ->type_name(std::string(setting.value));
  }
}

Result<host::Config> Settings::load() const {
  host::ConfigSources sources = sources_;
  if (!config_file_.empty()) sources.file = config_file_;
  sources.environment = [](const std::string& variable) -> std::optional<std::string> {
    const char* value = std::getenv(variable.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return host::load_config(sources);
}

Verb add_manifest(CLI::App& program) {
  CLI::App* app = program.add_subcommand("manifest", "Prints what the service declares, as JSON");
  return {app, [](Service& service) {
            fmt::print("{}\n", host::manifest(service.declarations(), service.options()).dump());
            return k_exit_done;
          }};
}

Verb add_version(CLI::App& program) {
  CLI::App* app =
      program.add_subcommand("version", "Prints the versions of the service and of Eventual");
  return {app,
          [](Service& service) {
            fmt::print("{} {} (eventual {})\n", service.name(), service.options().version,
                       host::framework_version());
            return k_exit_done;
          },
          false};
}

namespace {

std::vector<detail::Defect> defects_of(const detail::Declarations& declarations) {
  std::vector<detail::Defect> defects = declarations.defects();
  for (detail::Defect& conflict : host::route_conflicts(declarations)) {
    defects.push_back(std::move(conflict));
  }
  return defects;
}

/// One line that says where help is. Also as JSON, where that was asked for.
int complain_of_arguments(const CLI::App& program, const CLI::ParseError& error, int argc,
                          char** argv) {
  std::string path = program.get_name();
  for (const CLI::App* app = &program; !app->get_subcommands().empty();) {
    app = app->get_subcommands().front();
    path += " " + app->get_name();
  }
  const bool json =
      std::any_of(argv, argv + argc, [](const char* word) { return "--json"sv == word; });
  return complain(Error(std::string(error_names::k_invalid_input),
                        fmt::format("{} (see {} --help)", error.what(), path)),
                  k_exit_usage, json);
}

bool report_defects(const detail::Declarations& declarations) {
  const std::vector<detail::Defect> defects = defects_of(declarations);
  for (const detail::Defect& defect : defects) {
    if (defect.location.line() == 0) {
      complain(defect.message, 0);
    } else {
      complain(fmt::format("{}:{}: {}", defect.location.file_name(), defect.location.line(),
                           defect.message),
               0);
    }
  }
  return defects.empty();
}

}  // namespace
}  // namespace eventual::program

namespace eventual {

int Service::run(int argc, char** argv) {
  CLI::App app(options_.description.empty() ? "The service " + name() : options_.description,
               name());
  app.require_subcommand(0, 1);
  app.footer(
      "Settings come from eventual.toml, then from EVENTUAL_* variables (EVENTUAL_LISTEN, …), then "
      "from flags.");
  const std::vector<program::Verb> verbs{
      program::add_serve(app),    program::add_sim(app, argc > 0 ? argv[0] : name()),
      program::add_manifest(app), program::add_openapi(app),
      program::add_version(app),  program::add_replay(app),
      program::add_verify(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return program::complain_of_arguments(app, error, argc, argv);
    std::ostringstream out;
    app.exit(error, out);
    fmt::print("{}", program::wrapped(out.str(), program::terminal_columns(STDOUT_FILENO)));
    return program::k_exit_done;
  }
  const program::Verb* asked = &verbs.front();
  for (const program::Verb& verb : verbs) {
    if (verb.app->parsed()) asked = &verb;
  }
  if (asked->defects_matter && !program::report_defects(declarations_)) {
    return program::k_exit_usage;
  }
  const int code = asked->run(*this);
  const bool serves = asked == &verbs.front();  // nobody reads what it said any more
  if (serves || (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)) return code;
  return program::complain("standard output cannot be written: what is there is not all of it",
                           program::k_exit_failed);
}

}  // namespace eventual
