// The command as a whole: parses, runs the verb, prints what went wrong.
#pragma once

#include <string>
#include <vector>

namespace eventual::cli {

/// Runs the command with the arguments that follow its name; gives the exit code.
int run_program(const std::vector<std::string>& arguments);

}  // namespace eventual::cli
