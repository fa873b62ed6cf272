#include "program/terminal_text.hpp"

#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace eventual::program {
namespace {

/// The rules for UTF-8, whatever the user's language is set to.
class Utf8Locale {
 public:
  Utf8Locale() : before_(::uselocale(locale())) {}
  ~Utf8Locale() { ::uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t locale() {
    static const locale_t made = [] {
      const locale_t wanted = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
      return wanted != nullptr ? wanted : LC_GLOBAL_LOCALE;
    }();
    return made;
  }
  locale_t before_;
};

struct Glyph {
  std::size_t bytes = 1;
  std::size_t columns = 1;
  bool control = false;
};

/// The character at the start of `text`, which is not empty. Under Utf8Locale.
Glyph first_glyph(std::string_view text) {
  mbstate_t state{};
  wchar_t character = 0;
  const std::size_t bytes = ::mbrtowc(&character, text.data(), text.size(), &state);
  if (bytes == 0) return {1, 0, true};
  if (bytes > text.size()) return {1, 1, static_cast<unsigned char>(text[0]) < ' '};
  const int columns = ::wcwidth(character);
  return {bytes, columns < 0 ? 0 : static_cast<std::size_t>(columns), columns < 0};
}

constexpr std::size_t k_indent = 2;
constexpr int k_columns_default = 80;
constexpr int k_columns_min = 20;

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

/// The line in pieces, the first of which has `used` columns before it.
void append_pieces(std::string& out, std::string_view line, std::size_t used, std::size_t hang,
                   std::size_t columns) {
  const std::string margin(hang, ' ');
  std::string current;
  std::size_t width = used;
  for (bool empty = true; !line.empty(); empty = false) {
    const std::string_view piece = next_piece(line);
    line.remove_prefix(piece.size());
    if (!empty && width + display_width(piece) > columns) {
      out += current + '\n';
      const std::size_t word = std::min(piece.find_first_not_of(' '), piece.size());
      const std::string_view text = piece.substr(word);
      // Where it does not fit behind the margin, it may without.
      const bool narrow = hang + display_width(text) > columns && hang > k_indent;
      current = (narrow ? std::string(k_indent, ' ') : margin) + std::string(text);
      width = display_width(current);
    } else {
      current += piece;
      width += display_width(piece);
    }
  }
  out += current;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  const Utf8Locale locale;
  std::size_t width = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    width += glyph.columns;
    text.remove_prefix(glyph.bytes);
  }
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  const Utf8Locale locale;
  std::string kept;
  std::size_t taken = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (taken + glyph.columns > width - 1) break;
    kept += text.substr(0, glyph.bytes);
    taken += glyph.columns;
    text.remove_prefix(glyph.bytes);
  }
  return kept + "…";
}

std::string one_line(std::string_view text) {
  const Utf8Locale locale;
  std::string line;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (!glyph.control) {
      line += text.substr(0, glyph.bytes);
    } else {
      line += text[0] == '\n' || text[0] == '\t' || text[0] == '\r' ? ' ' : '?';
    }
    text.remove_prefix(glyph.bytes);
  }
  return line;
}

std::size_t terminal_columns(int descriptor) {
  if (::isatty(descriptor) != 1) return 0;
  winsize size{};
  int columns = 0;
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    columns = size.ws_col;
  } else if (const char* said = std::getenv("COLUMNS"); said != nullptr) {
    const std::string_view text = said;
    std::from_chars(text.data(), text.data() + text.size(), columns);
  }
  return static_cast<std::size_t>(columns <= 0 ? k_columns_default
                                               : std::max(columns, k_columns_min));
}

std::string wrapped(std::string_view text, std::size_t columns) {
  if (columns == 0) return std::string(text);
  std::string out;
  for (;;) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    append_pieces(out, line, 0, hang_of(line, columns), columns);
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

std::string wrapped_behind(std::size_t used, std::string_view line, std::size_t columns) {
  if (columns == 0) return std::string(line);
  std::string out;
  append_pieces(out, line, used, used <= columns / 2 ? used : k_indent, columns);
  return out;
}

}  // namespace eventual::program
