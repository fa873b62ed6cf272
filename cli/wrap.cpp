#include "cli/wrap.hpp"

#include <algorithm>

#include "cli/text.hpp"

namespace eventual::cli {
namespace {

constexpr std::size_t k_indent = 2;

/// Where what goes on begins: under the description, unless that leaves it less than half.
std::size_t hang_of(std::string_view line, std::size_t columns) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t gap = line.find("  ", begin);
  if (gap != std::string_view::npos) {
    const std::size_t second = line.find_first_not_of(' ', gap);
    if (second != std::string_view::npos && second <= columns / 2) return second;
  }
  return begin == 0 ? 0 : std::min(begin, columns / 2) + k_indent;
}

/// The next piece that is not broken: with the spaces before it, up to a comma or before a space.
std::string_view next_piece(std::string_view rest) {
  const std::size_t word = std::min(rest.find_first_not_of(' '), rest.size());
  const std::size_t end = rest.find_first_of(" ,", word);
  if (end == std::string_view::npos) return rest;
  return rest.substr(0, rest[end] == ',' ? end + 1 : end);
}

void append_line(std::string& out, std::string_view line, std::size_t columns) {
  if (display_width(line) <= columns) {
    out += line;
    return;
  }
  const std::string hang(hang_of(line, columns), ' ');
  std::string current;
  bool empty = true;  // but for its indent
  while (!line.empty()) {
    const std::string_view piece = next_piece(line);
    line.remove_prefix(piece.size());
    if (!empty && display_width(current) + display_width(piece) > columns) {
      out += current + '\n';
      const std::size_t word = std::min(piece.find_first_not_of(' '), piece.size());
      current = hang + std::string(piece.substr(word));
    } else {
      current += piece;
    }
    empty = false;
  }
  out += current;
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t columns) {
  if (columns == 0) return std::string(text);
  std::string out;
  for (;;) {
    const std::size_t end = text.find('\n');
    append_line(out, text.substr(0, end), columns);
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace eventual::cli
