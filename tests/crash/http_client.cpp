#include "crash/http_client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <utility>

namespace crash {

eventual::Json HttpResponse::json() const {
  auto parsed = eventual::Json::parse(body);
  return parsed ? std::move(*parsed) : eventual::Json();
}

bool HttpClient::connect() {
  if (socket_ >= 0) return true;
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const timeval limit{.tv_sec = limit_.count() / 1000, .tv_usec = limit_.count() % 1000 * 1000};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return true;
  disconnect();
  return false;
}

void HttpClient::disconnect() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

bool HttpClient::send_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<HttpResponse> HttpClient::receive() {
  constexpr std::string_view k_length = "\r\ncontent-length: ";
  std::string text;
  std::size_t whole = std::string::npos;
  std::size_t head_end = std::string::npos;
  char buffer[16 * 1024];
  while (text.size() < whole) {
    const ssize_t received = ::recv(socket_, buffer, sizeof buffer, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return std::nullopt;
    text.append(buffer, static_cast<std::size_t>(received));
    if (head_end != std::string::npos) continue;
    head_end = text.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    for (std::size_t i = 0; i < head_end; ++i) {
      if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
    }
    const std::size_t at = text.find(k_length);
    std::size_t length = 0;
    if (at < head_end)
      std::from_chars(text.data() + at + k_length.size(), text.data() + head_end, length);
    whole = head_end + 4 + length;
  }
  HttpResponse response;
  if (!text.starts_with("http/1.1 ")) return std::nullopt;
  std::from_chars(text.data() + 9, text.data() + 12, response.status);
  response.body = text.substr(head_end + 4);
  if (text.find("\r\nconnection: close") < head_end) disconnect();
  return response;
}

std::optional<HttpResponse> HttpClient::send(std::string_view method, const std::string& target,
                                             std::string_view body,
                                             const std::string& idempotency_key) {
  if (!connect()) return std::nullopt;
  std::string request =
      fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n", method, target, port_);
  if (!idempotency_key.empty()) request += fmt::format("Idempotency-Key: {}\r\n", idempotency_key);
  if (method == "POST") {
    request += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  }
  request += "\r\n";
  request += body;
  std::optional<HttpResponse> response;
  if (send_all(request)) response = receive();
  if (!response) disconnect();
  return response;
}

}  // namespace crash
