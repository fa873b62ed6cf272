#include "base/timetable.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>

namespace eventual::base {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;

constexpr int k_days_ahead_max = 366 * 40;  // Feb 29 on a given weekday comes within them

struct Field {
  std::string_view name;
  int min;
  int max;
  std::string_view names;  ///< of three letters each, from `min` on
};
constexpr std::array<Field, 5> k_fields{{
    {"minute", 0, 59, ""},
    {"hour", 0, 23, ""},
    {"day of the month", 1, 31, ""},
    {"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
    {"day of the week", 0, 7, "SUNMONTUEWEDTHUFRISAT"},
}};

Error wrong(const Field& field, std::string_view text, std::string_view reason) {
  return Error(
      std::string(error_names::k_invalid_input),
      "the " + std::string(field.name) + " '" + std::string(text) + "' " + std::string(reason));
}

std::optional<int> number(const Field& field, std::string_view text) {
  if (text.size() == 3 && !field.names.empty()) {
    std::string upper;
    for (const char c : text) upper.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
    for (std::size_t i = 0; i < field.names.size(); i += 3) {
      if (field.names.substr(i, 3) == upper) return field.min + static_cast<int>(i / 3);
    }
  }
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

Result<std::uint64_t> parse_item(const Field& field, std::string_view item) {
  const std::string_view whole = item;
  int step = 1;
  const std::size_t slash = item.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view text = item.substr(slash + 1);
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (code != std::errc() || end != text.data() + text.size() || step < 1 || step > field.max)
      return wrong(field, whole, "has a step that is no number from 1 to its largest value");
    item = item.substr(0, slash);
  }
  int first = field.min;
  int last = field.max;
  if (item != "*") {
    const std::size_t dash = item.find('-');
    const auto low = number(field, item.substr(0, dash));
    auto high = low;
    if (dash != std::string_view::npos) {
      high = number(field, item.substr(dash + 1));
    } else if (slash != std::string_view::npos) {
      high = field.max;
    }
    if (!low || !high) return wrong(field, whole, "is neither a number, a range, a step nor '*'");
    if (field.max == 7 && *high == 0 && *low > 0) high = 7;  // to Sunday
    first = *low;
    last = *high;
    if (first < field.min || last > field.max) {
      return wrong(field, whole,
                   "is not from " + std::to_string(field.min) + " to " + std::to_string(field.max));
    }
    if (first > last) return wrong(field, whole, "ends before it begins");
  }
  std::uint64_t bits = 0;
  for (int value = first; value <= last; value += step) bits |= std::uint64_t{1} << value;
  return bits;
}

Result<std::uint64_t> parse_field(const Field& field, std::string_view text) {
  std::uint64_t bits = 0;
  for (;;) {
    const std::size_t comma = text.find(',');
    const auto item = parse_item(field, text.substr(0, comma));
    if (!item) return item.error();
    bits |= *item;
    if (comma == std::string_view::npos) return bits;
    text = text.substr(comma + 1);
  }
}

std::string_view spelled_out(std::string_view expression) {
  if (expression == "@yearly" || expression == "@annually") return "0 0 1 1 *";
  if (expression == "@monthly") return "0 0 1 * *";
  if (expression == "@weekly") return "0 0 * * 0";
  if (expression == "@daily" || expression == "@midnight") return "0 0 * * *";
  if (expression == "@hourly") return "0 * * * *";
  return expression;
}

}  // namespace

Result<Cron> Cron::parse(std::string_view expression) {
  std::string_view rest = spelled_out(expression);
  std::array<std::string_view, 5> texts;
  std::size_t count = 0;
  for (;;) {
    const std::size_t begin = rest.find_first_not_of(" \t");
    if (begin == std::string_view::npos) break;
    rest = rest.substr(begin);
    const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    if (count < texts.size()) texts[count] = rest.substr(0, end);
    ++count;
    rest = rest.substr(end);
  }
  if (count != texts.size()) {
    return Error(std::string(error_names::k_invalid_input),
                 "'" + std::string(expression) + "' has " + std::to_string(count) +
                     " fields; a cron expression has five: minute, hour, day of the month, month, "
                     "day of the week");
  }
  std::array<std::uint64_t, 5> bits{};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto field = parse_field(k_fields[i], texts[i]);
    if (!field) return field.error();
    bits[i] = *field;
  }
  Cron cron;
  cron.minutes_ = bits[0];
  cron.hours_ = static_cast<std::uint32_t>(bits[1]);
  cron.days_ = static_cast<std::uint32_t>(bits[2]);
  cron.months_ = static_cast<std::uint32_t>(bits[3]);
  cron.weekdays_ = static_cast<std::uint32_t>((bits[4] | bits[4] >> 7) & 0x7f);
  cron.either_day_ = !texts[2].starts_with('*') && !texts[4].starts_with('*');
  if (!cron.next(LocalTime(minutes(0)))) {
    return Error(std::string(error_names::k_invalid_input),
                 "'" + std::string(expression) + "' names no day that exists");
  }
  return cron;
}

