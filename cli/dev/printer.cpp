#include "cli/dev/printer.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/text.hpp"

namespace eventual::cli {

void Printer::say(std::string_view text, Style style) {
  constexpr std::string_view k_name = "dev:";
  const std::string lines =
      wrapped_behind(k_name.size() + 1, text, static_cast<std::size_t>(terminal_.columns));
  show(fmt::format("{} {}\n", terminal_.paint(Style::info, k_name), terminal_.paint(style, lines)));
}

void Printer::show(std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Printer::pass_on(std::string_view name, std::string& output, bool all) {
  const std::string prefix = terminal_.paint(Style::dim, fmt::format("{} |", name));
  std::string text;
  std::size_t at = 0;
  for (std::size_t end = output.find('\n'); end != std::string::npos; end = output.find('\n', at)) {
    text += fmt::format("{} {}\n", prefix, std::string_view(output).substr(at, end - at));
    at = end + 1;
  }
  output.erase(0, at);
  if (all && !output.empty()) {
    text += fmt::format("{} {}\n", prefix, output);
    output.clear();
  }
  if (!text.empty()) show(text);
}

}  // namespace eventual::cli
