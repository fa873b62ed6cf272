#include "host/log_tail.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace eventual::host {

using gateway::LogLine;
using gateway::LogLines;
using gateway::LogRequest;

void LogTail::add(LogLevel level, std::string_view execution_id, std::string_view message,
                  Timestamp at) {
  while (message.ends_with('\n')) message.remove_suffix(1);
  message = message.substr(0, k_log_tail_message_bytes_max);
  LogLine line{.number = 0,
               .at = at,
               .level = level,
               .execution_id = std::string(execution_id),
               .message = std::string(message)};
  const std::lock_guard lock(mutex_);
  line.number = next_++;
  bytes_ += line.execution_id.size() + line.message.size();
  lines_.push_back(std::move(line));
  if (listener_) listener_(lines_.back());
  while (lines_.size() > k_log_tail_lines_max || bytes_ > k_log_tail_bytes_max) {
    bytes_ -= lines_.front().execution_id.size() + lines_.front().message.size();
    lines_.pop_front();
  }
}

LogLines LogTail::read(const LogRequest& request) const {
  const auto wanted = [&](const LogLine& line) {
    return line.number > request.after && line.level >= request.least &&
           (request.execution_id.empty() || line.execution_id == request.execution_id);
  };
  LogLines found;
  const std::lock_guard lock(mutex_);
  found.next = next_ - 1;
  if (request.after == 0) {
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
      if (found.lines.size() == request.limit) break;
      if (wanted(*line)) found.lines.push_back(*line);
    }
    std::reverse(found.lines.begin(), found.lines.end());
    return found;
  }
  found.missed = !lines_.empty() && request.after + 1 < lines_.front().number;
  for (const LogLine& line : lines_) {
    if (!wanted(line)) continue;
    if (found.lines.size() == request.limit) {
      found.next = found.lines.back().number;
      break;
    }
    found.lines.push_back(line);
  }
  return found;
}

engine::LogSink keep_lines(engine::LogSink next, LogTail& tail, LogLevel least) {
  return [next = std::move(next), &tail, least](LogLevel level, std::string_view execution_id,
                                                std::string_view message) {
    if (level >= least) {
      tail.add(level, execution_id, message,
               std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
    }
    next(level, execution_id, message);
  };
}

}  // namespace eventual::host
