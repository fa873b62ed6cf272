// An HTTP/1.1 client: blocking calls over kept connections, with time limits, TLS and careful
// retries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/url.hpp"
#include "eventual/error.hpp"
#include "eventual/http.hpp"
#include "eventual/time.hpp"

namespace eventual::client {

/// Names of errors that say that no answer came. Whoever gets an answer gets the server's own
/// names.
inline constexpr std::string_view k_unreachable = "Unreachable";  ///< nothing was asked
inline constexpr std::string_view k_connection_lost =
    "ConnectionLost";  ///< it was asked; whether the server acted is unknown

struct HttpClientOptions {
  Duration connect_timeout{5'000};  ///< for the name, each address and the TLS handshake together
  Duration answer_timeout{75'000};  ///< without any progress of a request or its answer. The
                                    ///< server's longest long poll is a minute
  Duration idle_max{30'000};        ///< a connection that was idle for longer is not used again
  std::string bearer_token{};       ///< sent as Authorization; empty: none
  http::Fields headers{};           ///< sent with every request
  std::string ca_file{};            ///< PEM of the authorities to trust; empty: the system's
  bool verify_certificate = true;   ///< false only for tests: anybody may then be the server
  std::uint32_t attempts_max = 3;   ///< of idempotent requests
  Duration retry_interval{100};     ///< before the second attempt; doubles
  std::size_t answer_bytes_max = 256U << 20;  ///< of a body that is not streamed; beyond:
                                              ///< LimitExceeded
  std::size_t idle_connections_max = 8;       ///< kept for later
  std::stop_token stop{};  ///< ends every call early that has no stop token of its own
};

struct ClientRequest {
  http::Method method = http::Method::get;
  std::string target{};  ///< "/path?query", encoded; the URL's path is put before it
  std::string body{};    ///< JSON, unless the headers say otherwise
  http::Fields headers{};
  bool repeatable = false;    ///< a POST or PATCH that may be sent again: it carries an id
  Duration answer_timeout{};  ///< 0: that of the options
  std::stop_token stop{};     ///< ends the call early, as ConnectionLost
};

/// Takes a piece of a body; false ends the reading and the connection.
using TakePiece = std::function<bool(std::string_view piece)>;

/// Thread rule: any thread may call, also several at a time; each call in progress has a connection
/// of its own.
class HttpClient {
 public:
  /// InvalidInput: the URL, or a file of authorities that cannot be read.
  static Result<std::unique_ptr<HttpClient>> make(std::string_view url,
                                                  HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const Url& url() const noexcept;

  /// Sends the request and gives the whole answer, whatever its status. Blocks.
  ///
  /// GET, HEAD, PUT, DELETE, OPTIONS and what is `repeatable` is sent again, at most `attempts_max`
  /// times in all, when the connection is lost or the answer is 503 (after its Retry-After, up to
  /// 5 s); others only when nothing of them was sent. A connection that is refused is not tried
  /// again. Unreachable, ConnectionLost, LimitExceeded.
  Result<http::Response> send(ClientRequest request);

  /// Sends the request and gives the answer's body in pieces as they arrive. The response has an
  /// empty body, unless its status is 400 or more: such an answer is read as a whole and `take` is
  /// not called. Is not repeated. Blocks until the answer ends, `take` gives false or `stop` is
  /// requested. Unreachable, ConnectionLost (also when the answer ends too early).
  Result<http::Response> stream(ClientRequest request, const TakePiece& take);

 private:
  class Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The error that an answer of status 400 or more stands for: the server's name, message and
/// details; of a server that is not ours, a name by the status.
Error error_of(const http::Response& response);

/// ConnectionLost because the time for an answer ran out.
bool is_timeout(const Error& error) noexcept;

/// No answer came: Unreachable or ConnectionLost.
bool is_unreachable(const Error& error) noexcept;

}  // namespace eventual::client
