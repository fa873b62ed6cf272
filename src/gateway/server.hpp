// The HTTP/1.1 server: connections, limits and timeouts, without any knowledge of what is served.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/http.hpp"
#include "eventual/time.hpp"

namespace eventual::gateway {

class Pipe;
class TlsContext;

/// What is decided of a request when its header is there.
struct Admission {
  static constexpr std::size_t k_no_route = static_cast<std::size_t>(-1);
  std::size_t route = k_no_route;  ///< the handler's business
  std::size_t body_bytes_max = 0;  ///< beyond: 413. 0: what the server allows
  bool reads_in_pieces = false;    ///< the body is read from Responder::body()
  bool checks_origin = false;      ///< the handler does: any Origin may come
};

struct ServerOptions {
  std::string listen = "127.0.0.1:9000";  ///< "address:port", "[::1]:port" or "localhost:port";
                                          ///< port 0 takes a free one
  std::uint32_t io_threads = 1;
  std::size_t header_bytes_max = 16U * 1024;          ///< beyond: 431
  std::size_t body_bytes_max = 16U * 1024 * 1024;     ///< beyond: 413
  std::size_t bodies_bytes_max = 512U * 1024 * 1024;  ///< all bodies not yet answered; beyond: 503
  std::uint32_t connections_max = 4096;               ///< beyond: 503
  std::uint32_t requests_in_flight_max =
      1024;  ///< handed to the handler, not answered; beyond: 503
  std::uint32_t pipelined_requests_max =
      16;  ///< of one connection; beyond: it is not read meanwhile
  Duration header_timeout{
      30'000};  ///< from the connect, or a request's first byte, to the end of its header
  Duration idle_timeout{75'000};  ///< between two requests of a connection
  Duration body_timeout{
      60'000};  ///< for each 64 KiB of a body; also without progress in sending an answer
  Duration linger_timeout{
      2'000};  ///< how long a connection that we end is read, so that its answer arrives
  std::vector<std::string>
      allowed_hosts{};  ///< public host names beside the bound one; "*" serves any
  std::vector<std::string>
      allowed_origins{};  ///< "https://shop.example"; a server's own origin is always allowed
  /// Called on an I/O thread when the header of a request has come; must not block. May fill its
  /// path_parameters.
  std::function<Admission(http::Request&)> admit{};
  std::shared_ptr<const TlsContext> tls{};  ///< shared with others; null: plain HTTP
};

struct ServerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t requests_in_flight = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t requests_refused_total =
      0;  ///< by a limit, a timeout or as malformed, before the handler
};

namespace detail {
class Connection;
struct Mailbox;
}  // namespace detail

/// The right and duty to answer one request, once, from any thread. Destroyed without an answer it
/// answers 500. It may outlive the server; the answer is dropped then.
class Responder {
 public:
  /// Of a request that did not come from outside: `respond` is called with its answer, on the
  /// thread that gives it. It takes no answer in pieces: begin() answers 500.
  explicit Responder(std::function<void(http::Response)> respond);
  Responder(Responder&& other) noexcept;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  /// Sends the answer. A second call does nothing. Does not block.
  void operator()(http::Response response);

  /// Sends the head of an answer whose body is then written into the pipe that it returns, and
  /// finished there. Null when it is answered already. An event stream ends when its caller stops
  /// sending and when the server stops.
  std::shared_ptr<Pipe> begin(http::Response head, bool is_event_stream);

  const Admission& admission() const noexcept { return admission_; }
  /// What the request's body is read from; null where it is part of the request.
  const std::shared_ptr<Pipe>& body() const noexcept { return body_; }

  /// Says that this request waits for something (long poll): it no longer counts as in flight, and
  /// a stopping server answers it with 503 instead of waiting for it. Only from within the
  /// handler's call.
  void mark_waiting();

 private:
  friend class detail::Connection;
  Responder(std::shared_ptr<detail::Mailbox> mailbox, std::weak_ptr<detail::Connection> connection,
            std::uint64_t sequence, std::size_t body_bytes, const Admission& admission,
            std::shared_ptr<Pipe> body);

  std::shared_ptr<detail::Mailbox>
      mailbox_;  // shared: it outlives the server in responders that come late
  std::weak_ptr<detail::Connection> connection_;
  std::uint64_t sequence_ = 0;
  std::size_t body_bytes_ = 0;
  Admission admission_;
  std::shared_ptr<Pipe> body_;  // shared with the connection
  bool counted_ = true;
  std::function<void(http::Response)> respond_;  ///< of a request from within; else empty
};

/// Called on an I/O thread; must not block. An exception answers 500.
using Handler = std::function<void(http::Request, Responder)>;

/// A running server. Answers leave in the order of the requests of a connection.
class Server {
 public:
  /// Binds, listens and starts the threads. InvalidInput (listen), Unavailable (the address cannot
  /// be bound).
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  ///< stop(0)

  std::uint16_t bound_port() const noexcept;
  std::string bound_address() const;  ///< "127.0.0.1:9000"

  /// Takes no new connections, closes idle ones, and waits at most `deadline` until the requests in
  /// flight are answered; then closes the rest and joins the threads. Blocks; not from a handler. A
  /// second call does nothing.
  void stop(Duration deadline);

  ServerStats stats() const noexcept;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace eventual::gateway
