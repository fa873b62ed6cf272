// One request on its way through a handler: what its body is read from and how it is answered.
#pragma once

#include <functional>
#include <memory>

#include "eventual/http.hpp"
#include "gateway/pipe.hpp"

namespace eventual::gateway {

/// Copies mean the same request. Any thread; nothing here blocks.
struct Exchange {
  /// Answers; only the first answer of a request counts.
  std::function<void(http::Response)> respond{};
  /// Answers with a head whose body is written into the pipe that it returns. Null when the request
  /// is answered already. Absent where no answer comes in pieces.
  std::function<std::shared_ptr<Pipe>(http::Response head, bool is_event_stream)> begin{};
  /// What the body is read from; null where it is part of the request. Shared with the connection.
  std::shared_ptr<Pipe> body{};
};

}  // namespace eventual::gateway
