#include "eventual/time.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdlib>

namespace eventual {
namespace {

// Reads the parts of a fixed-width text from left to right; after a failure the rest fails too.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    if (rest_.size() < count) return fail();
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  bool accept(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char expected) {
    if (!accept(expected)) fail();
  }

  // The digits after a decimal point, cut to milliseconds.
  int fraction_ms() {
    int value = 0;
    int scale = 100;
    if (rest_.empty() || !is_digit(rest_.front())) return fail();
    while (!rest_.empty() && is_digit(rest_.front())) {
      value += scale * (rest_.front() - '0');
      scale /= 10;
      rest_.remove_prefix(1);
    }
    return value;
  }

  bool finished() const { return !failed_ && rest_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  int fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

std::string to_iso8601(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const int year = static_cast<int>(date.year());
  // ISO 8601 wants four digits, or a sign and more.
  const std::string_view sign = year < 0 ? "-" : year > 9999 ? "+" : "";
  return fmt::format("{}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", sign, std::abs(year),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<Timestamp> parse_iso8601(std::string_view text) {
  Scanner scanner(text);
  const int year = scanner.digits(4);
  scanner.expect('-');
  const int month = scanner.digits(2);
  scanner.expect('-');
  const int day = scanner.digits(2);
  if (!scanner.accept('t')) scanner.expect('T');
  const int hour = scanner.digits(2);
  scanner.expect(':');
  const int minute = scanner.digits(2);
  scanner.expect(':');
  const int second = scanner.digits(2);
  const int fraction_ms = scanner.accept('.') ? scanner.fraction_ms() : 0;

  std::chrono::minutes offset{0};
  bool offset_in_range = true;
  if (!scanner.accept('Z') && !scanner.accept('z')) {
    const bool east = scanner.accept('+');
    if (!east) scanner.expect('-');
    const int offset_hours = scanner.digits(2);
    scanner.expect(':');
    const int offset_minutes = scanner.digits(2);
    offset_in_range = offset_hours <= 23 && offset_minutes <= 59;
    offset = std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes);
    if (!east) offset = -offset;
  }

  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!scanner.finished() || !date.ok() || hour > 23 || minute > 59 || second > 59 ||
      !offset_in_range) {
    return Error(std::string(error_names::k_invalid_input),
                 fmt::format("not an ISO 8601 time with a zone: \"{}\"", text.substr(0, 64)));
  }
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) + Duration(fraction_ms) -
         offset;
}

}  // namespace eventual
