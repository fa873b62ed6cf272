// The program that a service is: finds the verb, checks the declarations, runs.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "host/manifest.hpp"
#include "host/routes.hpp"
#include "program/terminal_text.hpp"
#include "program/verbs.hpp"

namespace eventual::program {

int complain(std::string_view message, int code) {
  fmt::print(stderr, "{}\n", wrapped(message, terminal_columns(STDERR_FILENO)));
  return code;
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
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err) == 0 ? program::k_exit_done : program::k_exit_usage;
    fmt::print("{}", program::wrapped(out.str(), program::terminal_columns(STDOUT_FILENO)));
    fmt::print(stderr, "{}", program::wrapped(err.str(), program::terminal_columns(STDERR_FILENO)));
    return code;
  }
  const program::Verb* asked = &verbs.front();
  for (const program::Verb& verb : verbs) {
    if (verb.app->parsed()) asked = &verb;
  }
  if (asked->defects_matter && !program::report_defects(declarations_)) {
    return program::k_exit_usage;
  }
  return asked->run(*this);
}

}  // namespace eventual
