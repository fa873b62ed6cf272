// As much of an HTTP client as the demo needs: one request, one connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace demo {

struct HttpResponse {
  int status = 0;
  std::string body;
};

/// Talks to a server on this machine. Thread rule: any thread may call.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : port_(port) {}

  /// Nothing when the server is not there or did not answer to the end: whether it acted is then
  /// unknown.
  std::optional<HttpResponse> get(const std::string& target) const {
    return send("GET", target, {});
  }
  std::optional<HttpResponse> post(const std::string& target, std::string_view json) const {
    return send("POST", target, json);
  }

 private:
  std::optional<HttpResponse> send(std::string_view method, const std::string& target,
                                   std::string_view body) const;

  std::uint16_t port_;
};

/// A port of this machine that nobody listens on, below those that the kernel gives to outgoing
/// connections: a connection to one of those can meet itself while the server is down.
std::uint16_t find_free_port();

}  // namespace demo
