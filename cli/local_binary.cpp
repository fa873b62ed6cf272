#include "cli/local_binary.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "cli/dev/child_process.hpp"

namespace eventual::cli {
namespace {

constexpr std::string_view k_version_mark = "(eventual ";  // of what its `version` prints
constexpr std::size_t k_version_bytes_max = 64 << 10;
constexpr std::chrono::seconds k_version_patience{30};

void require_executable(const BinaryArgument& binary) {
  if (binary.file.empty()) {
    throw UsageError("which program's code? name it with --binary or EVENTUAL_BINARY",
                     "for example --binary ./build/dev/bin/orders");
  }
  if (::access(binary.file.c_str(), X_OK) != 0) {
    throw UsageError(fmt::format("--binary {}: {}", binary.file, std::strerror(errno)));
  }
}

/// Asks the program for its version: any other than a service's would take our arguments for what
/// it likes, and its exit code for an answer.
void require_service(const BinaryArgument& binary) {
  const bool in_path = binary.file.find('/') == std::string::npos;
  ChildOptions options;
  options.command = {in_path ? "./" + binary.file : binary.file, "version"};
  options.folder = ".";
  auto started = ChildProcess::start(options);
  if (!started) throw UsageError(fmt::format("--binary {}", started.error().message()));
  ChildProcess child = std::move(*started);
  const auto until = std::chrono::steady_clock::now() + k_version_patience;
  std::string said;
  while (child.output() >= 0 && said.size() < k_version_bytes_max) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd output{child.output(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&output, 1, static_cast<int>(left.count())) == 0) break;
    child.read_output(said);
    if (said.find(k_version_mark) != std::string::npos) return;
  }
  throw UsageError(
      fmt::format("--binary {}: this is no program of a service made with Eventual", binary.file),
      fmt::format("{} version does not tell a version of Eventual", binary.file));
}

[[noreturn]] void execute(const Context& context, const BinaryArgument& binary,
                          const std::vector<std::string>& arguments) {
  if (!context.options().token.empty())
    ::setenv("EVENTUAL_ADMIN_TOKEN", context.options().token.c_str(), 1);
  std::vector<char*> words;
  words.push_back(const_cast<char*>(binary.file.c_str()));  // NOLINT: exec does not change them
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));  // NOLINT
  words.push_back(nullptr);
  ::execv(binary.file.c_str(), words.data());
  fmt::print(stderr, "error: cannot run {}: {}\n", binary.file, std::strerror(errno));
  ::_exit(k_exit_usage);
}

}  // namespace

void BinaryArgument::add_to(CLI::App& app) {
  app.add_option("--binary", file, "the service's program on this machine [EVENTUAL_BINARY]")
      ->type_name("FILE")
      ->envname("EVENTUAL_BINARY");
}

void become(const Context& context, const BinaryArgument& binary,
            const std::vector<std::string>& arguments) {
  require_executable(binary);
  require_service(binary);
  execute(context, binary, arguments);
}

int run(const Context& context, const BinaryArgument& binary,
        const std::vector<std::string>& arguments) {
  require_executable(binary);
  require_service(binary);
  const pid_t child = ::fork();
  if (child < 0)
    throw ev::Error(std::string(ev::error_names::k_unavailable),
                    fmt::format("cannot run {}: {}", binary.file, std::strerror(errno)));
  if (child == 0) execute(context, binary, arguments);
  // Ctrl-C is for the program, which may be a debugger.
  struct sigaction ignore{};
  struct sigaction before{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &before);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::sigaction(SIGINT, &before, nullptr);
  return WIFEXITED(status) ? WEXITSTATUS(status) : k_exit_failed;
}

}  // namespace eventual::cli
