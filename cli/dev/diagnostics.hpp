// What a compiler, a linker or CMake complains about, for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.hpp"

namespace eventual::cli {

/// How many errors are shown of one build; the rest is counted.
inline constexpr std::size_t k_errors_shown_max = 5;

struct Diagnostic {
  enum class Kind { error, warning, link };
  Kind kind = Kind::error;
  std::string file;  ///< empty where the complaint has no place
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;
  std::vector<std::string> excerpt;  ///< the source line, and a line that points into it
  std::string asked_by;  ///< where the project asks for what fails in a header: "service.hpp:12:3"
  std::vector<std::string> asked_by_excerpt;
};

/// Reads what the build printed: each complaint once, errors before warnings, in the order in which
/// they came. Paths below `project` become relative to it. Notes are dropped, but for the place in
/// the project that led to an error in a header of others.
std::vector<Diagnostic> read_diagnostics(std::string_view log, std::string_view project);

/// The first error with its source line, the next ones shorter, and how many more there are. Of a
/// failed build without any that we know, the last lines of the log. `log_file` is named for the
/// rest.
std::string show_failure(std::string_view log, std::string_view project, const Terminal& terminal,
                         std::string_view log_file);

/// The warnings of a build that succeeded, a line each; empty when there are none.
std::string show_warnings(std::string_view log, std::string_view project, const Terminal& terminal);

}  // namespace eventual::cli
