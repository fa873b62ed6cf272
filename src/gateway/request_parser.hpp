// Turns the bytes of a connection into requests. Hides the parsing library.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "eventual/http.hpp"

namespace eventual::gateway::detail {

enum class ParseStatus {
  need_more,    ///< all is read that can be; give the unread rest again with more behind it
  header_done,  ///< comes once; the body, if any, follows
  done,         ///< the request is whole
  failed,       ///< see refusal(); the connection cannot go on
};

/// Why a request is refused before anyone handles it.
struct Refusal {
  int status = 0;
  std::string_view name;
  std::string_view message;
};

/// Reads one request after another; reset() between them. Trailers of chunked bodies are dropped.
class RequestParser {
 public:
  explicit RequestParser(std::size_t header_bytes_max);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  struct Step {
    ParseStatus status = ParseStatus::need_more;
    std::size_t consumed = 0;
  };
  Step put(const char* data, std::size_t size);

  /// To be called when the header is done, before the body is put. False, with the refusal, when it
  /// is known to be longer.
  bool limit_body(std::size_t bytes_max);

  /// A request has begun and is not whole.
  bool active() const noexcept;
  bool header_done() const noexcept;

  /// What is read so far; take it by moving from it when done.
  http::Request& request() noexcept;
  const Refusal& refusal() const noexcept;

  bool keep_alive() const noexcept;
  bool is_http_1_0() const noexcept;
  bool expects_continue() const noexcept;  ///< it has a body and "Expect: 100-continue"
  std::size_t host_count() const noexcept;

  void reset() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace eventual::gateway::detail
