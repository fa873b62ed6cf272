// One connection of an HTTP client: blocking operations with time limits. Belongs to one call at a
// time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "client/url.hpp"
#include "eventual/time.hpp"

namespace eventual::client::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ErrorCode = boost::system::error_code;
using BeastRequest = beast::http::request<beast::http::string_body>;
using ResponseParser = beast::http::response_parser<beast::http::string_body>;

class Connection {
 public:
  /// `tls` only where the URL asks for it; it must outlive this object.
  Connection(const Url& url, asio::ssl::context* tls);

  /// Name, address and TLS handshake, all within `limit`.
  ErrorCode connect(Duration limit);
  /// Sends the whole request; `limit` is for each progress.
  ErrorCode write(BeastRequest& request, Duration limit);
  /// Reads something of the answer.
  ErrorCode read_some(ResponseParser& parser, Duration limit);

  /// The other side ended it, or sent what nobody asked for.
  bool stale();
  std::chrono::steady_clock::time_point idle_since{};

  /// While it lives, `stop` ends what the connection does.
  class StopGuard {
   public:
    StopGuard(Connection& connection, const std::stop_token& stop);
    ~StopGuard();
    StopGuard(const StopGuard&) = delete;
    StopGuard& operator=(const StopGuard&) = delete;

   private:
    Connection& connection_;
    std::optional<std::stop_callback<std::function<void()>>> callback_;
  };

 private:
  beast::tcp_stream& tcp() { return tls_ ? tls_->next_layer() : *plain_; }
  template <class Start>
  ErrorCode wait(Start start);

  Url url_;
  asio::io_context io_{1};
  asio::ip::tcp::resolver resolver_{io_};
  std::optional<beast::tcp_stream> plain_;
  std::optional<beast::ssl_stream<beast::tcp_stream>> tls_;
  beast::flat_buffer buffer_;
  bool stopped_ = false;
};

}  // namespace eventual::client::detail
