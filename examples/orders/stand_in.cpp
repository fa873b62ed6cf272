#include "stand_in.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/error.hpp"

namespace stand_in {
namespace {

[[noreturn]] void unreachable(const std::string& why) {
  throw eventual::Error("PaymentsUnreachable", "the payment stand-in cannot be reached: " + why);
}

class Connection {
 public:
  explicit Connection(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) unreachable(path + " is too long for a socket");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (socket_ < 0 ||
        ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      const int error = errno;
      if (socket_ >= 0) ::close(socket_);
      unreachable(path + ": " + std::strerror(error));
    }
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) unreachable(std::strerror(errno));
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::string receive_line() const {
    std::string line;
    char buffer[512];
    while (!line.ends_with('\n')) {
      const ssize_t received = ::recv(socket_, buffer, sizeof buffer, 0);
      if (received < 0 && errno == EINTR) continue;
      if (received < 0) unreachable(std::strerror(errno));
      if (received == 0) unreachable("it hung up without an answer");
      line.append(buffer, static_cast<std::size_t>(received));
    }
    return line;
  }

 private:
  int socket_;
};

ledger::Answer ask_process(const std::string& path, const ledger::Request& request) {
  const Connection connection(path);
  connection.send(ledger::join_fields(
      {request.operation, request.key, request.subject, std::to_string(request.amount_cents)}));
  std::vector<std::string> fields = ledger::split_fields(connection.receive_line());
  if (fields.size() != 2 || fields[0] == "error")
    unreachable(fields.size() == 2 ? fields[1] : "it answers nonsense");
  return {fields[0] == "accepted", std::move(fields[1])};
}

/// The service's data folder, as its command line or environment names it.
std::string data_folder() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string argument;
  while (std::getline(file, argument, '\0')) {
    if (argument == "--data" && std::getline(file, argument, '\0')) return argument;
    if (argument.starts_with("--data=")) return argument.substr(std::strlen("--data="));
  }
  const char* variable = std::getenv("EVENTUAL_DATA");
  return variable != nullptr && *variable != '\0' ? variable : "./.eventual";
}

ledger::Answer ask_here(const ledger::Request& request) {
  try {
    static ledger::Ledger here([] {
      const std::string folder = data_folder();
      return std::filesystem::is_directory(folder) ? folder + "/payments.tsv" : std::string();
    }());
    return here.apply(request);
  } catch (const std::exception& error) {
    unreachable(error.what());
  }
}

std::function<ledger::Answer(const ledger::Request&)> g_substitute;

}  // namespace

void answer_with(std::function<ledger::Answer(const ledger::Request&)> answer) {
  g_substitute = std::move(answer);
}

ledger::Answer ask(std::string operation, std::string key, std::string subject,
                   std::int64_t amount_cents) {
  const ledger::Request request{.operation = std::move(operation),
                                .key = std::move(key),
                                .subject = std::move(subject),
                                .amount_cents = amount_cents,
                                .process = ::getpid()};
  if (g_substitute) return g_substitute(request);
  const char* path = std::getenv("ORDERS_PAYMENTS");
  return path != nullptr && *path != '\0' ? ask_process(path, request) : ask_here(request);
}

}  // namespace stand_in
