// A server that does to each connection what a test tells it to, byte by byte.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace eventual::client::testing {

/// A connection as the server sees it.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {}
  ~Peer() { ::close(socket_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  int socket() const { return socket_; }

  /// The next request with its body; "" when the client has gone.
  std::string request() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    std::size_t length = 0;
    if (const std::size_t at = buffer_.find("Content-Length: "); at < end) {
      length = std::stoul(buffer_.substr(at + 16));
    }
    while (buffer_.size() < end + 4 + length) {
      if (!fill()) return {};
    }
    std::string text = buffer_.substr(0, end + 4 + length);
    buffer_.erase(0, text.size());
    return text;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void answer(std::string_view status, std::string_view body, std::string_view more = {}) {
    send("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more) + "\r\n" + std::string(body));
  }

  /// Waits until the client has gone.
  void wait_gone() {
    while (fill()) {
    }
  }

 private:
  bool fill() {
    char bytes[4096];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
    if (size <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  int socket_;
  std::string buffer_;
};

/// Serves one connection after the other: the first by the first script, and so on, then no more.
class RawServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit RawServer(std::vector<Script> scripts)
      : listener_(::socket(AF_INET, SOCK_STREAM, 0)), scripts_(std::move(scripts)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    ::close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() {
    for (const Script& script : scripts_) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      Peer peer(socket);
      script(peer);
    }
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::vector<Script> scripts_;
  std::thread thread_;
};

}  // namespace eventual::client::testing
