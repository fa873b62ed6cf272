#include "host/log_tail.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace eventual::host {
namespace {

std::vector<std::uint64_t> numbers(const gateway::LogLines& lines) {
  std::vector<std::uint64_t> result;
  for (const gateway::LogLine& line : lines.lines) result.push_back(line.number);
  return result;
}

TEST(LogTail, GivesTheNewestLinesAndThenWhatFollows) {
  LogTail tail;
  for (int i = 1; i <= 5; ++i) tail.add(LogLevel::info, "", std::to_string(i), Timestamp());
  auto found = tail.read({.after = 0, .limit = 2, .execution_id = {}});
  EXPECT_EQ(numbers(found), (std::vector<std::uint64_t>{4, 5}));
  EXPECT_EQ(found.next, 5U);
  EXPECT_TRUE(numbers(tail.read({.after = 5, .execution_id = {}})).empty());
  tail.add(LogLevel::info, "", "6\n", Timestamp());
  found = tail.read({.after = 5, .execution_id = {}});
  EXPECT_EQ(numbers(found), (std::vector<std::uint64_t>{6}));
  EXPECT_EQ(found.lines[0].message, "6");
  EXPECT_FALSE(found.missed);
}

TEST(LogTail, GoesOnPageByPageWithoutAGap) {
  LogTail tail;
  for (int i = 1; i <= 5; ++i) tail.add(LogLevel::info, "", "x", Timestamp());
  auto found = tail.read({.after = 1, .limit = 2, .execution_id = {}});
  EXPECT_EQ(numbers(found), (std::vector<std::uint64_t>{2, 3}));
  found = tail.read({.after = found.next, .limit = 2, .execution_id = {}});
  EXPECT_EQ(numbers(found), (std::vector<std::uint64_t>{4, 5}));
  EXPECT_EQ(found.next, 5U);
}

TEST(LogTail, ChoosesByLevelAndExecution) {
  LogTail tail;
  tail.add(LogLevel::debug, "a/1", "one", Timestamp());
  tail.add(LogLevel::warn, "a/1", "two", Timestamp());
  tail.add(LogLevel::error, "a/2", "three", Timestamp());
  EXPECT_EQ(numbers(tail.read({.least = LogLevel::warn, .execution_id = "a/1"})),
            (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(numbers(tail.read({.least = LogLevel::warn, .execution_id = {}})),
            (std::vector<std::uint64_t>{2, 3}));
}

TEST(LogTail, ForgetsTheOldestAndSaysSo) {
  LogTail tail;
  for (std::size_t i = 0; i < k_log_tail_lines_max + 10; ++i) {
    tail.add(LogLevel::info, "", "x", Timestamp());
  }
  EXPECT_TRUE(tail.read({.after = 5, .execution_id = {}}).missed);
  EXPECT_FALSE(tail.read({.after = 10, .execution_id = {}}).missed);
  EXPECT_EQ(numbers(tail.read({.after = 5, .limit = 1, .execution_id = {}})),
            (std::vector<std::uint64_t>{11}));

  LogTail small;
  for (int i = 0; i < 300; ++i) {
    small.add(LogLevel::info, "", std::string(k_log_tail_message_bytes_max * 2, 'x'), Timestamp());
  }
  const auto found = small.read({.after = 0, .limit = 1000, .execution_id = {}});
  EXPECT_EQ(found.lines.size(), k_log_tail_bytes_max / k_log_tail_message_bytes_max);
  EXPECT_EQ(found.lines[0].message.size(), k_log_tail_message_bytes_max);
}

TEST(LogTail, KeepsWhatTheLogShowsAndPassesItOn) {
  LogTail tail;
  std::string passed;
  const engine::LogSink sink =
      keep_lines([&](LogLevel, std::string_view, std::string_view message) { passed += message; },
                 tail, LogLevel::info);
  sink(LogLevel::debug, {}, "quiet ");
  sink(LogLevel::info, "a/1", "said");
  EXPECT_EQ(passed, "quiet said");
  const auto found = tail.read({.after = 0, .execution_id = {}});
  ASSERT_EQ(found.lines.size(), 1U);
  EXPECT_EQ(found.lines[0].execution_id, "a/1");
}

}  // namespace
}  // namespace eventual::host
