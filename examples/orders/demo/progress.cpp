#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace demo {

Progress::Progress() : terminal_(::isatty(STDOUT_FILENO) == 1) {}

Progress::~Progress() {
  if (terminal_ && !shown_.empty()) fmt::print("\n");
}

void Progress::show(const std::string& line) {
  const auto now = std::chrono::steady_clock::now();
  if (line == shown_ || (!terminal_ && now < next_)) return;
  next_ = now + std::chrono::seconds(1);
  if (terminal_) {
    fmt::print("\r\033[K{}", line);
  } else {
    fmt::print("{}\n", line);
  }
  shown_ = line;
  std::fflush(stdout);
}

}  // namespace demo
