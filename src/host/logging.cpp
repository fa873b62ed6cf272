#include "host/logging.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/text.hpp"

namespace eventual::host {
namespace {

constexpr std::array<std::string_view, 5> k_level_names{"trace", "debug", "info", "warn", "error"};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string line_of(LogLevel level, std::string_view execution_id, std::string_view message,
                    bool json) {
  const std::string time =
      to_iso8601(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
  const std::string_view name = k_level_names[static_cast<std::size_t>(level)];
  if (!json) {
    return execution_id.empty() ? fmt::format("{} {:<5} {}", time, name, message)
                                : fmt::format("{} {:<5} {}: {}", time, name, execution_id, message);
  }
  std::string line = fmt::format(R"({{"time":"{}","level":"{}")", time, name);
  if (!execution_id.empty()) {
    line += R"(,"execution_id":)";
    gateway::append_json_string(line, execution_id);
  }
  line += R"(,"message":)";
  gateway::append_json_string(line, message);
  line += '}';
  return line;
}

}  // namespace

engine::LogSink make_log(LogLevel least, bool json) {
  // shared: std::function must be copyable.
  auto logger = std::make_shared<spdlog::logger>("eventual",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(to_spdlog(least));
  logger->flush_on(spdlog::level::trace);
  return [logger, json](LogLevel level, std::string_view execution_id, std::string_view message) {
    const spdlog::level::level_enum spdlog_level = to_spdlog(level);
    if (!logger->should_log(spdlog_level)) return;
    while (message.ends_with('\n')) message.remove_suffix(1);
    logger->log(spdlog_level, spdlog::string_view_t(line_of(level, execution_id, message, json)));
  };
}

}  // namespace eventual::host
