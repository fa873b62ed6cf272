#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/text.hpp"
#include "cli/times.hpp"

namespace eventual::cli {
namespace {

constexpr auto k_redraw_interval = std::chrono::milliseconds(100);
constexpr std::size_t k_bar_columns = 24;

}  // namespace

Progress::Progress(const Context& context, std::string what)
    : what_(std::move(what)),
      shown_(context.error_terminal().is_terminal && !context.json()),
      columns_(static_cast<std::size_t>(std::max(context.error_terminal().columns, 20))) {}

void Progress::tick(std::string_view state) {
  const auto passed =
      std::chrono::duration_cast<ev::Duration>(std::chrono::steady_clock::now() - began_);
  draw(fmt::format("{} · {} · {}", what_, state, show_duration(passed)), false);
}

void Progress::tick(std::uint64_t done, std::uint64_t total) {
  const bool last = total > 0 && done >= total;
  if (total == 0) return draw(fmt::format("{} · {}", what_, done), last);
  const std::uint64_t part = std::min(done, total) * k_bar_columns / total;
  std::string bar;
  for (std::size_t i = 0; i < k_bar_columns; ++i) bar += i < part ? "█" : "░";
  draw(fmt::format("{} {} {}/{}", what_, bar, done, total), last);
}

void Progress::draw(std::string_view text, bool last) {
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || (!last && drawn_ && now - drawn_at_ < k_redraw_interval)) return;
  fmt::print(stderr, "\r\x1b[K{}", cut(text, columns_ - 1));
  std::fflush(stderr);
  drawn_ = true;
  drawn_at_ = now;
}

void Progress::finish() {
  if (drawn_) {
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
  }
  drawn_ = false;
}

}  // namespace eventual::cli
