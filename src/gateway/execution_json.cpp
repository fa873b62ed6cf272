#include "gateway/execution_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "eventual/time.hpp"
#include "gateway/text.hpp"

namespace eventual::gateway {
namespace {

constexpr std::array<std::string_view, 3> k_open{"running", "parked", "paused"};
constexpr std::array<std::string_view, 6> k_closed{"succeeded", "failed",     "cancelled",
                                                   "timed_out", "terminated", "continued"};

std::string_view or_null(std::string_view json) noexcept { return json.empty() ? "null" : json; }

std::string error_object(const Error& error) {
  return ObjectWriter()
      .text("name", error.name())
      .text("message", error.message())
      .raw("details", or_null(error.details_json()))
      .finish();
}

void append_item(std::string& out, std::string_view json) {
  if (out.back() != '[') out += ',';
  out += json;
}

std::string waiting_for_json(const std::vector<ports::WaitingFor>& waiting) {
  std::string out = "[";
  for (const ports::WaitingFor& one : waiting) {
    ObjectWriter object;
    object.text("kind", one.kind);
    if (one.details.is_object()) {
      for (const auto& [name, value] : one.details.as_object()) object.raw(name, value.dump());
    }
    append_item(out, object.text("since", to_iso8601(one.since)).finish());
  }
  return out + "]";
}

void write_cursor(ObjectWriter& object, const std::string& cursor) {
  if (cursor.empty()) {
    object.null("cursor");
  } else {
    object.text("cursor", cursor);
  }
}

}  // namespace

ObjectWriter& ObjectWriter::raw(std::string_view name, std::string_view json) {
  if (out_.size() > 1) out_ += ',';
  append_json_string(out_, name);
  out_ += ':';
  out_ += json;
  return *this;
}

ObjectWriter& ObjectWriter::text(std::string_view name, std::string_view value) {
  raw(name, "");
  append_json_string(out_, value);
  return *this;
}

ObjectWriter& ObjectWriter::number(std::string_view name, std::uint64_t value) {
  const fmt::format_int text(value);
  return raw(name, {text.data(), text.size()});
}

ObjectWriter& ObjectWriter::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

std::string ObjectWriter::finish() {
  out_ += '}';
  return std::move(out_);
}

bool is_closed(std::string_view status) noexcept {
  return std::find(k_open.begin(), k_open.end(), status) == k_open.end();
}

bool is_status(std::string_view text) noexcept {
  return !is_closed(text) || std::find(k_closed.begin(), k_closed.end(), text) != k_closed.end();
}

std::string execution_json(const ports::ExecutionView& view, bool with_waiting_for) {
  ObjectWriter object;
  object.text("execution_id", view.execution.id())
      .number("run", view.execution.run)
      .text("workflow", view.execution.workflow)
      .text("name", view.execution.name)
      .text("status", view.status)
      .raw("input", or_null(view.input_json))
      .raw("result", view.result_json ? or_null(*view.result_json) : "null")
      .raw("error", view.error ? error_object(*view.error) : "null")
      .text("started_at", to_iso8601(view.started_at));
  if (view.closed_at) {
    object.text("closed_at", to_iso8601(*view.closed_at));
  } else {
    object.null("closed_at");
  }
  if (with_waiting_for) object.raw("waiting_for", waiting_for_json(view.waiting_for));
  return object.finish();
}

std::string result_json(const ports::ExecutionView& view) {
  ObjectWriter object;
  object.text("execution_id", view.execution.id())
      .number("run", view.execution.run)
      .text("status", view.status);
  if (view.error && view.status != "succeeded") {
    object.raw("error", error_object(*view.error));
  } else if (is_closed(view.status)) {
    object.raw("result", view.result_json ? or_null(*view.result_json) : "null");
  }
  return object.finish();
}

std::string list_json(const ports::ListReply& reply) {
  std::string items = "[";
  for (const ports::ExecutionView& view : reply.executions) {
    append_item(items, execution_json(view, false));
  }
  ObjectWriter object;
  object.raw("executions", items + "]");
  write_cursor(object, reply.cursor);
  return object.finish();
}

std::string history_json(const ports::HistoryReply& reply) {
  std::string items = "[";
  for (const Json& event : reply.events) append_item(items, event.dump());
  ObjectWriter object;
  object.raw("events", items + "]");
  write_cursor(object, reply.cursor);
  return object.finish();
}

std::string schedule_json(const ports::ScheduleView& view) {
  const auto time = [](ObjectWriter& object, std::string_view name,
                       const std::optional<Timestamp>& value) {
    if (value) {
      object.text(name, to_iso8601(*value));
    } else {
      object.null(name);
    }
  };
  ObjectWriter object;
  object.text("name", view.name)
      .text("workflow", view.workflow)
      .raw("input", or_null(view.input_json))
      .text("description", view.description);
  if (view.cron.empty()) {
    object.number("every_ms", static_cast<std::uint64_t>(view.interval.count()));
  } else {
    object.text("cron", view.cron).text("time_zone", view.time_zone);
  }
  object.text("overlap", view.overlap)
      .number("catch_up_window_ms", static_cast<std::uint64_t>(view.catch_up_window.count()))
      .text("status", view.paused ? "paused" : "active")
      .text("reason", view.reason);
  time(object, "next_at", view.next_at);
  time(object, "last_at", view.last_at);
  if (view.last_execution_id.empty()) {
    object.null("last_execution_id");
  } else {
    object.text("last_execution_id", view.last_execution_id);
  }
  std::string open = "[";
  for (const std::string& id : view.open) append_item(open, Json(id).dump());
  object.raw("open", open + "]");
  time(object, "buffered_at", view.buffered_at);
  return object.number("started", view.started)
      .number("skipped", view.skipped)
      .number("missed", view.missed)
      .finish();
}

std::string schedules_json(const std::vector<ports::ScheduleView>& views) {
  std::string items = "[";
  for (const ports::ScheduleView& view : views) append_item(items, schedule_json(view));
  return ObjectWriter().raw("schedules", items + "]").finish();
}

}  // namespace eventual::gateway
