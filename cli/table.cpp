#include "cli/table.hpp"

#include <algorithm>
#include <numeric>

#include "base/assert.hpp"
#include "cli/text.hpp"

namespace eventual::cli {
namespace {

constexpr std::size_t k_gap = 2;

}  // namespace

void Table::add(std::vector<Cell> cells) {
  EVENTUAL_ASSERT(cells.size() == columns_.size(), "a row has a cell for each column");
  for (Cell& cell : cells) cell.text = one_line(cell.text);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    widths.push_back(width);
  }
  if (terminal.columns == 0) return widths;
  const std::size_t room = static_cast<std::size_t>(terminal.columns);
  std::size_t total = std::accumulate(widths.begin(), widths.end(), k_gap * (widths.size() - 1));
  while (total > room) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].least_width == 0 || widths[i] <= columns_[i].least_width) continue;
      if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == columns_.size()) break;  // nothing more to give
    --widths[widest];
    --total;
  }
  return widths;
}

std::string Table::line(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths,
                        const Terminal& terminal) const {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string shown = terminal.columns == 0 ? cells[i].text : cut(cells[i].text, widths[i]);
    const std::size_t taken = display_width(shown);
    const std::string filling(widths[i] - std::min(widths[i], taken), ' ');
    const std::string painted = terminal.paint(cells[i].style, shown);
    const bool last = i + 1 == cells.size();
    if (columns_[i].right) {
      out += filling + painted;
    } else {
      out += painted;
      if (!last) out += filling;
    }
    if (!last) out.append(k_gap, ' ');
  }
  while (out.ends_with(' ')) out.pop_back();
  return out + '\n';
}

std::string Table::rows_text(const Terminal& terminal, std::vector<std::size_t> widths) const {
  std::string out;
  for (const auto& row : rows_) out += line(row, widths, terminal);
  return out;
}

std::string Table::text(const Terminal& terminal) const { return text(terminal, widths(terminal)); }

std::string Table::text(const Terminal& terminal, const std::vector<std::size_t>& fitted) const {
  std::vector<Cell> titles;
  titles.reserve(columns_.size());
  for (const Column& column : columns_) titles.emplace_back(column.title, Style::bold);
  return line(titles, fitted, terminal) + rows_text(terminal, fitted);
}

}  // namespace eventual::cli
