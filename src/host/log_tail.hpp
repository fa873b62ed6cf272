// The newest lines of the service's log, kept in memory for people who ask for them over HTTP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "engine/engine.hpp"
#include "eventual/options.hpp"
#include "eventual/time.hpp"
#include "gateway/log_lines.hpp"

namespace eventual::host {

inline constexpr std::size_t k_log_tail_lines_max = 10'000;
inline constexpr std::size_t k_log_tail_bytes_max = 4U << 20;  // of messages and execution ids
inline constexpr std::size_t k_log_tail_message_bytes_max = 16U << 10;  // longer ones are cut

/// A ring: beyond its limits the oldest lines are forgotten. Thread rule: any thread may call.
class LogTail {
 public:
  /// Keeps a line under the next number; the first is 1.
  void add(LogLevel level, std::string_view execution_id, std::string_view message, Timestamp at);

  /// Tells `listener` of each line that is added from now on, in order, on the thread that logs. It
  /// must neither block nor log. Call it before lines are added.
  void listen(std::function<void(const gateway::LogLine&)> listener) {
    listener_ = std::move(listener);
  }

  /// The lines after a number, oldest first; of those that are left when there are more than the
  /// limit, the newest where `after` is 0, else the oldest.
  gateway::LogLines read(const gateway::LogRequest& request) const;

 private:
  mutable std::mutex mutex_;
  std::deque<gateway::LogLine> lines_;
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;
  std::function<void(const gateway::LogLine&)> listener_;
};

/// A sink that writes to `next` and keeps what is at least `least` in `tail`, which must outlive
/// it.
engine::LogSink keep_lines(engine::LogSink next, LogTail& tail, LogLevel least);

}  // namespace eventual::host
