#include "crash/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include "crash/service.hpp"

namespace crash {

Workspace::Workspace() {
  path_ = (std::filesystem::temp_directory_path() / "eventual-crash-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
}

Workspace::~Workspace() {
  if (testing::Test::HasFailure()) {
    fprintf(stderr, "what the service left is in %s\n", path_.c_str());
    return;
  }
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<JournalLine> read_journal(const Workspace& workspace) {
  std::ifstream file(workspace.journal());
  std::vector<JournalLine> lines;
  JournalLine line;
  while (file >> line.key >> line.attempt >> line.process) lines.push_back(line);
  return lines;
}

ServiceProcess::ServiceProcess(const Workspace& workspace) : log_(workspace.log()) {
  std::vector<std::string> command{EVENTUAL_BIN_DIR "/crash_service",
                                   "serve",
                                   "--listen",
                                   "127.0.0.1:0",
                                   "--data",
                                   workspace.data()};
  std::vector<std::string> environment{std::string(k_journal_variable) + "=" + workspace.journal()};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (!text.starts_with("EVENTUAL_")) environment.emplace_back(text);
  }
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  };
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> variables = pointers(environment);
  const int log = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const off_t end = ::lseek(log, 0, SEEK_END);
  if (log < 0 || end < 0) throw std::system_error(errno, std::generic_category(), log_);
  log_from_ = static_cast<std::size_t>(end);

  const pid_t test = ::getpid();
  id_ = ::fork();
  if (id_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (id_ == 0) {  // only async-signal-safe calls until exec: the test has threads
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != test) ::_exit(127);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(SIGXFSZ, SIG_IGN);  // exec keeps it
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(log, 1) < 0 || ::dup2(log, 2) < 0 ||
        ::chdir(workspace.path().c_str()) != 0) {
      ::_exit(127);
    }
    ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  ::close(log);
}

ServiceProcess::~ServiceProcess() { kill(); }

std::string ServiceProcess::output() const {
  std::string text = read_file(log_);
  return text.size() > log_from_ ? text.substr(log_from_) : std::string();
}

std::optional<std::uint16_t> ServiceProcess::wait_ready(std::chrono::milliseconds limit) {
  constexpr std::string_view k_ready = "is ready at http://127.0.0.1:";
  std::optional<std::uint16_t> port;
  eventually(limit, [&] {
    const std::string text = output();
    const std::size_t at = text.find(k_ready);
    if (at != std::string::npos && text.find('\n', at) != std::string::npos) {
      std::uint16_t number = 0;
      std::from_chars(text.data() + at + k_ready.size(), text.data() + text.size(), number);
      port = number;
    }
    return port || ended();
  });
  return port;
}

std::optional<Ending> ServiceProcess::ended() {
  int status = 0;
  if (!ended_ && ::waitpid(id_, &status, WNOHANG) == id_) {
    ended_ = WIFEXITED(status) ? Ending{WEXITSTATUS(status), 0} : Ending{-1, WTERMSIG(status)};
  }
  return ended_;
}

std::optional<Ending> ServiceProcess::wait_ended(std::chrono::milliseconds limit) {
  eventually(limit, [&] { return ended().has_value(); });
  return ended();
}

Ending ServiceProcess::kill() {
  if (!ended_) ::kill(id_, SIGKILL);
  while (!ended()) std::this_thread::sleep_for(std::chrono::microseconds(200));
  return *ended_;
}

std::optional<Ending> ServiceProcess::stop() {
  if (!ended()) ::kill(id_, SIGTERM);
  return wait_ended(std::chrono::seconds(15));
}

bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace crash
