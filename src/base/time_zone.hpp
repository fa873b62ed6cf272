// Time zones of the system's tz database, so that local times have instants.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "eventual/error.hpp"
#include "eventual/time.hpp"

namespace eventual::base {

/// A wall clock's reading: what a sys_time of the same number would show.
using LocalTime = std::chrono::sys_time<std::chrono::minutes>;

/// A literal value over the database, which lives as long as the process.
class TimeZone {
 public:
  /// By its name in the database ("Europe/Vienna"); "UTC" needs no database. InvalidInput when it
  /// is not there.
  static Result<TimeZone> find(std::string_view name);

  /// The time around an instant in which the offset from UTC does not change.
  struct Period {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset;
  };
  Period at(Timestamp time) const;

  /// The instants that a wall clock shows as `local`: two when the hour is doubled, none when it is
  /// skipped (then `first` is the first instant after the gap).
  struct Instants {
    Timestamp first;
    std::optional<Timestamp> second;
    bool skipped = false;
  };
  Instants instants_of(LocalTime local) const;

 private:
  explicit TimeZone(const void* zone) noexcept : zone_(zone) {}
  const void* zone_;  // of the database; null for UTC
};

}  // namespace eventual::base
