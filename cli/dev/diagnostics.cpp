#include "cli/dev/diagnostics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "cli/text.hpp"

namespace eventual::cli {
namespace {

constexpr std::size_t k_log_lines_shown = 15;
constexpr std::size_t k_excerpt_lines_max = 3;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// "file:12:5: error: what" in its parts.
struct Headline {
  std::string_view file;
  std::size_t line = 0;
  std::size_t column = 0;
  std::string_view severity;
  std::string_view message;
};

std::optional<std::size_t> take_number(std::string_view& text) {
  std::size_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end == text.data() + text.size() || *end != ':') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return value;
}

std::optional<Headline> read_headline(std::string_view text) {
  for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
    std::string_view rest = text.substr(at + 1);
    const auto line = take_number(rest);
    if (!line) continue;
    const auto column = take_number(rest);
    if (!column) continue;
    for (const std::string_view severity : {"error", "fatal error", "warning", "note"}) {
      const std::string mark = fmt::format(" {}: ", severity);
      if (rest.starts_with(mark))
        return Headline{text.substr(0, at), *line, *column, severity, rest.substr(mark.size())};
    }
  }
  return std::nullopt;
}

/// " 12 |   code" or "    |   ^"
bool is_excerpt(std::string_view line) {
  const std::size_t bar = line.find('|');
  return bar != std::string_view::npos && bar > 0 &&
         std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(bar),
                     [](char c) { return c == ' ' || (c >= '0' && c <= '9'); });
}

class Reader {
 public:
  Reader(std::string_view log, std::string_view project)
      : lines_(lines_of(log)), project_(project) {}

  std::vector<Diagnostic> read() {
    while (at_ < lines_.size()) {
      const std::string_view line = lines_[at_++];
      if (const auto headline = read_headline(line)) {
        take(*headline);
      } else if (line.starts_with("CMake Error")) {
        take_cmake_error(line);
      } else {
        take_linker_error(line);
      }
    }
    std::vector<Diagnostic> sorted;
    for (const bool warnings : {false, true}) {
      for (Diagnostic& each : found_) {
        if ((each.kind == Diagnostic::Kind::warning) == warnings) sorted.push_back(std::move(each));
      }
    }
    return sorted;
  }

 private:
  std::vector<std::string> take_excerpt() {
    std::vector<std::string> excerpt;
    for (; at_ < lines_.size() && is_excerpt(lines_[at_]); ++at_) {
      if (excerpt.size() < k_excerpt_lines_max) excerpt.emplace_back(lines_[at_]);
    }
    return excerpt;
  }

  bool in_project(std::string_view file) const {
    return !file.starts_with('/') || relative(file).size() < file.size();
  }

  std::string relative(std::string_view file) const {
    while (file.starts_with("../")) file.remove_prefix(3);  // as seen from the build folder
    if (file.size() > project_.size() && file.starts_with(project_) &&
        file[project_.size()] == '/') {
      return std::string(file.substr(project_.size() + 1));
    }
    return std::string(file);
  }

  void take(const Headline& headline) {
    std::vector<std::string> excerpt = take_excerpt();
    if (headline.severity == "note") {
      // The innermost place in the project counts.
      if (!noted_ || !in_project(headline.file) || found_.empty()) return;
      found_.back().asked_by =
          fmt::format("{}:{}:{}", relative(headline.file), headline.line, headline.column);
      found_.back().asked_by_excerpt = std::move(excerpt);
      noted_ = false;
      return;
    }
    const bool warning = headline.severity == "warning";
    Diagnostic diagnostic{warning ? Diagnostic::Kind::warning : Diagnostic::Kind::error,
                          relative(headline.file),
                          headline.line,
                          headline.column,
                          std::string(headline.message),
                          std::move(excerpt),
                          {},
                          {}};
    const bool elsewhere = !in_project(headline.file);
    noted_ = add(std::move(diagnostic)) && elsewhere;
  }

  void take_linker_error(std::string_view line) {
    const std::size_t mark = line.find(": error: ");
    if (mark == std::string_view::npos || line.substr(0, mark).find("ld") == std::string_view::npos)
      return;
    Diagnostic diagnostic;
    diagnostic.kind = Diagnostic::Kind::link;
    diagnostic.message = line.substr(mark + 9);
    // ">>> referenced by main.cpp:5 (/…/main.cpp:5)"
    for (; at_ < lines_.size() && lines_[at_].starts_with(">>> "); ++at_) {
      if (diagnostic.excerpt.size() < k_excerpt_lines_max)
        diagnostic.excerpt.emplace_back(lines_[at_].substr(4));
    }
    noted_ = false;
    add(std::move(diagnostic));
  }

