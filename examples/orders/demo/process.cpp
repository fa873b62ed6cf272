#include "process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace demo {
namespace {

std::string describe_status(int status) {
  return WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                           : fmt::format("signal {}", WTERMSIG(status));
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Process::Process(const Start& start) {
  std::vector<std::string> command = start.command;
  std::vector<std::string> environment = start.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("EVENTUAL_") && !text.starts_with("ORDERS_"))
      environment.emplace_back(text);
  }
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> variables = pointers(environment);

  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ < 0) throw std::runtime_error("cannot start another process");
  if (id_ == 0) {  // only async-signal-safe calls until exec: the demo has threads
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    const int log = ::open(start.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (log < 0 || nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(log, 1) < 0 ||
        ::dup2(log, 2) < 0 || ::chdir(start.folder.c_str()) != 0) {
      ::_exit(127);
    }
    ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
}

Process::~Process() { kill(); }

std::optional<std::string> Process::ended() {
  int status = 0;
  if (!ended_ && ::waitpid(id_, &status, WNOHANG) == id_) ended_ = describe_status(status);
  return ended_;
}

void Process::kill() {
  if (ended_) return;
  ::kill(id_, SIGKILL);
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = describe_status(status);
}

std::optional<std::string> Process::stop() {
  using namespace std::chrono_literals;
  if (!ended_) ::kill(id_, SIGTERM);
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (!ended()) {
    if (std::chrono::steady_clock::now() > limit) {
      kill();
      return std::nullopt;
    }
    std::this_thread::sleep_for(5ms);
  }
  return ended_;
}

}  // namespace demo
