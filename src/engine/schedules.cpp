// Schedules: a row each, the next time as a timer row, and executions whose names tell their time.
//
// All that a time decides is one batch: the executions that it starts, the schedule's row and its
// next timer. A scheduled execution has "~schedule/<name>" for a parent, so that its close is told
// by a message in the batch that closes it.
#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "base/limits.hpp"
#include "engine/engine.hpp"
#include "engine/errors.hpp"

namespace eventual::engine {

namespace keys = model::keys;
using ports::Table;

namespace {

constexpr std::string_view k_parent = "~schedule/";

std::string parent_of(std::string_view schedule) {
  return std::string(k_parent) + std::string(schedule);
}

std::vector<std::string> ids_of(const std::string& lines) {
  std::vector<std::string> ids;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t end = lines.find('\n', begin);
    ids.push_back(lines.substr(begin, end - begin));
    begin = end + 1;
  }
  return ids;
}

std::string_view name_of(Overlap overlap) {
  switch (overlap) {
    case Overlap::skip:
      return "skip";
    case Overlap::buffer:
      return "buffer";
    case Overlap::allow:
      return "allow";
    case Overlap::cancel:
      return "cancel";
  }
  return "skip";
}

std::string text_of(const Timetable& when) {
  if (when.cron.empty()) return "every " + std::to_string(when.interval.count());
  return when.cron + " " + when.time_zone;
}

Result<base::Timetable> timetable_of(const Timetable& when) {
  return when.cron.empty() ? base::Timetable::every(when.interval)
                           : base::Timetable::cron(when.cron, when.time_zone);
}

}  // namespace

bool Engine::is_schedule(std::string_view id) noexcept { return id.starts_with(k_parent); }

Engine::Scheduled* Engine::find_schedule(std::string_view name) noexcept {
  const auto found = std::find_if(schedules_.begin(), schedules_.end(), [&](const Scheduled& each) {
    return each.definition->name == name;
  });
  return found == schedules_.end() ? nullptr : &*found;
}

/// Brings what is stored in line with what is declared.
Result<void> Engine::recover_schedules(Timestamp now) {
  std::map<std::string, model::ScheduleRecord, std::less<>> stored;
  const auto scanned =
      store_.scan(Table::schedules, {}, [&](std::string_view name, std::string_view value) {
        auto record = model::decode_schedule(value);
        if (!record) {
          log_(LogLevel::error, {},
               "schedule " + std::string(name) + " begins anew: " + record.error().message());
        }
        stored.emplace(name, record ? std::move(*record) : model::ScheduleRecord());
        return true;
      });
  if (!scanned) return scanned.error();
  for (const detail::ScheduleDefinition& definition : declarations_.schedules()) {
    auto timetable = timetable_of(definition.when);
    if (!timetable) return timetable.error();
    Scheduled scheduled{&definition, *timetable, {}};
    const std::string text = text_of(definition.when);
    const auto found = stored.find(definition.name);
    const bool is_new = found == stored.end() || found->second.timetable.empty();
    if (!is_new) scheduled.record = std::move(found->second);
    if (found != stored.end()) stored.erase(found);
    if (is_new || scheduled.record.timetable != text) {
      if (is_new) {
        scheduled.record.paused = definition.options.paused;
        scheduled.record.changed_at = now;
      }
      set_next(scheduled, std::nullopt);
      scheduled.record.timetable = text;
      if (!scheduled.record.paused) set_next(scheduled, next_time(scheduled, now));
      put_schedule(scheduled);
    }
    schedules_.push_back(std::move(scheduled));
  }
  for (const auto& [name, record] : stored) {  // no longer declared
    if (record.next_at) remove_schedule_timer(name, *record.next_at);
    output_.batch.remove(Table::schedules, name);
  }
  return {};
}

std::optional<Timestamp> Engine::next_time(const Scheduled& scheduled, Timestamp after) const {
  const auto next = scheduled.timetable.next(after);
  return next && *next <= options_.schedules_until ? next : std::nullopt;
}

void Engine::put_schedule(const Scheduled& scheduled) {
  output_.batch.put(Table::schedules, scheduled.definition->name, model::encode(scheduled.record));
}

void Engine::set_next(Scheduled& scheduled, std::optional<Timestamp> next) {
  const std::string& name = scheduled.definition->name;
  if (scheduled.record.next_at) remove_schedule_timer(name, *scheduled.record.next_at);
  scheduled.record.next_at = next;
  if (!next) return;
  const std::string id = parent_of(name);
  std::string row = keys::timer(shard_of(id), *next, id, 0, 0, keys::TimerKind::schedule);
  if (*next < timers_loaded_until_) {
    timers_due_.emplace(*next, row);
  } else {
    far_timers_.emplace_back(outputs_taken_ + 1, std::pair(*next, row));
  }
  output_.batch.put(Table::timers, std::move(row), {});
}

