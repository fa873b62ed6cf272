#include "gateway/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "gateway/connection.hpp"
#include "gateway/error_response.hpp"
#include "gateway/pipe.hpp"
#include "gateway/tls.hpp"

namespace eventual::gateway {
namespace {

namespace asio = boost::asio;
using detail::Connection;
using detail::Loop;

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

// Connections beyond the limit that are still told so; beyond these they are closed without a word.
constexpr std::uint64_t k_refused_connections_max = 128;
constexpr Duration k_accept_pause{50};  // out of file descriptors: others must end first

Result<asio::ip::tcp::endpoint> parse_listen(const std::string& listen) {
  HostPort parts;
  unsigned port = 0;
  const bool valid =
      parse_host_port(listen, parts) && !parts.port.empty() &&
      std::from_chars(parts.port.data(), parts.port.data() + parts.port.size(), port).ec ==
          std::errc() &&
      port <= 65535;
  boost::system::error_code code;
  const std::string host = parts.host == "localhost" ? "127.0.0.1" : parts.host;
  const auto address = asio::ip::make_address(host, code);
  if (!valid || code) {
    return Error(
        std::string(error_names::k_invalid_input),
        fmt::format("'{}' is not an address to listen on; write it like 127.0.0.1:9000", listen));
  }
  return asio::ip::tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Handler handler)
      : shared_{.options = options,
                .handler = std::move(handler),
                .hosts = HostPolicy(options.listen, options.allowed_hosts, options.allowed_origins),
                .counters = std::make_shared<detail::Counters>(),
                .stopping_mutex = {},
                .connection_closed = {}} {
    const std::uint32_t threads = std::max<std::uint32_t>(1, options.io_threads);
    for (std::uint32_t i = 0; i < threads; ++i) loops_.push_back(std::make_unique<Loop>(shared_));
    acceptor_.emplace(loops_.front()->context);
    accept_timer_.emplace(loops_.front()->context);
  }

