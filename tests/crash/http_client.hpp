// As much of an HTTP client as the crash tests need.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eventual/json.hpp"

namespace crash {

struct HttpResponse {
  int status = 0;
  std::string body;

  /// The body; null when it is no JSON.
  eventual::Json json() const;
};

/// Talks to a server on this machine over one connection, which it makes again when it is lost.
/// Belongs to one thread.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port,
                      std::chrono::milliseconds limit = std::chrono::seconds(10))
      : port_(port), limit_(limit) {}
  ~HttpClient() { disconnect(); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Nothing when no whole answer came: whether the server acted is then unknown.
  std::optional<HttpResponse> get(const std::string& target) { return send("GET", target, {}, {}); }
  std::optional<HttpResponse> post(const std::string& target, std::string_view json,
                                   const std::string& idempotency_key = {}) {
    return send("POST", target, json, idempotency_key);
  }

 private:
  std::optional<HttpResponse> send(std::string_view method, const std::string& target,
                                   std::string_view body, const std::string& idempotency_key);
  bool connect();
  void disconnect();
  bool send_all(std::string_view text);
  std::optional<HttpResponse> receive();

  std::uint16_t port_;
  std::chrono::milliseconds limit_;
  int socket_ = -1;
};

}  // namespace crash
