#include "cli/program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>

#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "host/manifest.hpp"

namespace eventual::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

void add_global_options(CLI::App& program, GlobalOptions& options) {
  program
      .add_option("--url", options.url,
                  fmt::format("address of the service [EVENTUAL_URL, {}]", k_url_default))
      ->type_name("URL");
  program.add_option("--token", options.token, "admin token of the service [EVENTUAL_ADMIN_TOKEN]")
      ->type_name("TOKEN");
  program
      .add_option("--ca-file", options.ca_file, "certificates to trust, PEM [those of the system]")
      ->type_name("FILE");
  program.add_flag("--json", options.json, "one JSON document on standard output");
  program.add_flag("--no-color", options.no_color, "no colours [NO_COLOR]");
  program.add_flag("--absolute-times", options.absolute_times,
                   "times as 2026-01-31T12:00:00.000Z also on a terminal");
}

std::size_t columns_of(const Terminal& terminal) {
  return static_cast<std::size_t>(terminal.columns);
}

/// One line, unless the terminal is narrower, and what to do next.
void complain(const Terminal& terminal, std::string_view message, std::string_view next = {}) {
  constexpr std::string_view k_title = "error:";
  const std::string text =
      wrapped(fmt::format("{} {}", k_title, one_line(message)), columns_of(terminal));
  fmt::print(stderr, "{}{}\n", terminal.paint(Style::bad, k_title), text.substr(k_title.size()));
  if (!next.empty()) fmt::print(stderr, "{}\n", wrapped(next, columns_of(terminal)));
}

std::string usage_line(const CLI::App& program, const std::string& message) {
  std::string path = "eventual";
  for (const CLI::App* app = &program; !app->get_subcommands().empty();) {
    app = app->get_subcommands().front();
    path += " " + app->get_name();
  }
  return fmt::format("{} (see {} --help)", message, path);
}

/// An unknown first word, as CLI11 would report it as an argument too many.
std::string unknown_verb(const std::string& word, const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  names.reserve(verbs.size());
  for (const Verb& verb : verbs) names.push_back(verb.app->get_name());
  const std::string meant = closest(word, names);
  return fmt::format("there is no verb \"{}\"{} (see eventual --help)", word,
                     meant.empty() ? "" : fmt::format("; did you mean {}?", meant));
}

/// The places that InvalidInput names in its details, a line each.
std::string bad_places(const ev::Error& error) {
  const auto details = ev::Json::parse(error.details_json());
  if (!details || !details->is_array()) return {};
  std::string lines;
  for (const ev::Json& one : details->as_array()) {
    const std::string place =
        one["pointer"].is_string() ? text_of(one, "pointer") : text_of(one, "parameter");
    if (details->size() == 1 && error.message().find(place) != std::string::npos) return {};
    lines += fmt::format("{}  {}: {}", lines.empty() ? "" : "\n",
                         place.empty() ? "(all of it)" : place, one_line(text_of(one, "reason")));
  }
  return lines;
}

/// What people can do about an error of the service or about its silence.
std::string next_step(const ev::Error& error, const Context& context) {
  if (error.name() == ev::error_names::k_invalid_input) return bad_places(error);
  if (client::is_unreachable(error)) {
    return fmt::format(
        "start the service, or name its address with --url or EVENTUAL_URL (tried {})",
        context.url());
  }
  if (error.name() == "Unauthorized") {
    return "give the admin token with --token or EVENTUAL_ADMIN_TOKEN";
  }
  return {};
}

ev::Json json_of(const ev::Error& error) {
  ev::Json details;
  if (auto parsed = ev::Json::parse(error.details_json()); parsed) details = std::move(*parsed);
  return ev::Json::object(
      {{"error", error.name()}, {"message", error.message()}, {"details", std::move(details)}});
}

int report(const ev::Error& error, const Context& context) {
  const auto* usage = dynamic_cast<const UsageError*>(&error);
  const bool unreachable = client::is_unreachable(error);
  if (context.json()) context.print_json(json_of(error));
  const bool named = !unreachable && usage == nullptr;
  complain(context.error_terminal(),
           named ? fmt::format("{}: {}", error.name(), error.message()) : error.message(),
           usage != nullptr ? usage->next() : next_step(error, context));
  if (usage != nullptr) return k_exit_usage;
  return unreachable ? k_exit_unreachable : k_exit_failed;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) {
  CLI::App program("Works with services made with Eventual.", "eventual");
  program.set_version_flag("--version", fmt::format("eventual {}", host::framework_version()));
  program.fallthrough();
  program.require_subcommand(0, 1);
  program.footer(
      "Each verb has its own --help with examples.\n"
      "Exit codes: 0 done, 1 the operation failed, 2 wrong usage, "
      "3 the service cannot be reached.");
  GlobalOptions options;
  add_global_options(program, options);
  const std::vector<Verb> verbs = add_all_verbs(program);

  const Terminal plain = look_at_terminal(STDERR_FILENO, true);
  const std::size_t columns = columns_of(look_at_terminal(STDOUT_FILENO, true));
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    program.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      std::ostringstream out;
      const int exit_code = program.exit(error, out, std::cerr);
      fmt::print("{}", wrapped(out.str(), columns));
      return exit_code;
    }
    const bool verb = program.get_subcommands().empty() && !program.remaining().empty() &&
                      !program.remaining().front().starts_with('-');
    const std::string message =
        verb ? unknown_verb(program.remaining().front(), verbs) : usage_line(program, error.what());
    if (std::find(arguments.begin(), arguments.end(), "--json") != arguments.end())
      fmt::print("{}\n", pretty(json_of(UsageError(message))));
    complain(plain, message);
    return k_exit_usage;
  }
  const auto asked =
      std::find_if(verbs.begin(), verbs.end(), [](const Verb& verb) { return verb.app->parsed(); });
  if (asked == verbs.end()) {
    fmt::print("{}", wrapped(program.help(), columns));
    return k_exit_usage;
  }
  if (options.url.empty()) options.url = environment("EVENTUAL_URL");
  if (options.url.empty()) options.url = k_url_default;
  if (options.token.empty()) options.token = environment("EVENTUAL_ADMIN_TOKEN");
  Context context(std::move(options));
  try {
    const int code = asked->run(context);
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    throw ev::Error(std::string(ev::error_names::k_unavailable),
                    "standard output cannot be written: what is there is not all of it");
  } catch (const ev::Error& error) {
    return report(error, context);
  } catch (const std::exception& error) {
    return report(ev::Error(std::string(ev::error_names::k_internal), error.what()), context);
  }
}

}  // namespace eventual::cli
