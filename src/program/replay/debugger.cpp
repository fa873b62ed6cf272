#include "program/replay/debugger.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <system_error>

namespace eventual::program {
namespace {

Error unavailable(std::string_view what) {
  return {std::string(error_names::k_unavailable),
          fmt::format("{}: {}", what, std::strerror(errno))};
}

/// The first of the names that PATH has; empty: none.
std::string find_program(std::initializer_list<std::string_view> names) {
  const char* const path = std::getenv("PATH");
  for (const std::string_view name : names) {
    std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      const std::string candidate = fmt::format("{}/{}", rest.substr(0, end), name);
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

std::string find_debugger(Debugger debugger) {
  return debugger == Debugger::gdb ? find_program({"gdb"}) : find_program({"lldb-19", "lldb"});
}

/// The terminal's Ctrl-C is for the debugger alone while this lives.
class IgnoreInterrupt {
 public:
  IgnoreInterrupt() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignore, &before_);
  }
  ~IgnoreInterrupt() { ::sigaction(SIGINT, &before_, nullptr); }
  IgnoreInterrupt(const IgnoreInterrupt&) = delete;
  IgnoreInterrupt& operator=(const IgnoreInterrupt&) = delete;

 private:
  struct sigaction before_{};
};

Result<int> run_and_wait(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command)
    words.push_back(const_cast<char*>(word.c_str()));  // NOLINT: exec does not change them
  words.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return unavailable("cannot start " + command.front());
  if (child == 0) {
    ::execv(words.front(), words.data());
    ::_exit(127);
  }
  const IgnoreInterrupt ignoring;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return unavailable("cannot wait for " + command.front());
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

bool is_installed(Debugger debugger) { return !find_debugger(debugger).empty(); }

Result<int> run_under(Debugger debugger, const std::string& executable,
                      const std::vector<std::string>& arguments) {
  const bool gdb = debugger == Debugger::gdb;
  const std::string program = executable.empty() ? find_debugger(debugger) : executable;
  if (program.empty()) {
    return Error(std::string(error_names::k_not_found),
                 gdb ? "gdb is not installed: apt-get install gdb, or use --debugger lldb"
                     : "lldb is not installed: apt-get install lldb-19, or use --debugger gdb");
  }
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (error) {
    return Error(std::string(error_names::k_unavailable),
                 "cannot find this program's own file: " + error.message());
  }
  auto script =
      TemporaryFile::write(gdb ? ".gdb.py" : "_lldb.py", gdb ? k_eventual_gdb : k_eventual_lldb);
  if (!script) return script.error();
  std::vector<std::string> command;
  if (gdb) {
    command = {program, "-q",     "-iex", "set debuginfod enabled off", "-x", script->path(), "-ex",
               "run",   "--args", self};
  } else {
    command = {program, "-o", "command script import " + script->path(), "-o", "process launch",
               "--",    self};
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_and_wait(command);
}

Result<TemporaryFile> TemporaryFile::write(std::string_view suffix, std::string_view content) {
  std::error_code error;
  std::string folder = std::filesystem::temp_directory_path(error).string();
  if (error) folder = "/tmp";
  std::string path = folder + "/eventual_XXXXXX" + std::string(suffix);
  const int file = ::mkstemps(path.data(), static_cast<int>(suffix.size()));
  if (file < 0) return unavailable("cannot create a file in " + folder);
  TemporaryFile written(path);
  while (!content.empty()) {
    const ssize_t size = ::write(file, content.data(), content.size());
    if (size < 0) {
      ::close(file);
      return unavailable("cannot write " + path);
    }
    content.remove_prefix(static_cast<std::size_t>(size));
  }
  ::close(file);
  return written;
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace eventual::program
