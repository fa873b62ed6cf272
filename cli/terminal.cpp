#include "cli/terminal.hpp"

#include <cstdlib>

#include "program/terminal_text.hpp"

namespace eventual::cli {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::bold:
      return "1";
    case Style::dim:
      return "2";
    case Style::good:
      return "32";
    case Style::bad:
      return "31";
    case Style::warn:
      return "33";
    case Style::info:
      return "36";
    case Style::plain:
      break;
  }
  return {};
}

}  // namespace

std::string Terminal::paint(Style style, std::string_view text) const {
  const std::string_view code = code_of(style);
  if (!colours || code.empty() || text.empty()) return std::string(text);
  std::string painted = "\x1b[";
  painted += code;
  painted += 'm';
  painted += text;
  painted += "\x1b[0m";
  return painted;
}

Terminal look_at_terminal(int descriptor, bool no_color) {
  Terminal terminal;
  terminal.columns = static_cast<int>(program::terminal_columns(descriptor));
  terminal.is_terminal = terminal.columns > 0;
  if (!terminal.is_terminal) return terminal;
  terminal.colours = !no_color && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  return terminal;
}

Style style_of_status(std::string_view status) {
  if (status == "succeeded" || status == "active" || status == "ok") return Style::good;
  if (status == "failed" || status == "timed_out" || status == "terminated" || status == "fail") {
    return Style::bad;
  }
  if (status == "parked" || status == "paused" || status == "warn") return Style::warn;
  if (status == "running") return Style::info;
  return Style::dim;
}

}  // namespace eventual::cli
