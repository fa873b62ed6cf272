// Executions as people name them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "cli/context.hpp"

namespace eventual::cli {

/// The positional argument of the verbs that act on an execution, with --run.
struct ExecutionArgument {
  std::string text;
  std::uint32_t run = 0;  ///< 0: the latest

  void add_to(CLI::App& app);
};

/// The execution that `argument` names: "<workflow>/<name>" exactly, or the beginning of that or of
/// a name, where only one execution begins so. Throws NotFound, or UsageError with the candidates.
/// Looks at the newest 10,000 executions at most where the text is no whole id.
ports::ExecutionRef find_execution(Context& context, const ExecutionArgument& argument);

}  // namespace eventual::cli
