// TLS of one connection, without a socket: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "eventual/error.hpp"

namespace eventual::gateway {

/// Certificate and key, and what is spoken: TLS 1.2 and 1.3, no renegotiation, ALPN http/1.1.
class TlsContext {
 public:
  /// Files in PEM form; the first certificate is the server's, its chain follows. InvalidInput says
  /// which file cannot be used and why.
  static Result<std::shared_ptr<const TlsContext>> load(const std::string& certificate_file,
                                                        const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  explicit TlsContext(void* context) : context_(context) {}
  void* context_;
};

/// The server's side of one connection.
class TlsSession {
 public:
  /// `context` must outlive it.
  explicit TlsSession(const TlsContext& context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Takes what arrived.
  void receive(std::string_view encrypted);
  enum class Status {
    ok,
    wants_more,  ///< nothing to read until more arrives
    ended,       ///< the other side has said that it sends no more
    failed,
  };
  /// Gives what was sent, up to `size` bytes.
  Status read(char* data, std::size_t size, std::size_t& got);
  bool established() const noexcept;

  /// Takes what is to be sent; false when the session has failed.
  bool write(std::string_view plain);
  /// Says that nothing more is sent.
  void end();
  /// Moves what is to go over the wire behind `out`.
  void take_output(std::string& out);
  bool has_output() const noexcept;

 private:
  void* session_;
  void* input_;   // owned by the session
  void* output_;  // likewise
};

}  // namespace eventual::gateway