  /// "CMake Error at CMakeLists.txt:7 (find_package):", then indented lines.
  void take_cmake_error(std::string_view line) {
    Diagnostic diagnostic;
    const std::size_t at = line.find(" at ");
    if (at != std::string_view::npos) {
      const std::string_view place = line.substr(at + 4);
      const std::size_t colon = place.find(':');
      diagnostic.file = relative(place.substr(0, colon));
      if (colon != std::string_view::npos) {
        const std::string_view number = place.substr(colon + 1);
        std::from_chars(number.data(), number.data() + number.size(), diagnostic.line);
      }
    }
    for (; at_ < lines_.size() && (lines_[at_].empty() || lines_[at_].starts_with("  ")); ++at_) {
      if (lines_[at_].empty()) {
        if (diagnostic.message.empty()) continue;
        break;
      }
      const std::string_view text = lines_[at_].substr(lines_[at_].find_first_not_of(' '));
      if (!diagnostic.message.empty()) diagnostic.message += ' ';
      diagnostic.message += text;
    }
    if (diagnostic.message.empty()) diagnostic.message = line;
    noted_ = false;
    add(std::move(diagnostic));
  }

  /// A header's error comes from each file that includes it.
  bool add(Diagnostic diagnostic) {
    if (!known_.emplace(diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.message)
             .second) {
      return false;
    }
    found_.push_back(std::move(diagnostic));
    return true;
  }

  std::vector<std::string_view> lines_;
  std::string_view project_;
  std::size_t at_ = 0;
  std::vector<Diagnostic> found_;
  std::set<std::tuple<std::string, std::size_t, std::size_t, std::string>> known_;
  bool noted_ = false;  // notes that follow belong to the last one found
};

std::string place_of(const Diagnostic& diagnostic) {
  if (diagnostic.file.empty()) return {};
  std::string place = diagnostic.file;
  if (diagnostic.line > 0) place += fmt::format(":{}", diagnostic.line);
  if (diagnostic.column > 0) place += fmt::format(":{}", diagnostic.column);
  return place;
}

std::string headline_of(const Diagnostic& diagnostic, const Terminal& terminal) {
  const bool warning = diagnostic.kind == Diagnostic::Kind::warning;
  const std::string place = place_of(diagnostic);
  return fmt::format(
      "{}{}{} {}\n", terminal.paint(Style::bold, place), place.empty() ? "" : ": ",
      warning ? terminal.paint(Style::warn, "warning:") : terminal.paint(Style::bad, "error:"),
      terminal.paint(Style::bold, diagnostic.message));
}

std::string excerpt_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string last_lines(std::string_view log) {
  const std::vector<std::string_view> lines = lines_of(log);
  std::string text;
  for (std::size_t i = lines.size() - std::min(lines.size(), k_log_lines_shown); i < lines.size();
       ++i) {
    text += fmt::format("{}\n", lines[i]);
  }
  return text;
}

}  // namespace

std::vector<Diagnostic> read_diagnostics(std::string_view log, std::string_view project) {
  return Reader(log, project).read();
}

std::string show_failure(std::string_view log, std::string_view project, const Terminal& terminal,
                         std::string_view log_file) {
  std::vector<Diagnostic> errors = read_diagnostics(log, project);
  std::erase_if(errors,
                [](const Diagnostic& each) { return each.kind == Diagnostic::Kind::warning; });
  std::string text;
  if (errors.empty()) text = last_lines(log);
  for (std::size_t i = 0; i < std::min(errors.size(), k_errors_shown_max); ++i) {
    const Diagnostic& error = errors[i];
    text += headline_of(error, terminal);
    if (i == 0 || error.asked_by.empty()) text += excerpt_of(error.excerpt);
    if (!error.asked_by.empty()) {
      text += fmt::format("{} {}\n", terminal.paint(Style::dim, "asked for by"),
                          terminal.paint(Style::bold, error.asked_by));
      text += excerpt_of(error.asked_by_excerpt);
    }
  }
  if (errors.size() > k_errors_shown_max) {
    text += fmt::format("and {}\n", counted(errors.size() - k_errors_shown_max, "more error"));
  }
  text += terminal.paint(Style::dim,
                         wrapped(fmt::format("the whole log: {} (l and Enter shows it)", log_file),
                                 static_cast<std::size_t>(terminal.columns))) +
          "\n";
  return text;
}

std::string show_warnings(std::string_view log, std::string_view project,
                          const Terminal& terminal) {
  std::string text;
  std::size_t count = 0;
  for (const Diagnostic& each : read_diagnostics(log, project)) {
    if (each.kind != Diagnostic::Kind::warning) continue;
    if (++count <= k_errors_shown_max)
      text += headline_of(each, terminal) + excerpt_of(each.excerpt);
  }
  if (count > k_errors_shown_max)
    text += fmt::format("and {}\n", counted(count - k_errors_shown_max, "more warning"));
  return text;
}

}  // namespace eventual::cli
