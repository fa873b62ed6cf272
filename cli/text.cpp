#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace eventual::cli {
namespace {

void append_pretty(std::string& out, const eventual::Json& json, std::size_t width,
                   std::size_t indent, std::size_t taken) {
  const std::string line = json.dump();
  const bool nested = (json.is_array() || json.is_object()) && json.size() > 0;
  if (!nested) {
    out += line;
    return;
  }
  // Spaces after separators are added below, so the line on its own is a little longer.
  std::string spaced;
  const bool array = json.is_array();
  spaced += array ? '[' : '{';
  bool first = true;
  const auto add_spaced = [&](std::string_view name, const eventual::Json& value) {
    if (!std::exchange(first, false)) spaced += ", ";
    if (!array) spaced += eventual::Json(name).dump() + ": ";
    append_pretty(spaced, value, std::string::npos, 0, 0);
  };
  if (array) {
    for (const eventual::Json& item : json.as_array()) add_spaced({}, item);
  } else {
    for (const auto& [name, value] : json.as_object()) add_spaced(name, value);
  }
  spaced += array ? ']' : '}';
  if (width == std::string::npos || taken + display_width(spaced) <= width) {
    out += spaced;
    return;
  }
  const std::string margin(indent + 2, ' ');
  out += array ? "[\n" : "{\n";
  first = true;
  const auto add_line = [&](std::string_view name, const eventual::Json& value) {
    if (!std::exchange(first, false)) out += ",\n";
    std::string head = margin;
    if (!array) head += eventual::Json(name).dump() + ": ";
    out += head;
    append_pretty(out, value, width, indent + 2, display_width(head) + 1);
  };
  if (array) {
    for (const eventual::Json& item : json.as_array()) add_line({}, item);
  } else {
    for (const auto& [name, value] : json.as_object()) add_line(name, value);
  }
  out += '\n' + std::string(indent, ' ');
  out += array ? ']' : '}';
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (left[i] == right[j] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string pad_right(std::string_view text, std::size_t width) {
  std::string padded(text);
  const std::size_t taken = display_width(text);
  if (taken < width) padded.append(width - taken, ' ');
  return padded;
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return taken < width ? std::string(width - taken, ' ') + std::string(text) : std::string(text);
}

std::string pretty(const eventual::Json& json, std::size_t width, std::size_t indent) {
  std::string out;
  append_pretty(out, json, width, indent, indent);
  return out;
}

std::string brief(const eventual::Json& json, std::size_t width) {
  return cut(one_line(json.is_string() ? json.as_string() : pretty(json, std::string::npos)),
             width);
}

std::string text_of(const eventual::Json& object, std::string_view member) {
  const eventual::Json& value = object[member];
  if (value.is_null()) return {};
  return value.is_string() ? value.as_string() : value.dump();
}

std::string counted(std::size_t count, std::string_view singular, std::string_view plural) {
  if (count == 1) return fmt::format("1 {}", singular);
  return plural.empty() ? fmt::format("{} {}s", count, singular)
                        : fmt::format("{} {}", count, plural);
}

std::string closest(std::string_view text, const std::vector<std::string>& words) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string& word : words) {
    const bool begins = text.size() >= 2 && word.starts_with(text);
    const std::size_t distance = begins ? 1 : edit_distance(text, word);
    if (distance < least) {
      least = distance;
      best = word;
    }
  }
  return best;
}

}  // namespace eventual::cli
