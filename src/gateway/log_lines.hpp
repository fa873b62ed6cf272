// Lines of the service's log, as GET /_eventual/logs asks for them and answers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "eventual/options.hpp"
#include "eventual/time.hpp"

namespace eventual::gateway {

struct LogLine {
  std::uint64_t number = 0;
  Timestamp at{};
  LogLevel level = LogLevel::info;
  std::string execution_id;  ///< empty: of none
  std::string message;
};

struct LogRequest {
  std::uint64_t after = 0;  ///< a number; 0: from the newest `limit` lines on
  std::uint32_t limit = 200;
  LogLevel least = LogLevel::trace;
  std::string execution_id;  ///< empty: all lines
};

struct LogLines {
  std::vector<LogLine> lines;  ///< oldest first
  std::uint64_t next = 0;      ///< give it as `after` to go on
  bool missed = false;         ///< lines after `after` were forgotten before they were asked for
};

/// Gives lines; called on an I/O thread, must not block.
using ReadLog = std::function<LogLines(const LogRequest& request)>;

}  // namespace eventual::gateway
