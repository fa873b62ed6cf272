// A program that this one runs, with its output through a pipe.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eventual/error.hpp"

namespace eventual::cli {

struct Ending {
  int exit_code = -1;  ///< -1: a signal ended it
  int signal = 0;

  bool ok() const noexcept { return exit_code == 0; }
  /// "exit code 1", "SIGSEGV (Segmentation fault)"
  std::string text() const;
};

struct ChildOptions {
  std::vector<std::string> command;  ///< the first is a path, or a name in PATH
  std::string folder;                ///< where it runs
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to ours
};

/// Runs in a process group of its own, so that Ctrl-C reaches only us, and ends with us. Killed and
/// waited for when the object goes. Belongs to one thread, the one that made it.
class ChildProcess {
 public:
  /// Unavailable: the system gives no process, or there is no such program.
  static Result<ChildProcess> start(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t id() const noexcept { return id_; }
  /// Becomes readable with its output (both streams, in order) and at its end; -1 after that.
  int output() const noexcept { return output_; }
  /// Appends what it has written since. Does not block.
  void read_output(std::string& text);

  /// How it ended, or nothing while it runs. Does not block.
  std::optional<Ending> ended();
  /// Waits for its end; `text` gets the rest of its output. Blocks.
  Ending wait(std::string& text);
  /// To its whole group; nothing when it has ended.
  void signal(int number) const noexcept;

 private:
  ChildProcess(pid_t id, int output) : id_(id), output_(output) {}
  void release() noexcept;

  pid_t id_ = -1;
  int output_ = -1;
  std::optional<Ending> ending_;
};

}  // namespace eventual::cli
