// A service's program as a process, for tests: it listens on a port of its own and is killed in the
// end.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "process.hpp"

namespace processes {

/// A port that nobody uses at this moment.
inline int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool found =
      ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&  // NOLINT: the system's
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;  // NOLINT
  ::close(socket);
  if (!found) throw std::runtime_error("there is no free port");
  return ntohs(address.sin_port);
}

/// Main thread only, as demo::Process.
class ServiceProcess {
 public:
  /// Starts `<EVENTUAL_BIN_DIR>/<program>` and returns when it is ready. `environment` holds
  /// "NAME=value".
  explicit ServiceProcess(std::string program, std::vector<std::string> environment = {},
                          std::string listen = "127.0.0.1:0")
      : program_(std::move(program)),
        environment_(std::move(environment)),
        listen_(std::move(listen)) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "eventual-service-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    start();
  }
  ~ServiceProcess() {
    process_.reset();
    std::error_code ignored;
    if (!testing::Test::HasFailure()) std::filesystem::remove_all(folder_, ignored);
  }
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  /// Where it answers; another one after each start.
  const std::string& url() const { return url_; }

  /// SIGKILL: its data stays.
  void kill() {
    process_->kill();
    process_.reset();
  }

  /// Again, with the same data.
  void start() {
    const std::string log = folder_ + "/log-" + std::to_string(++starts_);
    demo::Process::Start start;
    start.command = {std::string(EVENTUAL_BIN_DIR) + "/" + program_,
                     "serve",
                     "--listen",
                     listen_,
                     "--data",
                     folder_ + "/data"};
    start.environment = environment_;
    start.folder = folder_;
    start.log = log;
    process_ = std::make_unique<demo::Process>(start);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!read_url(log)) {
      if (process_->ended() || std::chrono::steady_clock::now() > end) {
        throw std::runtime_error(program_ + " is not ready, see " + log);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

 private:
  /// "<service> is ready at http://127.0.0.1:4711 (data in …)"
  bool read_url(const std::string& log) {
    std::ifstream in(log);
    for (std::string line; std::getline(in, line);) {
      constexpr std::string_view k_ready = " is ready at ";
      const std::size_t at = line.find(k_ready);
      if (at == std::string::npos || in.eof()) continue;  // not the whole line yet
      const std::size_t begin = at + k_ready.size();
      url_ = line.substr(begin, line.find(' ', begin) - begin);
      return true;
    }
    return false;
  }

  std::string program_;
  std::vector<std::string> environment_;
  std::string listen_;
  std::string folder_;
  std::string url_;
  int starts_ = 0;
  std::unique_ptr<demo::Process> process_;
};

}  // namespace processes
