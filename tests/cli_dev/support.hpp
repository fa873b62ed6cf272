// Folders, programs and requests of the tests of `eventual new` and `eventual dev`.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/dev/child_process.hpp"
#include "eventual/http.hpp"

namespace eventual::cli {

/// What a test waits for at most; a machine that builds other things needs it.
inline constexpr std::chrono::seconds k_patience{180};

/// A fresh folder that goes with this object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);
/// Replaces the first `from` in the file; fails the test where there is none.
void replace_text(const std::string& path, const std::string& from, const std::string& to);

struct Finished {
  Ending ending;
  std::string output;  ///< both streams
};
/// Runs a program to its end, in `folder`.
Finished run_program(const std::vector<std::string>& command, const std::string& folder);

/// The `eventual` command of this build, and the folder that is its CMake package.
std::string eventual_program();
std::string build_folder();

/// The body of the answer; nothing when there is none.
std::optional<std::string> get(const std::string& url, const std::string& target);
std::optional<std::string> post(const std::string& url, const std::string& target,
                                const std::string& json);

/// A running program whose output a test reads.
class Running {
 public:
  Running(const std::vector<std::string>& command, const std::string& folder);

  /// Waits until what was printed since the last call that succeeded holds `text`, and gives the
  /// rest of its line. Fails the test when that does not come.
  std::string wait_for(const std::string& text);
  /// What it has printed so far.
  const std::string& output();
  void signal(int number) { process_->signal(number); }
  Ending wait_ended();

 private:
  std::optional<ChildProcess> process_;
  std::string output_;
  std::size_t seen_ = 0;
};

}  // namespace eventual::cli
