#include "cli/waiting.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "cli/text.hpp"
#include "cli/times.hpp"

namespace eventual::cli {
namespace {

/// "in 2 h (2026-01-31T12:00:00.000Z)"
std::string when(const Json& time, Timestamp now) {
  if (!time.is_string()) return "some time";
  const auto parsed = parse_iso8601(time.as_string());
  if (!parsed) return time.as_string();
  return fmt::format("{} ({})", *parsed <= now ? "now" : show_relative(*parsed, now),
                     time.as_string());
}

/// ", since 3 m 5 s"
std::string since(const Json& entry, Timestamp now) {
  const auto parsed = parse_iso8601(text_of(entry, "since"));
  if (!parsed) return {};
  return ", since " + show_duration(std::max(now - *parsed, Duration(0)));
}

/// A place in the code; below the working directory it is named from there.
std::string at_location(const Json& entry) {
  std::string location = text_of(entry, "location");
  std::error_code ignored;
  const std::string folder = std::filesystem::current_path(ignored).string() + "/";
  if (folder.size() > 1 && location.starts_with(folder)) location.erase(0, folder.size());
  return location.empty() ? std::string() : " at " + location;
}

/// What ends a wait with a time limit.
std::string or_in_time(const Json& entry, Timestamp now) {
  if (!entry["times_out_at"].is_string()) return {};
  return fmt::format(", or its time limit {}", when(entry["times_out_at"], now));
}

std::string task(const Json& entry, Timestamp now) {
  const std::string name = text_of(entry, "task");
  const std::string attempt = text_of(entry, "attempt");
  const std::string max = text_of(entry, "max_attempts");
  const std::string count = max.empty() || max == "0" ? attempt : attempt + " of " + max;
  const Json& error = entry["last_error"];
  const std::string failed =
      error.is_null()
          ? std::string()
          : fmt::format("; the attempt before failed with {}",
                        error.is_object() ? fmt::format("{}: {}", text_of(error, "name"),
                                                        one_line(text_of(error, "message")))
                                          : brief(error));
  if (text_of(entry, "state") == "retry") {
    return fmt::format("for attempt {} of the task {}{}, which begins {}{}", count, name,
                       since(entry, now), when(entry["next_at"], now), failed);
  }
  if (text_of(entry, "state") == "deferred") {
    return fmt::format(
        "for somebody to complete the task {} (attempt {}) by its token{}; `eventual tasks "
        "complete "
        "<token> …` wakes it{}",
        name, count, since(entry, now), failed);
  }
  if (text_of(entry, "state") == "limited") {
    return fmt::format(
        "for its turn under the limit of the task {} (attempt {}){}; it begins when others end{}",
        name, count, since(entry, now), failed);
  }
  return fmt::format("for the task {} (attempt {}){}; its result wakes it{}", name, count,
                     since(entry, now), failed);
}

std::string others(const Json& entry) {
  std::string members;
  for (const auto& [name, value] : entry.as_object()) {
    if (name == "kind" || name == "since") continue;
    members += fmt::format("{}{} {}", members.empty() ? " (" : ", ", name, brief(value, 40));
  }
  return members.empty() ? members : members + ")";
}

}  // namespace

std::string waits_for(const Json& entry, const std::string& execution_id, Timestamp now) {
  const std::string kind = text_of(entry, "kind");
  if (kind == "task") return task(entry, now);
  if (kind == "timer") {
    return fmt::format("for a timer{}; it wakes by itself {}", since(entry, now),
                       when(entry["due"], now));
  }
  if (kind == "signal") {
    const std::string signal = text_of(entry, "signal");
    return fmt::format("for the signal {}{}{}; `eventual signal {} {} …` wakes it{}", signal,
                       at_location(entry), since(entry, now), execution_id, signal,
                       or_in_time(entry, now));
  }
  if (kind == "condition") {
    return fmt::format(
        "for a condition{}{}; a signal, update or result that makes it true wakes it{}",
        at_location(entry), since(entry, now), or_in_time(entry, now));
  }
  if (kind == "child") {
    const std::string child = text_of(entry, "execution_id");
    return fmt::format("for its child {}{}; the child's end wakes it (see `eventual why {}`)",
                       child, since(entry, now), child);
  }
  if (kind == "signal_send") {
    return fmt::format("for the receiver of its signal {} to store it{}; that wakes it",
                       text_of(entry, "signal"), since(entry, now));
  }
  if (kind == "cancel_send") {
    return fmt::format("for {} to hear of its cancellation{}; that wakes it",
                       text_of(entry, "execution_id"), since(entry, now));
  }
  return fmt::format("for {}{}{}", kind, others(entry), since(entry, now));
}

std::string why(const Json& execution, Timestamp now) {
  const std::string id = text_of(execution, "execution_id");
  const std::string status = text_of(execution, "status");
  const Json& waiting = execution["waiting_for"];
  if (execution["closed_at"].is_string()) {
    const Json& error = execution["error"];
    const auto closed = parse_iso8601(text_of(execution, "closed_at"));
    return fmt::format(
        "{} waits for nothing: it is {} since {}{}.", id, status,
        closed ? show_duration(std::max(now - *closed, Duration(0))) : std::string("some time"),
        error.is_null() ? std::string()
                        : fmt::format(" ({}: {})", text_of(error, "name"),
                                      one_line(text_of(error, "message"))));
  }
  std::string held;
  std::string list;
  std::size_t count = 0;
  for (const Json& entry : waiting.as_array()) {
    const std::string kind = text_of(entry, "kind");
    const std::string kept = text_of(entry, "kept");
    const std::string behind =
        kept.empty() || kept == "0" ? std::string() : fmt::format(" ({} kept meanwhile)", kept);
    const std::string reason = text_of(entry, "reason");
    if (kind == "paused") {
      held = fmt::format("is paused{}{}{}; `eventual resume {}` lets it go on",
                         reason.empty() ? "" : " (" + one_line(reason) + ")", since(entry, now),
                         behind, id);
      continue;
    }
    if (kind == "parked") {
      held = fmt::format(
          "is parked with {}: {}{}{}; repair the cause, then `eventual resume {}` "
          "tries it again",
          reason, one_line(text_of(entry, "message")), since(entry, now), behind, id);
      continue;
    }
    list += (count++ == 0 ? "" : ", and ") + waits_for(entry, id, now);
  }
  if (!held.empty()) {
    return count == 0 ? fmt::format("{} {}.", id, held)
                      : fmt::format("{} {}, and then waits {}.", id, held, list);
  }
  if (count == 0) return fmt::format("{} is about to run: nothing holds it.", id);
  return fmt::format("{} waits {}.", id, list);
}

}  // namespace eventual::cli