void Engine::remove_schedule_timer(std::string_view name, Timestamp due) {
  const std::string id = parent_of(name);
  std::string row = keys::timer(shard_of(id), due, id, 0, 0, keys::TimerKind::schedule);
  timers_due_.erase({due, row});
  output_.batch.remove(Table::timers, std::move(row));
}

/// A time has come; others may have passed with it while the service was down.
void Engine::fire_schedule(const std::string& row, const model::keys::TimerKey& key,
                           Timestamp now) {
  Scheduled* scheduled = find_schedule(key.id.substr(k_parent.size()));
  if (scheduled == nullptr || scheduled->record.next_at != key.due) {
    output_.batch.remove(Table::timers, row);
    return;
  }
  model::ScheduleRecord& record = scheduled->record;
  const Duration window = scheduled->definition->options.catch_up_window;
  std::optional<Timestamp> time = key.due;
  for (; time && *time <= now; time = next_time(*scheduled, *time)) {
    if (now - *time > window) {
      ++record.missed;
    } else {
      (void)take_time(*scheduled, *time, now);
    }
  }
  set_next(*scheduled, time);
  put_schedule(*scheduled);
}

/// Starts what `time` asks for, as far as the overlap policy lets it.
Result<std::vector<std::string>> Engine::take_time(Scheduled& scheduled, Timestamp time,
                                                   Timestamp now) {
  model::ScheduleRecord& record = scheduled.record;
  const Overlap overlap = scheduled.definition->options.overlap;
  if (record.open.empty() || overlap == Overlap::allow)
    return start_scheduled(scheduled, time, now);
  if (overlap == Overlap::cancel) {
    for (const std::string& id : ids_of(record.open)) {
      const auto execution = ports::parse_execution_id(id);
      if (execution) cancel(*execution, [](const Result<bool>&) {}, now);
    }
    if (record.buffered) ++record.skipped;
    record.buffered = time;
  } else if (overlap == Overlap::buffer && !record.buffered) {
    record.buffered = time;
  } else {
    ++record.skipped;
  }
  return std::vector<std::string>();
}

Result<std::vector<std::string>> Engine::start_scheduled(Scheduled& scheduled, Timestamp time,
                                                         Timestamp now) {
  const detail::ScheduleDefinition& definition = *scheduled.definition;
  model::ScheduleRecord& record = scheduled.record;
  if (static_cast<std::size_t>(std::count(record.open.begin(), record.open.end(), '\n')) >=
      base::k_schedule_open_max) {
    ++record.skipped;
    return limit_exceeded("schedule " + definition.name + " has " +
                          std::to_string(base::k_schedule_open_max) + " open executions");
  }
  ports::StartRequest request;
  request.workflow = definition.workflow;
  request.name = definition.name + "-" + to_iso8601(time);
  request.input_json = definition.input_json;
  request.timeout = definition.options.timeout;
  model::ExecutionStarted started;
  started.parent_id = parent_of(definition.name);
  started.parent_waits = true;
  const auto reply_to_start = start_or_find(request, std::move(started), now);
  if (!reply_to_start) {
    log_(
        LogLevel::error, request.workflow + "/" + *request.name,
        "schedule " + definition.name + " could not start it: " + reply_to_start.error().message());
    ++record.skipped;
    return reply_to_start.error();
  }
  if (reply_to_start->already_running) return std::vector<std::string>();
  ++record.started;
  record.last_at = time;
  record.last_execution = reply_to_start->execution_id;
  record.open += reply_to_start->execution_id + "\n";
  return std::vector<std::string>{reply_to_start->execution_id};
}

/// One of its executions has closed.
void Engine::scheduled_closed(const model::Message& message, Timestamp now) {
  Scheduled* scheduled = find_schedule(std::string_view(message.to).substr(k_parent.size()));
  if (scheduled == nullptr) return;  // no longer declared
  model::ScheduleRecord& record = scheduled->record;
  std::string open;
  for (const std::string& id : ids_of(record.open)) {
    if (id != message.from) open += id + "\n";
  }
  if (open == record.open) return;
  record.open = std::move(open);
  if (record.open.empty() && record.buffered) {
    const Timestamp time = *std::exchange(record.buffered, std::nullopt);
    (void)start_scheduled(*scheduled, time, now);
  }
  put_schedule(*scheduled);
}