  ~Impl() { stop(Duration(0)); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> listen() {
    auto endpoint = parse_listen(shared_.options.listen);
    if (!endpoint) return std::move(endpoint).error();
    boost::system::error_code code;
    acceptor_->open(endpoint->protocol(), code);
    if (!code) detail::keep_from_children(acceptor_->native_handle());
    if (!code) acceptor_->set_option(Acceptor::reuse_address(true), code);
    if (!code) acceptor_->bind(*endpoint, code);
    if (!code) acceptor_->listen(Acceptor::max_listen_connections, code);
    if (!code) bound_ = acceptor_->local_endpoint(code);
    if (code) {
      const std::string hint = code == asio::error::address_in_use
                                   ? "; another program listens there: end it, or choose another "
                                     "port with --listen (port 0 takes a free one)"
                                   : "";
      return Error(
          std::string(error_names::k_unavailable),
          fmt::format("cannot listen on {}: {}{}", shared_.options.listen, code.message(), hint));
    }
    accept();
    for (const auto& loop : loops_) loop->start_thread();
    return {};
  }

  void stop(Duration deadline) {
    const std::lock_guard stopping(stop_mutex_);
    if (std::exchange(stopped_, true)) return;
    asio::post(loops_.front()->context, [this] {
      boost::system::error_code ignored;
      acceptor_->close(ignored);
      accept_timer_->cancel();
    });
    for (const auto& loop : loops_) loop->drain();
    if (deadline > Duration(0)) {
      std::unique_lock lock(shared_.stopping_mutex);
      const auto wait = std::min<Duration>(deadline, std::chrono::hours(24));
      shared_.connection_closed.wait_for(
          lock, wait, [&] { return shared_.counters->connections_open.load() == 0; });
    }
    for (const auto& loop : loops_) loop->finish();
    for (const auto& loop : loops_) loop->join();
  }

  const asio::ip::tcp::endpoint& bound() const noexcept { return bound_; }
  const detail::Counters& counters() const noexcept { return *shared_.counters; }

 private:
  void accept() {
    Loop& loop = *loops_[next_loop_++ % loops_.size()];
    // shared: the operation holds it until it is accepted.
    auto connection = std::make_shared<Connection>(loop, shared_);
    detail::Socket& socket = connection->socket();
    acceptor_->async_accept(socket, [this, &loop, connection = std::move(connection)](
                                        const boost::system::error_code& code) mutable {
      if (!acceptor_->is_open() || code == asio::error::operation_aborted) return;
      if (code) return pause();
      admit(loop, std::move(connection));
      accept();
    });
  }

  void admit(Loop& loop, std::shared_ptr<Connection> connection) {
    const std::uint64_t max = shared_.options.connections_max;
    const std::uint64_t open = shared_.counters->connections_open.fetch_add(1);
    if (open >= max + k_refused_connections_max) {
      shared_.counters->connections_open.fetch_sub(1);
      return;
    }
    asio::dispatch(loop.context, [&loop, connection = std::move(connection), open, max] {
      loop.connections.insert(connection);
      connection->start(open >= max);
    });
  }

  void pause() {
    accept_timer_->expires_after(k_accept_pause);
    accept_timer_->async_wait([this](const boost::system::error_code& code) {
      if (!code && acceptor_->is_open()) accept();
    });
  }

  detail::Shared shared_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::optional<Acceptor> acceptor_;
  std::optional<asio::basic_waitable_timer<detail::Clock, asio::wait_traits<detail::Clock>,
                                           asio::io_context::executor_type>>
      accept_timer_;
  asio::ip::tcp::endpoint bound_;
  std::size_t next_loop_ = 0;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  if (Result<void> listening = impl->listen(); !listening) return std::move(listening).error();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::bound_port() const noexcept { return impl_->bound().port(); }

std::string Server::bound_address() const {
  const auto& address = impl_->bound().address();
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), bound_port())
                         : fmt::format("{}:{}", address.to_string(), bound_port());
}

void Server::stop(Duration deadline) { impl_->stop(deadline); }

ServerStats Server::stats() const noexcept {
  const detail::Counters& counters = impl_->counters();
  return {.connections_open = counters.connections_open.load(),
          .requests_in_flight = counters.requests_in_flight.load(),
          .requests_total = counters.requests_total.load(),
          .requests_refused_total = counters.requests_refused_total.load()};
}

Responder::Responder(std::shared_ptr<detail::Mailbox> mailbox,
                     std::weak_ptr<detail::Connection> connection, std::uint64_t sequence,
                     std::size_t body_bytes, const Admission& admission, std::shared_ptr<Pipe> body)
    : mailbox_(std::move(mailbox)),
      connection_(std::move(connection)),
      sequence_(sequence),
      body_bytes_(body_bytes),
      admission_(admission),
      body_(std::move(body)) {}

Responder::Responder(std::function<void(http::Response)> respond) : respond_(std::move(respond)) {}

// A moved std::function may keep what it holds.
Responder::Responder(Responder&& other) noexcept
    : mailbox_(std::move(other.mailbox_)),
      connection_(std::move(other.connection_)),
      sequence_(other.sequence_),
      body_bytes_(other.body_bytes_),
      admission_(other.admission_),
      body_(std::move(other.body_)),
      counted_(other.counted_),
      respond_(std::exchange(other.respond_, nullptr)) {}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

Responder::~Responder() {
  if (!mailbox_ && !respond_) return;
  (*this)(error_response(500, error_names::k_internal, "the request was not answered"));
}

void Responder::operator()(http::Response response) {
  if (const auto respond = std::exchange(respond_, nullptr)) return respond(std::move(response));
  const auto mailbox = std::move(mailbox_);
  if (!mailbox) return;
  mailbox->counters->bodies_bytes.fetch_sub(body_bytes_, std::memory_order_relaxed);
  if (counted_) mailbox->counters->requests_in_flight.fetch_sub(1, std::memory_order_relaxed);
  mailbox->deliver({std::move(connection_), sequence_, std::move(response), nullptr, false});
}

std::shared_ptr<Pipe> Responder::begin(http::Response head, bool is_event_stream) {
  if (respond_) {
    (*this)(error_response(500, error_names::k_internal, "the answer would come in pieces"));
    return nullptr;
  }
  const auto mailbox = std::move(mailbox_);
  if (!mailbox) return nullptr;
  mailbox->counters->bodies_bytes.fetch_sub(body_bytes_, std::memory_order_relaxed);
  if (counted_) mailbox->counters->requests_in_flight.fetch_sub(1, std::memory_order_relaxed);
  auto pipe = std::make_shared<Pipe>();
  if (connection_.expired()) pipe->close();
  pipe->set_wake([mailbox, connection = connection_] { mailbox->nudge(connection); });
  mailbox->deliver({std::move(connection_), sequence_, std::move(head), pipe, is_event_stream});
  return pipe;
}

void Responder::mark_waiting() {
  if (!mailbox_ || !counted_) return;
  counted_ = false;
  mailbox_->counters->requests_in_flight.fetch_sub(1, std::memory_order_relaxed);
  if (const auto connection = connection_.lock()) connection->mark_waiting(sequence_);
}

}  // namespace eventual::gateway
