// What standard output is: a terminal with a width and colours, or a pipe.
#pragma once

#include <string>
#include <string_view>

namespace eventual::cli {

enum class Style : unsigned char { plain, bold, dim, good, bad, warn, info };

struct Terminal {
  bool is_terminal = false;
  bool colours = false;  ///< never with NO_COLOR, TERM=dumb or --no-color
  int columns = 0;       ///< 0: no limit, as in a pipe

  /// `text` in the style, where there are colours.
  std::string paint(Style style, std::string_view text) const;
};

/// Looks at a file descriptor and at the environment: NO_COLOR, TERM, COLUMNS.
Terminal look_at_terminal(int descriptor, bool no_color);

/// How a status is shown: succeeded is good, failed bad, parked a warning, …
Style style_of_status(std::string_view status);

}  // namespace eventual::cli
