#include "http_client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <random>
#include <stdexcept>

namespace demo {
namespace {

class Socket {
 public:
  Socket() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool send_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string> receive_all(int descriptor) {
  std::string text;
  char buffer[16 * 1024];
  while (true) {
    const ssize_t received = ::recv(descriptor, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return std::nullopt;
    if (received == 0) return text;
    text.append(buffer, static_cast<std::size_t>(received));
  }
}

bool same_without_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) return false;
  }
  return true;
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc();
}

/// The response, if it came whole.
std::optional<HttpResponse> parse(std::string_view text) {
  const std::size_t head_end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || head_end == text.npos) return std::nullopt;
  std::string_view head = text.substr(0, head_end + 2);
  HttpResponse response;
  if (!parse_number(head.substr(9, 3), response.status)) return std::nullopt;
  response.body = text.substr(head_end + 4);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(':');
    std::size_t length = 0;
    if (colon != line.npos && same_without_case(line.substr(0, colon), "content-length") &&
        (!parse_number(line.substr(colon + 1), length) || length != response.body.size())) {
      return std::nullopt;
    }
  }
  return response;
}

}  // namespace

std::optional<HttpResponse> HttpClient::send(std::string_view method, const std::string& target,
                                             std::string_view body) const {
  const Socket socket;
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const sockaddr_in address = loopback(port_);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return std::nullopt;
  const std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Type: "
      "application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      method, target, port_, body.size(), body);
  if (!send_all(socket.get(), request)) return std::nullopt;
  const std::optional<std::string> answer = receive_all(socket.get());
  return answer ? parse(*answer) : std::nullopt;
}

std::uint16_t find_free_port() {
  std::random_device random;
  for (int tries = 0; tries < 100; ++tries) {
    const auto port = static_cast<std::uint16_t>(20000 + random() % 12000);
    const Socket socket;
    const sockaddr_in address = loopback(port);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return port;
  }
  throw std::runtime_error("no free port between 20000 and 32000");
}

}  // namespace demo
