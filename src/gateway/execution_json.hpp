// The JSON shapes of executions, as docs/http.md promises them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eventual/json.hpp"
#include "ports/operations.hpp"

namespace eventual::gateway {

/// Writes one JSON object, member by member, and takes JSON text as it is.
class ObjectWriter {
 public:
  ObjectWriter& text(std::string_view name, std::string_view value);
  ObjectWriter& number(std::string_view name, std::uint64_t value);
  ObjectWriter& boolean(std::string_view name, bool value);
  ObjectWriter& null(std::string_view name) { return raw(name, "null"); }
  ObjectWriter& raw(std::string_view name, std::string_view json);
  std::string finish();

 private:
  std::string out_ = "{";
};

bool is_closed(std::string_view status) noexcept;
bool is_status(std::string_view text) noexcept;

/// All of it; without `waiting_for` for lists.
std::string execution_json(const ports::ExecutionView& view, bool with_waiting_for);

/// Status, and result or error, for who waits for the end.
std::string result_json(const ports::ExecutionView& view);

std::string list_json(const ports::ListReply& reply);
std::string history_json(const ports::HistoryReply& reply);

/// GET /_eventual/schedules and one of its items.
std::string schedule_json(const ports::ScheduleView& view);
std::string schedules_json(const std::vector<ports::ScheduleView>& views);

}  // namespace eventual::gateway
