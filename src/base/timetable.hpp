// When something that repeats is due: cron expressions in a time zone, or even intervals.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time_zone.hpp"
#include "eventual/error.hpp"
#include "eventual/time.hpp"

namespace eventual::base {

/// A cron expression of five fields: minute, hour, day of the month, month, day of the week.
class Cron {
 public:
  /// Numbers, names (JAN, MON), ranges, lists, steps, and @hourly to @yearly. Where both days are
  /// given one of them suffices. InvalidInput says what is wrong, also when it would never be due.
  static Result<Cron> parse(std::string_view expression);

  /// The first time after `after` that it names; nothing within the next forty years.
  std::optional<LocalTime> next(LocalTime after) const;
  bool on_day(std::chrono::sys_days day) const;
  bool at_minute(int hour, int minute) const noexcept {
    return (hours_ >> hour & 1) != 0 && (minutes_ >> minute & 1) != 0;
  }
  bool every_hour() const noexcept { return hours_ == (1U << 24) - 1; }

 private:
  std::uint64_t minutes_ = 0;
  std::uint32_t hours_ = 0;
  std::uint32_t days_ = 0;
  std::uint32_t months_ = 0;
  std::uint32_t weekdays_ = 0;
  bool either_day_ = false;  ///< both days are restricted
};

/// Instants that follow one another. Hours that daylight saving skips or doubles: what names its
/// hours runs once, at the first instant after a gap and in the first of two equal hours; what runs
/// in every hour follows real time.
class Timetable {
 public:
  static Result<Timetable> cron(std::string_view expression, std::string_view time_zone);
  /// Multiples of `interval` since 1970. InvalidInput below one second.
  static Result<Timetable> every(Duration interval);

  /// The first instant after `after`; nothing when there is none within about forty years.
  std::optional<Timestamp> next(Timestamp after) const;

 private:
  Timetable(Cron cron, TimeZone zone, Duration interval)
      : cron_(cron), zone_(zone), interval_(interval) {}
  std::optional<Timestamp> first_of_day(std::chrono::sys_days day, Timestamp after) const;

  Cron cron_;
  TimeZone zone_;
  Duration interval_;  // zero: cron
};

}  // namespace eventual::base
