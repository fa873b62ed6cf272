#include "cli/dev/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace eventual::cli {
namespace {

std::string system_text(int error) { return std::generic_category().message(error); }

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> result;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    bool replaced = false;
    for (const auto& [name, value] : added) {
      replaced = replaced ||
                 (text.starts_with(name) && text.size() > name.size() && text[name.size()] == '=');
    }
    if (!replaced) result.emplace_back(text);
  }
  for (const auto& [name, value] : added) result.push_back(fmt::format("{}={}", name, value));
  return result;
}

struct Pipe {
  int read = -1;
  int write = -1;
};

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{ends[0], ends[1]};
}

/// Between fork and exec: only what is safe there. Tells `failed` why it cannot run.
[[noreturn]] void become(const ChildOptions& options, char* const* arguments,
                         char* const* environment, pid_t parent, const Pipe& output, int failed) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  bool ready = ::getppid() == parent;  // otherwise it ended before it could take us along
  const int nothing = ::open("/dev/null", O_RDONLY);
  ready = ready && nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 &&
          ::dup2(output.write, STDOUT_FILENO) >= 0 && ::dup2(output.write, STDERR_FILENO) >= 0 &&
          (options.folder.empty() || ::chdir(options.folder.c_str()) == 0);
  if (ready) ::execvpe(arguments[0], arguments, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(failed, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

std::string Ending::text() const {
  if (signal == 0) return fmt::format("exit code {}", exit_code);
  const char* name = ::sigabbrev_np(signal);
  const char* description = ::sigdescr_np(signal);
  return fmt::format("SIG{} ({})", name == nullptr ? std::to_string(signal) : name,
                     description == nullptr ? "signal" : description);
}

Result<ChildProcess> ChildProcess::start(const ChildOptions& options) {
  const auto fail = [&](int error) {
    return Error(std::string(error_names::k_unavailable),
                 fmt::format("{} cannot be run: {}", options.command.front(), system_text(error)));
  };
  std::vector<std::string> command = options.command;
  std::vector<std::string> environment = environment_with(options.environment);
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> variables = pointers(environment);
  const auto output = make_pipe();
  const auto failed = make_pipe();
  if (!output || !failed) return fail(errno);
  const pid_t parent = ::getpid();
  const pid_t id = ::fork();
  if (id == 0) {
    become(options, arguments.data(), variables.data(), parent, *output, failed->write);
  }
  const int fork_error = errno;
  ::close(output->write);
  ::close(failed->write);
  int error = id < 0 ? fork_error : 0;
  if (id > 0) {
    while (::read(failed->read, &error, sizeof error) < 0 && errno == EINTR) {
    }
  }
  ::close(failed->read);
  if (error != 0) {
    ::close(output->read);
    if (id > 0) ::waitpid(id, nullptr, 0);
    return fail(error);
  }
  ::fcntl(output->read, F_SETFL, O_NONBLOCK);
  return ChildProcess(id, output->read);
}

ChildProcess::~ChildProcess() { release(); }

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(std::exchange(other.id_, -1)),
      output_(std::exchange(other.output_, -1)),
      ending_(std::exchange(other.ending_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    release();
    id_ = std::exchange(other.id_, -1);
    output_ = std::exchange(other.output_, -1);
    ending_ = std::exchange(other.ending_, std::nullopt);
  }
  return *this;
}

void ChildProcess::release() noexcept {
  if (id_ > 0 && !ending_) {
    signal(SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
  id_ = -1;
  output_ = -1;
}

void ChildProcess::read_output(std::string& text) {
  std::array<char, 16 * 1024> buffer;
  while (output_ >= 0) {
    const ssize_t size = ::read(output_, buffer.data(), buffer.size());
    if (size > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    } else if (size < 0 && errno == EINTR) {
      continue;
    } else if (size < 0 && errno == EAGAIN) {
      return;
    } else {
      ::close(std::exchange(output_, -1));
    }
  }
}

std::optional<Ending> ChildProcess::ended() {
  if (ending_ || id_ <= 0) return ending_;
  int status = 0;
  if (::waitpid(id_, &status, WNOHANG) != id_) return std::nullopt;
  ending_ = WIFEXITED(status) ? Ending{WEXITSTATUS(status), 0} : Ending{-1, WTERMSIG(status)};
  return ending_;
}

Ending ChildProcess::wait(std::string& text) {
  for (;;) {
    read_output(text);
    if (output_ < 0) break;
    pollfd waiting{output_, POLLIN, 0};
    (void)::poll(&waiting, 1, 50);
    if (ended()) {  // whatever it has started may hold the pipe for longer
      read_output(text);
      break;
    }
  }
  while (!ended()) ::usleep(1000);
  return *ending_;
}

void ChildProcess::signal(int number) const noexcept {
  if (id_ > 0 && !ending_) ::kill(-id_, number);
}

}  // namespace eventual::cli
