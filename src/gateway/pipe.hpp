// Bytes of one body on their way between a connection and a handler, a bounded number at a time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "eventual/detail/middleware.hpp"
#include "eventual/http.hpp"

namespace eventual::gateway {

/// One side puts, the other takes; each from a thread of its own. The side of the connection never
/// blocks: it is told by `wake` when it can go on.
class Pipe {
 public:
  /// More is not taken before the other side has read some.
  static constexpr std::size_t k_bytes_max = 256U * 1024;

  /// Called on the handler's thread; must not block.
  void set_wake(std::function<void()> wake);

  // --- of a request's body: the connection puts, the handler reads ---
  /// `bytes` may be more than there is room for; ask full() before the next.
  void put(std::string_view bytes);
  bool full() const;
  /// Bytes that are put or written and not yet taken.
  std::size_t size() const;
  void end();
  /// Nothing more comes, for this reason.
  void fail(const http::HttpError& error);
  /// Blocks for the next bytes; empty at the end. Throws what it failed with.
  std::string read();

  // --- of an answer's body: the handler writes, the connection takes ---
  /// Blocks while it is full. Throws Closed when the connection is gone.
  void write(std::string_view bytes);
  /// The answer is whole, or (false) is given up.
  void finish(bool whole);
  /// What there is, moved behind `out`.
  enum class State { more, whole, given_up };
  State take(std::string& out);
  /// Nobody takes any more: writes throw.
  void close();
  bool closed() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> wake_;
  std::string bytes_;
  State state_ = State::more;
  std::optional<http::HttpError> failure_;
  bool closed_ = false;
};

}  // namespace eventual::gateway
