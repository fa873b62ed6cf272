// Aligned columns that fit the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace eventual::cli {

struct Cell {
  std::string text;
  Style style = Style::plain;

  Cell(std::string shown, Style how = Style::plain)  // NOLINT: text converts on purpose
      : text(std::move(shown)), style(how) {}
  Cell(const char* shown) : text(shown) {}  // NOLINT: likewise
};

/// Rows under titles, two spaces between columns. On a terminal too wide tables have their widest
/// columns cut; in a pipe nothing is cut.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;           ///< numbers
    std::size_t least_width = 8;  ///< it is not cut below; 0: it is never cut
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as columns. Control characters are taken out.
  void add(std::vector<Cell> cells);
  bool empty() const noexcept { return rows_.empty(); }

  /// All of it, with the titles; every line ends with a line feed.
  std::string text(const Terminal& terminal) const;
  std::string text(const Terminal& terminal, const std::vector<std::size_t>& widths) const;
  /// The same without titles, for rows that come later. On a terminal what is wider than `widths`
  /// is cut; in a pipe it is whole, and moves the rest of its own row alone.
  std::string rows_text(const Terminal& terminal, std::vector<std::size_t> widths) const;
  std::vector<std::size_t> widths(const Terminal& terminal) const;

 private:
  std::string line(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths,
                   const Terminal& terminal) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace eventual::cli
