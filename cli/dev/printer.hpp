// The lines of the edit-run loop: ours, and the service's with its name before them.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "cli/terminal.hpp"

namespace eventual::cli {

/// Whole lines on standard output, from any thread.
class Printer {
 public:
  explicit Printer(const Terminal& terminal) : terminal_(terminal) {}

  const Terminal& terminal() const noexcept { return terminal_; }

  /// A line of ours.
  void say(std::string_view text, Style style = Style::plain);
  /// Text as it is, line ends included.
  void show(std::string_view text);
  /// Prints the whole lines of `output` and leaves the rest in it; `all`: the rest too.
  void pass_on(std::string_view name, std::string& output, bool all);

 private:
  const Terminal& terminal_;
  std::mutex mutex_;
};

}  // namespace eventual::cli
