// Schedules: workflows that are started again and again, by a cron expression or at even intervals.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventual/future.hpp"
#include "eventual/time.hpp"

namespace eventual {

/// When a schedule is due.
struct Timetable {
  std::string cron;       ///< empty: even intervals
  std::string time_zone;  ///< of the cron expression
  Duration interval{};    ///< multiples of it since 1970-01-01T00:00:00Z
};

/// A cron expression of five fields (minute, hour, day of the month, month, day of the week) with
/// numbers, names, ranges, lists and steps, on the wall clock of a zone of the system's tz
/// database. What is wrong with it is reported when the service starts. A time that daylight saving
/// skips runs at the first instant after the gap; one that it doubles runs once, the first time. An
/// expression that runs in every hour follows real time instead.
inline Timetable cron(std::string expression, std::string time_zone = "UTC") {
  return {std::move(expression), std::move(time_zone), Duration(0)};
}

/// Even intervals of at least one second, counted from 1970-01-01T00:00:00Z, so that a restart does
/// not shift them.
inline Timetable every(Duration interval) { return {{}, {}, interval}; }

/// What happens at a time when an execution of the schedule is still open.
enum class Overlap : std::uint8_t {
  skip,    ///< nothing: the time is counted as skipped
  buffer,  ///< one waits until it has closed; more are skipped
  allow,   ///< another one starts beside it
  cancel,  ///< it is cancelled, and the new one starts when it has closed
};

struct ScheduleOptions {
  Overlap overlap = Overlap::skip;
  /// Times that were missed while the service was down, or later than this for another reason, are
  /// not made up for. At least one second. A larger value lets more of them start at once after a
  /// long outage.
  Duration catch_up_window = std::chrono::minutes(10);
  std::optional<Duration> timeout{};  ///< of each execution; absent: the workflow's
  bool paused = false;                ///< as it is first seen; afterwards pause and resume decide
  std::string description{};
};

namespace detail {
SlotRef act_on_schedule(ScheduleCall call);
void decode_ids(std::string_view json, void* ids);
}  // namespace detail

/// A schedule of a service. A literal value: copy it freely. Its operations are for handlers; a
/// workflow may not use them. Each fails with NotFound where the service has no such schedule.
class Schedule {
 public:
  /// Names a schedule that is declared elsewhere. `name` must outlive the handle.
  explicit constexpr Schedule(std::string_view name) noexcept : name_(name) {}

  std::string_view name() const noexcept { return name_; }

  /// No time starts anything until it is resumed. Durable.
  Future<void> pause(std::string reason = {}) const {
    return Future<void>(detail::act_on_schedule({.kind = detail::ScheduleCall::Kind::pause,
                                                 .schedule = name_,
                                                 .reason = std::move(reason)}));
  }
  /// Goes on with the next time after now; times that passed meanwhile are not made up for.
  Future<void> resume() const {
    return Future<void>(
        detail::act_on_schedule({.kind = detail::ScheduleCall::Kind::resume, .schedule = name_}));
  }
  /// Starts one now, under the overlap policy, also while it is paused. Gives the ids of what it
  /// started: one or none.
  Future<std::vector<std::string>> trigger() const {
    return Future<std::vector<std::string>>(
        detail::act_on_schedule({.kind = detail::ScheduleCall::Kind::trigger,
                                 .schedule = name_,
                                 .decode = &detail::decode_ids}));
  }
  /// Starts one for each time from `from` to `to`, both included, that has none yet, all at once.
  /// At most 1000: LimitExceeded. Gives the ids of what it started.
  Future<std::vector<std::string>> backfill(Timestamp from, Timestamp to) const {
    return Future<std::vector<std::string>>(
        detail::act_on_schedule({.kind = detail::ScheduleCall::Kind::backfill,
                                 .schedule = name_,
                                 .from = from,
                                 .to = to,
                                 .decode = &detail::decode_ids}));
  }

 private:
  std::string_view name_;
};

}  // namespace eventual
