#include "base/time_zone.hpp"

#include <date/tz.h>

#include <exception>
#include <string>

namespace eventual::base {
namespace {

const date::time_zone& zone_of(const void* zone) {
  return *static_cast<const date::time_zone*>(zone);
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
  if (name == "UTC") return TimeZone(nullptr);
  try {
    return TimeZone(date::locate_zone(std::string(name)));
  } catch (const std::exception&) {
    return Error(std::string(error_names::k_invalid_input),
                 "the time zone '" + std::string(name) + "' is not in the system's tz database");
  }
}

TimeZone::Period TimeZone::at(Timestamp time) const {
  if (zone_ == nullptr)
    return {std::chrono::sys_seconds::min(), std::chrono::sys_seconds::max(), {}};
  const date::sys_info info =
      zone_of(zone_).get_info(std::chrono::floor<std::chrono::seconds>(time));
  return {info.begin, info.end, info.offset};
}

TimeZone::Instants TimeZone::instants_of(LocalTime local) const {
  if (zone_ == nullptr) return {local, std::nullopt, false};
  const date::local_time<std::chrono::minutes> wanted{local.time_since_epoch()};
  const date::local_info info = zone_of(zone_).get_info(wanted);
  const auto with = [&](const date::sys_info& period) { return Timestamp(local - period.offset); };
  switch (info.result) {
    case date::local_info::ambiguous:
      return {with(info.first), with(info.second), false};
    case date::local_info::nonexistent:
      return {Timestamp(info.first.end), std::nullopt, true};
    default:
      return {with(info.first), std::nullopt, false};
  }
}

}  // namespace eventual::base
