#include "cli/command.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <regex>
#include <stdexcept>
#include <utility>

namespace eventual::cli::testing {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    read = ends[0];
    write = ends[1];
  }
};

/// Arguments and variables as exec wants them.
struct Strings {
  explicit Strings(std::vector<std::string> given) : texts(std::move(given)) {
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
  }
  std::vector<std::string> texts;
  std::vector<char*> pointers;
};

Strings environment_of(const How& how) {
  std::vector<std::string> variables{"LANG=C"};
  if (!how.environment.contains("TERM")) variables.emplace_back("TERM=xterm-256color");
  const char* path = std::getenv("PATH");
  if (path != nullptr && !how.environment.contains("PATH")) {
    variables.push_back(std::string("PATH=") + path);
  }
  for (const auto& [name, value] : how.environment) variables.push_back(name + "=" + value);
  return Strings(std::move(variables));
}

/// Reads until both ends are closed.
void read_all(pid_t process, int out, int err, const How& how, Ran& ran) {
  const auto end = std::chrono::steady_clock::now() + how.patience;
  std::string interrupt_after = how.interrupt_after;
  std::array<pollfd, 2> ends{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0 ||
        ::poll(ends.data(), ends.size(), static_cast<int>(left.count())) <= 0) {
      ADD_FAILURE() << "it did not end in time; it printed:\n" << ran.out << ran.err;
      ::kill(process, SIGKILL);
      break;
    }
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      char bytes[4096];
      const ssize_t size = ::read(ends[i].fd, bytes, sizeof bytes);
      if (size <= 0) {
        ends[i].fd = -1;
      } else {
        (i == 0 ? ran.out : ran.err).append(bytes, static_cast<std::size_t>(size));
      }
    }
    if (how.watch) how.watch(ran.out);
    if (!interrupt_after.empty() && ran.out.find(interrupt_after) != std::string::npos) {
      interrupt_after.clear();
      ::kill(process, SIGINT);
    }
  }
}

}  // namespace

Json Ran::json() const {
  auto parsed = Json::parse(out);
  if (!parsed) ADD_FAILURE() << "no JSON: " << parsed.error().message() << "\n" << out << err;
  return parsed ? std::move(*parsed) : Json();
}

Ran run(const std::string& program, const std::vector<std::string>& arguments, const How& how) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const Strings command(std::move(words));
  const Strings variables = environment_of(how);
  const bool terminal = how.columns > 0;
  Pipe in;
  Pipe out;
  Pipe err;
  int master = -1;
  pid_t process = -1;
  if (terminal) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(how.columns);
    size.ws_row = 24;
    process = ::forkpty(&master, nullptr, nullptr, &size);
  } else {
    process = ::fork();
  }
  if (process < 0) throw std::runtime_error("cannot fork");
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!terminal &&
        (::dup2(in.read, 0) < 0 || ::dup2(out.write, 1) < 0 || ::dup2(err.write, 2) < 0)) {
      ::_exit(127);
    }
    ::execve(command.pointers[0], command.pointers.data(), variables.pointers.data());
    ::_exit(127);
  }
  ::close(in.read);
  ::close(out.write);
  ::close(err.write);
  if (!how.input.empty() && ::write(in.write, how.input.data(), how.input.size()) !=
                                static_cast<ssize_t>(how.input.size())) {
    ADD_FAILURE() << "cannot write its input";
  }
  ::close(in.write);
  Ran ran;
  read_all(process, terminal ? master : out.read, terminal ? -1 : err.read, how, ran);
  for (const int end : {out.read, err.read, master}) {
    if (end >= 0) ::close(end);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  if (WIFEXITED(status)) ran.exit_code = WEXITSTATUS(status);
  if (terminal) ran.out = std::regex_replace(ran.out, std::regex("\r\n"), "\n");
  return ran;
}

DeskService::DeskService(const std::string& admin_token,
                         std::map<std::string, std::string> environment, const std::string& data) {
  std::vector<std::string> words{EVENTUAL_BIN_DIR "/cli_service",
                                 "serve",
                                 "--listen",
                                 "127.0.0.1:0",
                                 data.empty() ? "--store" : "--data",
                                 data.empty() ? "memory" : data};
  How how{.environment = std::move(environment)};
  if (!admin_token.empty()) how.environment["EVENTUAL_ADMIN_TOKEN"] = admin_token;
  const Strings command(std::move(words));
  const Strings variables = environment_of(how);
  Pipe out;
  id_ = ::fork();
  if (id_ < 0) throw std::runtime_error("cannot fork");
  if (id_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (::dup2(nothing, 0) < 0 || ::dup2(out.write, 1) < 0 || ::dup2(nothing, 2) < 0 ||
        ::chdir("/tmp") != 0) {
      ::_exit(127);
    }
    ::execve(command.pointers[0], command.pointers.data(), variables.pointers.data());
    ::_exit(127);
  }
  ::close(out.write);
  std::string said;
  char byte = 0;
  while (::read(out.read, &byte, 1) == 1 && byte != '\n') said += byte;
  ::close(out.read);
  const std::size_t at = said.find("http://");
  if (at == std::string::npos) throw std::runtime_error("the service does not start: " + said);
  url_ = said.substr(at, said.find(' ', at) - at);
}

DeskService::~DeskService() {
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

Ran DeskService::eventual(const std::vector<std::string>& arguments, How how) const {
  how.environment.emplace("EVENTUAL_URL", url_);
  return run(EVENTUAL_BIN_DIR "/eventual", arguments, how);
}

Ran DeskService::in_terminal(const std::vector<std::string>& arguments, How how) const {
  how.columns = 80;
  return eventual(arguments, std::move(how));
}

std::string masked(std::string text) {
  static const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
  static const std::regex span(R"(\b\d+(\.\d+)? (ms|s|m|h|d)( \d+ (s|m|h))?\b)");
  static const std::regex ago(R"(just now|<span> ago)");
  text = std::regex_replace(text, time, "<time>");
  text = std::regex_replace(text, span, "<span>");
  return std::regex_replace(text, ago, "<ago>");
}

}  // namespace eventual::cli::testing
