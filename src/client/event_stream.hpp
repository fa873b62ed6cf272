// Server-sent events, as they arrive in pieces.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace eventual::client {

struct ServerSentEvent {
  std::string event = "message";
  std::string data;
  std::string id;  ///< the last one that the stream gave
};

/// Reads text/event-stream. Belongs to one thread.
class EventStreamReader {
 public:
  /// Takes the next bytes and gives each event that they complete. False as soon as `take` gives
  /// false.
  bool feed(std::string_view bytes, const std::function<bool(const ServerSentEvent&)>& take);

 private:
  void take_line(std::string_view line);

  std::string line_;  // not yet complete
  ServerSentEvent event_;
  bool has_data_ = false;
  bool after_carriage_return_ = false;
};

}  // namespace eventual::client