// --- requests ---

void Engine::schedules(std::string_view name,
                       ports::Callback<std::vector<ports::ScheduleView>> done) {
  std::vector<ports::ScheduleView> views;
  for (const Scheduled& scheduled : schedules_) {
    const detail::ScheduleDefinition& definition = *scheduled.definition;
    if (!name.empty() && definition.name != name) continue;
    const model::ScheduleRecord& record = scheduled.record;
    ports::ScheduleView view;
    view.name = definition.name;
    view.workflow = definition.workflow;
    view.input_json = definition.input_json;
    view.description = definition.options.description;
    view.cron = definition.when.cron;
    view.time_zone = definition.when.time_zone;
    view.interval = definition.when.interval;
    view.overlap = name_of(definition.options.overlap);
    view.catch_up_window = definition.options.catch_up_window;
    view.paused = record.paused;
    view.reason = record.reason;
    view.next_at = record.next_at;
    view.last_at = record.last_at;
    view.last_execution_id = record.last_execution;
    view.open = ids_of(record.open);
    view.buffered_at = record.buffered;
    view.started = record.started;
    view.skipped = record.skipped;
    view.missed = record.missed;
    views.push_back(std::move(view));
  }
  using Views = Result<std::vector<ports::ScheduleView>>;
  if (views.empty() && !name.empty()) {
    return reply(std::move(done), Views(unknown_schedule(name)));
  }
  reply(std::move(done), Views(std::move(views)));
}

Error Engine::unknown_schedule(std::string_view name) const {
  std::vector<std::string_view> declared;
  declared.reserve(schedules_.size());
  for (const Scheduled& scheduled : schedules_) declared.push_back(scheduled.definition->name);
  return not_declared("schedule", name, declared);
}

void Engine::act_on_schedule(const ports::ScheduleAct& act,
                             ports::Callback<ports::ScheduleReply> done, Timestamp now) {
  reply(std::move(done), perform_schedule_act(act, now));
}

Result<ports::ScheduleReply> Engine::perform_schedule_act(const ports::ScheduleAct& act,
                                                          Timestamp now) {
  using Kind = ports::ScheduleAct::Kind;
  Scheduled* scheduled = find_schedule(act.schedule);
  if (scheduled == nullptr) return unknown_schedule(act.schedule);
  model::ScheduleRecord& record = scheduled->record;
  ports::ScheduleReply answer;
  switch (act.kind) {
    case Kind::pause:
      if (!std::exchange(record.paused, true)) record.changed_at = now;
      record.reason = act.reason;
      set_next(*scheduled, std::nullopt);
      break;
    case Kind::resume:
      if (!std::exchange(record.paused, false)) break;
      record.reason.clear();
      record.changed_at = now;
      set_next(*scheduled, next_time(*scheduled, now));
      break;
    case Kind::trigger: {
      auto started = take_time(*scheduled, now, now);
      if (!started) return started.error();
      answer.started = std::move(*started);
      break;
    }
    case Kind::backfill: {
      if (act.to < act.from) {
        return Error(std::string(error_names::k_invalid_input), "the range ends before it begins");
      }
      if (act.from == Timestamp::min()) {
        return Error(std::string(error_names::k_invalid_input), "the range has no beginning");
      }
      std::vector<Timestamp> times;
      for (auto time = scheduled->timetable.next(act.from - Duration(1)); time && *time <= act.to;
           time = scheduled->timetable.next(*time)) {
        if (times.size() == base::k_schedule_backfill_max) {
          return limit_exceeded("the range holds more than " +
                                std::to_string(base::k_schedule_backfill_max) + " times");
        }
        times.push_back(*time);
      }
      for (const Timestamp time : times) {
        auto started = start_scheduled(*scheduled, time, now);
        if (!started) {
          put_schedule(*scheduled);
          return started.error();
        }
        for (std::string& id : *started) answer.started.push_back(std::move(id));
      }
      break;
    }
  }
  put_schedule(*scheduled);
  return answer;
}

std::optional<Timestamp> Engine::next_due_of_executions() const {
  std::optional<Timestamp> next;
  for (const auto& [due, row] : timers_due_) {
    if (row.back() == static_cast<char>(keys::TimerKind::schedule)) continue;
    next = due;
    break;
  }
  if (!soft_timers_.empty() && (!next || due_of(soft_timers_.begin()->first) < *next))
    next = due_of(soft_timers_.begin()->first);
  if (const auto due = events_->next_due_of_deliveries(); due && (!next || *due < *next))
    next = due;
  return next;
}

}  // namespace eventual::engine
