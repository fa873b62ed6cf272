#include "client/connection.hpp"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

namespace eventual::client::detail {
namespace {

std::chrono::steady_clock::duration limited(Duration limit) {
  constexpr auto k_longest = std::chrono::hours(24 * 365);
  return std::min<Duration>(limit, k_longest);
}

bool is_address(const std::string& host) {
  ErrorCode code;
  asio::ip::make_address(host, code);
  return !code;
}

}  // namespace

Connection::Connection(const Url& url, asio::ssl::context* tls) : url_(url) {
  if (tls != nullptr) {
    tls_.emplace(io_, *tls);
  } else {
    plain_.emplace(io_);
  }
}

template <class Start>
ErrorCode Connection::wait(Start start) {
  if (stopped_) return asio::error::operation_aborted;
  ErrorCode result = asio::error::operation_aborted;
  start([&result](ErrorCode code, auto&&...) { result = code; });
  io_.restart();
  io_.run();
  return stopped_ ? ErrorCode(asio::error::operation_aborted) : result;
}

ErrorCode Connection::connect(Duration limit) {
  const auto deadline = std::chrono::steady_clock::now() + limited(limit);
  asio::ip::tcp::resolver::results_type addresses;
  // The system's resolver has no time limit: it goes on in a thread of its own when ours has
  // passed.
  bool resolved = false;
  ErrorCode code;
  resolver_.async_resolve(url_.host, std::to_string(url_.port),
                          asio::ip::tcp::resolver::numeric_service,
                          [&](ErrorCode failed, asio::ip::tcp::resolver::results_type found) {
                            code = failed;
                            addresses = std::move(found);
                            resolved = true;
                          });
  io_.restart();
  while (!resolved && !stopped_ && io_.run_one_until(deadline) > 0) {
  }
  if (!resolved) {
    resolver_.cancel();
    io_.restart();
    io_.run();
    return stopped_ ? ErrorCode(asio::error::operation_aborted) : beast::error::timeout;
  }
  if (code) return code;

  tcp().expires_at(deadline);
  code = wait([&](auto done) { tcp().async_connect(addresses, std::move(done)); });
  if (code) return code;
  ErrorCode ignored;
  tcp().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  ::fcntl(tcp().socket().native_handle(), F_SETFD, FD_CLOEXEC);  // programs we start go without
  if (!tls_) return {};

  if (!is_address(url_.host) &&
      SSL_set_tlsext_host_name(tls_->native_handle(), url_.host.c_str()) != 1) {
    return asio::error::invalid_argument;
  }
  tls_->set_verify_callback(asio::ssl::host_name_verification(url_.host));
  return wait(
      [&](auto done) { tls_->async_handshake(asio::ssl::stream_base::client, std::move(done)); });
}

ErrorCode Connection::write(BeastRequest& request, Duration limit) {
  beast::http::request_serializer<beast::http::string_body> serializer(request);
  while (!serializer.is_done()) {
    tcp().expires_after(limited(limit));
    const ErrorCode code = wait([&](auto done) {
      if (tls_) {
        beast::http::async_write_some(*tls_, serializer, std::move(done));
      } else {
        beast::http::async_write_some(*plain_, serializer, std::move(done));
      }
    });
    if (code) return code;
  }
  return {};
}

ErrorCode Connection::read_some(ResponseParser& parser, Duration limit) {
  tcp().expires_after(limited(limit));
  return wait([&](auto done) {
    if (tls_) {
      beast::http::async_read_some(*tls_, buffer_, parser, std::move(done));
    } else {
      beast::http::async_read_some(*plain_, buffer_, parser, std::move(done));
    }
  });
}

bool Connection::stale() {
  if (buffer_.size() > 0) return true;
  char byte = 0;
  const ssize_t size = ::recv(tcp().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

Connection::StopGuard::StopGuard(Connection& connection, const std::stop_token& stop)
    : connection_(connection) {
  if (!stop.stop_possible()) return;
  callback_.emplace(stop, [&connection] {
    asio::post(connection.io_, [&connection] {
      connection.stopped_ = true;
      connection.resolver_.cancel();
      connection.tcp().cancel();
    });
  });
}

Connection::StopGuard::~StopGuard() {
  if (!callback_) return;
  callback_.reset();  // waits for one that runs
  connection_.io_.restart();
  connection_.io_.poll();
}

}  // namespace eventual::client::detail
