// Runs the program again under a debugger that has our commands.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/error.hpp"

namespace eventual::program {

/// The scripts, as text.
extern const std::string_view k_eventual_gdb;
extern const std::string_view k_eventual_lldb;

enum class Debugger { gdb, lldb };

/// Runs this program with `arguments` under a debugger, on this terminal, and waits for its end;
/// gives the debugger's exit code. `executable` names another debugger program than the first of
/// gdb, or lldb-19 and lldb, that is installed. NotFound when there is none.
Result<int> run_under(Debugger debugger, const std::string& executable,
                      const std::vector<std::string>& arguments);

/// Whether the debugger is installed.
bool is_installed(Debugger debugger);

/// A file in the folder for temporary files that is removed with this object. Move-only.
class TemporaryFile {
 public:
  /// `suffix` begins with a dot. Unavailable when it cannot be written.
  static Result<TemporaryFile> write(std::string_view suffix, std::string_view content);
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  const std::string& path() const noexcept { return path_; }

 private:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace eventual::program
