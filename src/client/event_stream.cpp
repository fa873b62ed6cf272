#include "client/event_stream.hpp"

#include <utility>

namespace eventual::client {

void EventStreamReader::take_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.event = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  }
}

bool EventStreamReader::feed(std::string_view bytes,
                             const std::function<bool(const ServerSentEvent&)>& take) {
  for (const char c : bytes) {
    if (c == '\n' && std::exchange(after_carriage_return_, false)) continue;
    after_carriage_return_ = c == '\r';
    if (c != '\n' && c != '\r') {
      line_ += c;
      continue;
    }
    if (!line_.empty()) {
      take_line(line_);
      line_.clear();
      continue;
    }
    if (has_data_) {
      const ServerSentEvent event = event_;
      event_.data.clear();
      event_.event = "message";
      has_data_ = false;
      if (!take(event)) return false;
    } else {
      event_.event = "message";
    }
  }
  return true;
}

}  // namespace eventual::client
