// One line that says where the demo is: rewritten in place on a terminal, a line a second
// elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace demo {

class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& line);

 private:
  bool terminal_;
  std::string shown_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace demo
