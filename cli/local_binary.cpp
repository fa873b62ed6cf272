#include "cli/local_binary.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace eventual::cli {
namespace {

void require_executable(const BinaryArgument& binary) {
  if (binary.file.empty()) {
    throw UsageError("which program's code? name it with --binary or EVENTUAL_BINARY",
                     "for example --binary ./build/dev/bin/orders");
  }
  if (::access(binary.file.c_str(), X_OK) != 0) {
    throw UsageError(fmt::format("--binary {}: {}", binary.file, std::strerror(errno)));
  }
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
  execute(context, binary, arguments);
}

int run(const Context& context, const BinaryArgument& binary,
        const std::vector<std::string>& arguments) {
  require_executable(binary);
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
