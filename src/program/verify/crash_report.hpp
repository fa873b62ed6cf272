// Code that crashes while it is replayed takes the program with it: this says whose history it was.
#pragma once

#include <string_view>

namespace eventual::program {

/// From now on a fatal signal of a thread within a Replaying first writes a line that names the
/// execution to standard error. The process still ends by the signal.
void report_crashes();

/// Says which execution this thread replays while it lives. `execution_id` must outlive it.
class Replaying {
 public:
  explicit Replaying(std::string_view execution_id) noexcept;
  ~Replaying();
  Replaying(const Replaying&) = delete;
  Replaying& operator=(const Replaying&) = delete;
};

}  // namespace eventual::program
