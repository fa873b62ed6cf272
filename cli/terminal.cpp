#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

namespace eventual::cli {
namespace {

constexpr int k_columns_default = 80;
constexpr int k_columns_min = 20;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

int columns_of(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col < k_columns_min ? k_columns_min : size.ws_col;
  }
  const std::string_view text = environment("COLUMNS");
  int columns = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), columns);
  return code == std::errc() && columns >= k_columns_min ? columns : k_columns_default;
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
  terminal.is_terminal = ::isatty(descriptor) == 1;
  if (!terminal.is_terminal) return terminal;
  terminal.columns = columns_of(descriptor);
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
