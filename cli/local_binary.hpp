// The service's program on this machine, for the verbs that run its code.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/context.hpp"

namespace eventual::cli {

/// The option --binary.
struct BinaryArgument {
  std::string file;

  void add_to(CLI::App& app);
};

/// Runs the program with `arguments` in place of this process; the admin token of the context is in
/// its environment. Does not return. Throws UsageError when it cannot be
/// run, or is no program of a service.
[[noreturn]] void become(const Context& context, const BinaryArgument& binary,
                         const std::vector<std::string>& arguments);

/// The same, but waits for its end and gives its exit code.
int run(const Context& context, const BinaryArgument& binary,
        const std::vector<std::string>& arguments);

}  // namespace eventual::cli
