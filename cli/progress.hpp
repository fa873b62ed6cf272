// One line on standard error that tells how long work goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/context.hpp"

namespace eventual::cli {

/// Shown on a terminal only, and never with --json. Erased at the end.
class Progress {
 public:
  Progress(const Context& context, std::string what);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool shown() const noexcept { return shown_; }
  /// Draws it again, with what there is to say; at most ten times a second.
  void tick(std::string_view state);
  /// The same with a bar, of `total` done; a total of 0 is not known.
  void tick(std::uint64_t done, std::uint64_t total);
  void finish();

 private:
  void draw(std::string_view text, bool last);

  std::string what_;
  bool shown_;
  bool drawn_ = false;
  std::size_t columns_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_at_{};
};

}  // namespace eventual::cli
