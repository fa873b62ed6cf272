// The log of stored events: appends, reads, and forgets what is old.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/random.hpp"
#include "eventual/error.hpp"
#include "eventual/json.hpp"
#include "eventual/time.hpp"
#include "model/events.hpp"
#include "ports/store.hpp"

namespace eventual::engine {

/// An event with its place in the log.
struct LoggedEvent {
  std::uint64_t number = 0;
  model::StoredEvent event;
  std::size_t bytes = 0;
  /// The payload as JSON, parsed once; null where it is none.
  const Json& payload() const;

 private:
  mutable std::optional<Json> parsed_;
};
// shared: by the log and every subscription that has it before it.
using LoggedEventPointer = std::shared_ptr<const LoggedEvent>;

struct EventLogOptions {
  Duration events_kept{};
  Duration ids_kept{};
};

/// Belongs to the engine's thread. Writes go into the batch of the round, which the owner gives;
/// `committed` tells which are durable.
class EventLog {
 public:
  EventLog(ports::Store& store, EventLogOptions options, base::Random& random)
      : store_(store), options_(options), random_(random) {}

  /// Finds the ends. Fails as the store does.
  Result<void> recover(ports::Batch& batch, Timestamp now);

  /// Whether an event of this id was appended within the time that ids are kept. Fails as the store
  /// does.
  Result<bool> knows(std::string_view source, std::string_view id, Timestamp now);
  /// Appends; an id that is kept is known from now on.
  LoggedEventPointer append(model::StoredEvent event, ports::Batch& batch, Timestamp now);

  /// The number that the next event gets.
  std::uint64_t end() const noexcept { return end_; }
  /// The number of the oldest.
  std::uint64_t first() const noexcept { return state_.first; }
  const std::string& log_id() const noexcept { return state_.log_id; }
  /// Numbers below are durable.
  std::uint64_t durable_end() const noexcept { return durable_end_; }

  /// One event, durable or not; null when it is forgotten. Fails as the store does.
  Result<LoggedEventPointer> get(std::uint64_t number);
  /// Visits [from, to) in order until `visit` returns false.
  Result<void> read(std::uint64_t from, std::uint64_t to,
                    const std::function<bool(const LoggedEventPointer&)>& visit);
  /// The first number whose event is not before `time`.
  Result<std::uint64_t> at_or_after(Timestamp time);

  /// Forgets events that are old and below `needed_from`, and old ids; a bounded number at once.
  Result<void> sweep(std::uint64_t needed_from, ports::Batch& batch, Timestamp now);
  /// When sweep has something to do next.
  std::optional<Timestamp> sweep_due() const noexcept { return sweep_due_; }

  /// The appends so far belong to the output of that number.
  void output_taken(std::uint64_t output);
  void output_committed(std::uint64_t output);

 private:
  void plan_sweep(Timestamp due);
  void trim_recent();

  ports::Store& store_;
  EventLogOptions options_;
  base::Random& random_;
  model::EventLogRecord state_;
  std::uint64_t end_ = 1;
  std::uint64_t durable_end_ = 1;
  Timestamp last_at_{};
  std::deque<LoggedEventPointer> recent_;  // the newest, all that are not durable among them
  std::size_t recent_bytes_ = 0;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> taken_;  // output and where the log ended
  // Ids that are in no durable row yet, with where the log ends when they are.
  std::unordered_map<std::string, std::uint64_t> new_ids_;
  std::deque<std::pair<std::uint64_t, std::string>> new_ids_in_order_;
  std::optional<Timestamp> sweep_due_;
};

}  // namespace eventual::engine
