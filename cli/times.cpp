#include "cli/times.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>

#include "gateway/text.hpp"

namespace eventual::cli {
namespace {

using eventual::Duration;
using eventual::Error;
using eventual::Result;
using eventual::Timestamp;
using namespace std::chrono_literals;

constexpr double k_longest_ms = 1000.0 * 365 * 24 * 3600 * 1000;  // a thousand years

Error bad_duration(std::string_view text) {
  return {std::string(eventual::error_names::k_invalid_input),
          fmt::format("\"{}\" is no duration; write 500ms, 90s, 15m, 2h, 1d12h", text)};
}

Error bad_time(std::string_view text) {
  return {std::string(eventual::error_names::k_invalid_input),
          fmt::format("\"{}\" is no time; write 2h (ago), yesterday, 2026-01-31, "
                      "2026-01-31T12:00:00Z or with +02:00",
                      text)};
}

/// Milliseconds of a unit, or 0.
double unit_ms(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s" || unit == "sec") return 1000;
  if (unit == "m" || unit == "min") return 60'000;
  if (unit == "h") return 3'600'000;
  if (unit == "d") return 86'400'000;
  if (unit == "w") return 7 * 86'400'000.0;
  return 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string two_units(std::int64_t large, std::string_view large_unit, std::int64_t small,
                      std::string_view small_unit) {
  return small == 0 ? fmt::format("{} {}", large, large_unit)
                    : fmt::format("{} {} {} {}", large, large_unit, small, small_unit);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  std::string_view rest = eventual::gateway::trim(text);
  if (rest.empty()) return bad_duration(text);
  double total = 0;
  while (!rest.empty()) {
    double number = 0;
    const auto [end, code] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (code != std::errc() || !is_digit(rest.front())) return bad_duration(text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    std::size_t letters = 0;
    while (letters < rest.size() && rest[letters] >= 'a' && rest[letters] <= 'z') ++letters;
    const double unit = unit_ms(rest.substr(0, letters));
    if (unit == 0) return bad_duration(text);
    total += number * unit;
    rest.remove_prefix(letters);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  if (total > k_longest_ms) return bad_duration(text);
  return Duration(static_cast<std::int64_t>(std::llround(total)));
}

Result<Timestamp> parse_time(std::string_view text, Timestamp now) {
  std::string_view rest = eventual::gateway::trim(text);
  const auto day = std::chrono::floor<std::chrono::days>(now);
  if (rest == "now") return now;
  if (rest == "today") return Timestamp(day);
  if (rest == "yesterday") return Timestamp(day - 24h);
  if (rest.size() >= 10 && rest[4] == '-' && rest[7] == '-') {
    std::string full(rest);
    if (full.size() > 10 && full[10] == ' ') full[10] = 'T';
    if (full.size() == 10) full += "T00:00:00Z";
    const std::size_t clock = 11;
    const std::size_t zone = full.find_first_of("Z+-", clock);
    std::string time = full.substr(clock, zone == std::string::npos ? zone : zone - clock);
    const std::string zone_text = zone == std::string::npos ? "Z" : full.substr(zone);
    if (time.size() == 5) time += ":00";
    const Result<Timestamp> parsed =
        eventual::parse_iso8601(full.substr(0, clock) + time + zone_text);
    return parsed ? parsed : Result<Timestamp>(bad_time(text));
  }
  if (rest.ends_with(" ago")) rest.remove_suffix(4);
  const Result<Duration> ago = parse_duration(rest);
  if (!ago) return bad_time(text);
  return now - *ago;
}

std::string show_duration(Duration duration) {
  const std::int64_t ms = duration.count();
  if (ms < 0) return "-" + show_duration(-duration);
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 10'000) {
    const std::int64_t tenths = ms / 100;
    return tenths % 10 == 0 ? fmt::format("{} s", tenths / 10)
                            : fmt::format("{}.{} s", tenths / 10, tenths % 10);
  }
  const std::int64_t s = ms / 1000;
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return two_units(s / 60, "m", s % 60, "s");
  if (s < 86'400) return two_units(s / 3600, "h", s % 3600 / 60, "m");
  return two_units(s / 86'400, "d", s % 86'400 / 3600, "h");
}

std::string show_relative(Timestamp time, Timestamp now) {
  if (time > now) return time - now < 1s ? "now" : "in " + show_duration(time - now);
  return now - time < 1s ? "just now" : show_duration(now - time) + " ago";
}

Timestamp now() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

}  // namespace eventual::cli
