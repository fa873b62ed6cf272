// What the program of a service can do: one file a verb.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/service.hpp"
#include "host/config.hpp"

namespace eventual::program {

inline constexpr int k_exit_done = 0;
inline constexpr int k_exit_failed = 1;
inline constexpr int k_exit_usage = 2;
inline constexpr int k_exit_unreachable = 3;

/// Prints a line to standard error; gives `code` back.
int complain(std::string_view message, int code);
/// The same of an error; where JSON was asked for, also {"error", "message", "details"} on standard
/// output.
int complain(const Error& error, int code, bool json);
/// Writes lines to standard output. In a terminal none is wider than it.
void print_lines(std::string_view text);

/// A verb that was added to a program: its part of the command line, and what it does when asked
/// for. `run` gives the exit code.
struct Verb {
  CLI::App* app;
  std::function<int(Service&)> run;
  bool defects_matter = true;  ///< false: it runs also with declarations that have defects
};

Verb add_serve(CLI::App& program);
/// `name` is that of the program, as its caller wrote it.
Verb add_sim(CLI::App& program, std::string name);
Verb add_manifest(CLI::App& program);
Verb add_openapi(CLI::App& program);
Verb add_version(CLI::App& program);
Verb add_replay(CLI::App& program);
Verb add_verify(CLI::App& program);

/// The settings of a node as options of a verb: flags, then EVENTUAL_* variables, then a file.
class Settings {
 public:
  void add_to(CLI::App& app);
  Result<host::Config> load() const;

 private:
  host::ConfigSources sources_;
  std::string config_file_;
};

}  // namespace eventual::program
