#include "time_machine/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace time_machine {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

std::vector<char*> words_of(const std::vector<std::string>& texts) {
  std::vector<char*> words;
  for (const std::string& text : texts) words.push_back(const_cast<char*>(text.c_str()));  // NOLINT
  words.push_back(nullptr);
  return words;
}

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

pid_t start_process(const std::vector<std::string>& command,
                    const std::vector<std::string>& environment, int in, int out, int err) {
  const pid_t test = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != test) ::_exit(126);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  for (const std::string& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
  if (::chdir(EVENTUAL_SOURCE_DIR) != 0) ::_exit(126);
  ::execvp(command.front().c_str(), words_of(command).data());
  ::_exit(127);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  path_ = (std::filesystem::temp_directory_path() / "eventual-time-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string program(const std::string& name) { return std::string(EVENTUAL_BIN_DIR "/") + name; }
std::string source(const std::string& path) { return std::string(EVENTUAL_SOURCE_DIR "/") + path; }

Outcome run(const std::vector<std::string>& command, const std::string& input,
            const std::vector<std::string>& environment) {
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t child = start_process(command, environment, in.read, out.write, err.write);
  ::close(in.read);
  ::close(out.write);
  ::close(err.write);
  // Short enough for the pipe's buffer.
  if (::write(in.write, input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    throw std::runtime_error("the program takes no input");
  ::close(in.write);
  Outcome outcome;
  pollfd ends[] = {{out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
  std::string* const texts[] = {&outcome.out, &outcome.err};
  const auto until = steady_clock::now() + 120s;
  int open = 2;
  while (open > 0 && steady_clock::now() < until) {
    if (::poll(ends, 2, 1000) <= 0) continue;
    for (int i = 0; i < 2; ++i) {
      if (ends[i].revents == 0) continue;
      char bytes[16384];
      const ssize_t size = ::read(ends[i].fd, bytes, sizeof bytes);
      if (size > 0) {
        texts[i]->append(bytes, static_cast<std::size_t>(size));
      } else {
        ends[i].fd = -1;
        --open;
      }
    }
  }
  if (open > 0) ::kill(child, SIGKILL);
  ::close(out.read);
  ::close(err.read);
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

RunningService::RunningService(const std::string& program_name, const std::string& data) {
  Pipe out;
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  id_ = start_process({program(program_name), "serve", "--listen", "127.0.0.1:0", "--data", data},
                      {}, nowhere, out.write, nowhere);
  ::close(out.write);
  ::close(nowhere);
  std::string text;
  while (text.find('\n') == std::string::npos) {  // the end of the process ends it too
    char bytes[4096];
    const ssize_t size = ::read(out.read, bytes, sizeof bytes);
    if (size <= 0) throw std::runtime_error(program_name + " ended before it was ready");
    text.append(bytes, static_cast<std::size_t>(size));
  }
  ::close(out.read);
  const std::size_t begin = text.find("http://");
  url_ = text.substr(begin, text.find(' ', begin) - begin);
  http_ = eventual::client::HttpClient::make(url_).value();
  client_ = std::make_unique<eventual::client::OperationsClient>(*http_);
}

RunningService::~RunningService() {
  ::kill(id_, SIGTERM);
  const auto until = steady_clock::now() + 30s;
  while (::waitpid(id_, nullptr, WNOHANG) == 0) {
    if (steady_clock::now() > until) ::kill(id_, SIGKILL);
    std::this_thread::sleep_for(5ms);
  }
}

std::string RunningService::start(const std::string& workflow, const std::string& name,
                                  const std::string& input_json) {
  eventual::ports::StartRequest request;
  request.workflow = workflow;
  request.name = name;
  request.input_json = input_json;
  return client_->start(request).value()["execution_id"].as_string();
}

void RunningService::signal(const std::string& id, const std::string& signal,
                            const std::string& payload_json) {
  eventual::ports::SignalRequest request;
  request.execution = eventual::ports::parse_execution_id(id).value();
  request.signal = signal;
  request.payload_json = payload_json;
  (void)client_->signal(request).value();
}

std::string RunningService::wait_for(const std::string& id, const std::string& status) {
  const auto execution = eventual::ports::parse_execution_id(id).value();
  std::string seen;
  const auto until = steady_clock::now() + 30s;
  while (seen != status && steady_clock::now() < until) {
    seen = client_->describe(execution).value()["status"].as_string();
    if (seen != status) std::this_thread::sleep_for(5ms);
  }
  return seen;
}

}  // namespace time_machine
