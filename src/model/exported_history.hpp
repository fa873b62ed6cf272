// A history as a file: what `export` writes and what `replay`, `verify` and tests read.
//
//   {"format": "eventual-history", "version": 1, "execution_id": "processOrder/o-1", "run": 1,
//    "status": "succeeded", "cursor": null,
//    "turns": [{"number": 0, "at": "2026-01-01T00:00:00.000Z", "events": […], "calls": […]}]}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "model/history.hpp"

namespace eventual::model {

/// The newest version that is read. Raise it when an older program could not read what we write; a
/// new type of event does not raise it. Written is the oldest that has all that the history holds.
inline constexpr std::uint32_t k_history_file_version = 2;

struct ExportedHistory {
  std::string execution_id;  ///< "<workflow>/<name>"
  std::uint32_t run = 1;
  std::string status;  ///< when it was exported; empty: not known
  std::vector<Turn> turns;
  /// What arrived while it was paused or parked, oldest first, and is no part of a turn yet: from
  /// version 2.
  std::vector<Event> kept;
  /// Where the next page begins; empty: there is none. Files have none.
  std::string cursor;

  std::string_view workflow() const noexcept {
    return std::string_view(execution_id).substr(0, execution_id.find('/'));
  }
};

/// Throws InvalidInput for a payload of k_json_depth_max levels, which does not fit below others.
std::string write_history(const ExportedHistory& history);

/// Reads what write_history wrote, whole or a page of it; also the events of the operations API
/// ({"events": […], "cursor": null}), whose turns are found by time and order, and which do not say
/// whose they are.
///
/// InvalidInput names what is wrong and where. NotAllowed when a newer version wrote it.
Result<ExportedHistory> read_history(std::string_view json);

/// Whether it can be replayed: its turns are all there and begin with a start, and nothing is
/// placed where code would never meet it, and what it kept can be. InvalidInput otherwise. What
/// read_execution gives can.
Result<void> check_history(const ExportedHistory& history);

}  // namespace eventual::model
