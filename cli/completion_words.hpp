// What may be written next on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace eventual::cli {

/// Names that only the service knows: of "execution", "workflow", "command" or "schedule".
using NamesOf = std::function<std::vector<std::string>(const std::string& kind)>;

/// Candidates for the last of `words`, which may be empty; the words before it are whole. Asks
/// `names_of` only where a name is wanted.
std::vector<std::string> completion_words(const CLI::App& program,
                                          const std::vector<std::string>& words,
                                          const NamesOf& names_of);

}  // namespace eventual::cli
