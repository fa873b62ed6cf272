// Child processes that never outlive the demo.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace demo {

/// A running program. It is killed when this object or the demo's main thread ends.
class Process {
 public:
  struct Start {
    std::vector<std::string> command;  ///< the program's path, then its arguments
    std::vector<std::string>
        environment;     ///< "NAME=value", beside the demo's own without EVENTUAL_* and ORDERS_*
    std::string folder;  ///< where it runs
    std::string log;     ///< its standard output and error are appended here
  };

  /// Main thread only: the kernel ties the child to the thread that makes it. Throws
  /// std::runtime_error.
  explicit Process(const Start& start);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// How it ended ("exit code 1", "signal 11"), or nothing while it runs.
  std::optional<std::string> ended();
  /// SIGKILL, and waits until it is gone.
  void kill();
  /// SIGTERM; gives how it ended, or nothing when it has not within ten seconds (then it is
  /// killed).
  std::optional<std::string> stop();

 private:
  pid_t id_ = -1;
  std::optional<std::string> ended_;
};

}  // namespace demo