bool Cron::on_day(sys_days day) const {
  const std::chrono::year_month_day date(day);
  if ((months_ >> static_cast<unsigned>(date.month()) & 1) == 0) return false;
  const bool by_day = (days_ >> static_cast<unsigned>(date.day()) & 1) != 0;
  const bool by_weekday = (weekdays_ >> std::chrono::weekday(day).c_encoding() & 1) != 0;
  return either_day_ ? by_day || by_weekday : by_day && by_weekday;
}

std::optional<LocalTime> Cron::next(LocalTime after) const {
  const LocalTime start = after + minutes(1);
  sys_days day = std::chrono::floor<days>(start);
  int from = static_cast<int>((start - day).count());
  for (int ahead = 0; ahead <= k_days_ahead_max; ++ahead, day += days(1), from = 0) {
    if (!on_day(day)) continue;
    for (int minute = from; minute < 24 * 60;) {
      if ((hours_ >> (minute / 60) & 1) == 0) {
        minute = (minute / 60 + 1) * 60;
      } else if (at_minute(minute / 60, minute % 60)) {
        return LocalTime(day) + minutes(minute);
      } else {
        ++minute;
      }
    }
  }
  return std::nullopt;
}

Result<Timetable> Timetable::cron(std::string_view expression, std::string_view time_zone) {
  const auto parsed = Cron::parse(expression);
  if (!parsed) return parsed.error();
  const auto zone = TimeZone::find(time_zone);
  if (!zone) return zone.error();
  return Timetable(*parsed, *zone, Duration(0));
}

Result<Timetable> Timetable::every(Duration interval) {
  if (interval < Duration(1000) || interval > hours(24 * 366 * 100)) {
    return Error(std::string(error_names::k_invalid_input),
                 "the interval is not from one second to a hundred years");
  }
  return Timetable(Cron(), TimeZone::find("UTC").value(), interval);
}

/// The first instant of a local day that is due and after `after`, where the offset may change.
std::optional<Timestamp> Timetable::first_of_day(sys_days day, Timestamp after) const {
  std::optional<Timestamp> first;
  const auto consider = [&](Timestamp time) {
    if (time > after && (!first || time < *first)) first = time;
  };
  for (int minute = 0; minute < 24 * 60; ++minute) {
    if (!cron_.at_minute(minute / 60, minute % 60)) continue;
    const TimeZone::Instants instants = zone_.instants_of(LocalTime(day) + minutes(minute));
    if (!instants.skipped || !cron_.every_hour()) consider(instants.first);
    if (instants.second && cron_.every_hour()) consider(*instants.second);
  }
  return first;
}

std::optional<Timestamp> Timetable::next(Timestamp after) const {
  if (interval_ > Duration(0)) {
    const Duration since = after.time_since_epoch();
    Duration::rep count = since / interval_;
    if (since < Duration(0) && since % interval_ != Duration(0)) --count;
    if (Duration::max() / interval_ <= count + 1) return std::nullopt;
    return Timestamp(interval_ * (count + 1));
  }
  // Away from changes of the offset the wall clock runs evenly.
  constexpr hours k_near_a_change(26);
  const TimeZone::Period period = zone_.at(after);
  const bool begins_far =
      period.begin == std::chrono::sys_seconds::min() || after > period.begin + k_near_a_change;
  const LocalTime local = std::chrono::floor<minutes>(after + period.offset);
  const std::optional<LocalTime> candidate = cron_.next(local);
  if (!candidate) return std::nullopt;
  const Timestamp time(*candidate - period.offset);
  if (begins_far &&
      (period.end == std::chrono::sys_seconds::max() || time + k_near_a_change < period.end)) {
    return time;
  }
  sys_days day = std::chrono::floor<days>(local) - days(2);
  for (int ahead = 0; ahead <= k_days_ahead_max; ++ahead, day += days(1)) {
    if (!cron_.on_day(day)) continue;
    if (const auto first = first_of_day(day, after)) return first;
  }
  return std::nullopt;
}

}  // namespace eventual::base
