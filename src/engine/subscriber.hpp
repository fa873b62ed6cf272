// One subscription: which events of the log it has begun, is delivering, tries again, or has given
// up.
//
// Events go from the log into a short queue and from there, in order, to the handler, as many at a
// time as the options let. The subscription's row holds the number of the log that was not begun
// yet and the few before it that are under way; it is written once a commit, with whatever has
// ended since. An event that fails leaves that row and gets one of its own, and so do those that
// wait behind it for their key: a slow or poisoned event holds up nothing else.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"
#include "engine/attempt.hpp"
#include "engine/event_log.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "model/events.hpp"
#include "ports/call_marker.hpp"
#include "ports/events.hpp"

namespace eventual::engine {

/// What all subscriptions stand on. All of it outlives them.
struct SubscriberHost {
  EventLog& log;
  ports::Store& store;
  Output& output;  ///< of the round
  ports::CallMarker* marker;
  std::uint32_t crashes_max;
  base::Random& random;
  const LogSink& log_sink;
  const Duration& stood_still;  ///< of the process, in all: limits of attempts get that much more
};

class Subscriber {
 public:
  Subscriber(const detail::SubscriptionDefinition& definition, SubscriberHost host);

  /// Where it stood when the last process ended. Fails as the store does.
  Result<void> recover(Timestamp now);

  const std::string& name() const noexcept { return definition_.name; }
  const SubscriptionOptions& options() const noexcept { return definition_.options; }
  bool takes(std::string_view event) const noexcept;
  /// Events of the log that it has not done with, or not looked at.
  std::uint64_t backlog() const noexcept;
  /// The lowest number of the log that it may still ask for.
  std::uint64_t needed_from() const noexcept;

  /// From now on it passes over events, or takes them again.
  void set_skipping(bool skipping) noexcept { skipping_ = skipping; }

  /// The log has a new event at its end. True: pump has something to do.
  bool offer(const LoggedEventPointer& event);
  /// Begins what can be begun. True: there is more to do at once.
  bool pump(Timestamp now);
  /// Puts its row into the batch where that has changed.
  void write();

  /// False: the attempt was given up before.
  bool attempt_finished(const AttemptResult& result, Timestamp now);
  void tick(Timestamp now);
  std::optional<Timestamp> next_due() const;

  /// A dead letter is delivered again, from its first attempt.
  void redrive(std::uint64_t number, model::StoredEvent event);
  void dead_letter_removed() noexcept { --dead_letters_; }

  ports::SubscriptionView view() const;
  /// One line for each event that it has begun and not done with, for people.
  std::vector<std::string> waiting_for() const;

  static bool is_delivery(std::string_view execution_id) noexcept;
  /// The subscription's name in the execution id of one of its attempts.
  static std::string_view name_in(std::string_view execution_id) noexcept;
  static std::string execution_id_of(std::string_view subscription);

 private:
  struct Item {
    std::uint64_t number = 0;
    LoggedEventPointer event;  ///< null: to be read when it is begun
    std::uint32_t attempt = 1;
    bool has_row = false;
    bool copied = false;  ///< its row holds the event
    bool alone = false;   ///< in no batch
    std::string key;      ///< that it owns or waits for; empty: none
    Error error;          ///< of the last attempt
    Timestamp due{};      ///< of the next
  };
  /// One call of the handler.
  struct Unit {
    std::vector<Item> items;
    std::uint32_t attempt = 1;
    std::optional<Timestamp> overdue;  ///< less the time that the process stood still before
  };
  struct KeyState {
    std::size_t owners = 0;  ///< events of the key that are under way
    bool retrying = false;
    std::uint64_t formed = 0;  ///< the batch that owns it
    std::deque<Item> line;
  };

  Result<void> recover_items(const std::vector<std::uint64_t>& open, Timestamp now);
  Result<std::uint64_t> start_number(Timestamp now);
  bool wants(const LoggedEvent& event) const;
  std::uint64_t begun_to() const noexcept {
    return queue_.empty() ? read_to_ : queue_.front().number;
  }
  void enqueue(const LoggedEventPointer& event);
  bool fill(Timestamp now);
  bool may_take() const noexcept;
  std::vector<Item> form(Timestamp now);
  bool take_key(Item& item);
  void wait_in_line(Item item, KeyState& key);
  void begin(std::vector<Item> items, Timestamp now);
  bool load(Item& item, Timestamp now);
  void pass(Item& item);
  void release_key(const std::string& key);
  std::vector<Item> keep_first_of_keys(std::vector<Item> items);
  void fail(std::vector<Item> items, const Error& error, Timestamp now);
  void bury(Item& item, const Error& error, Timestamp now);
  void put_row(Item& item);
  void retry_later(Item item);
  std::uint32_t batch_max() const noexcept {
    return definition_.batched ? definition_.options.batch.max : 1;
  }

  const detail::SubscriptionDefinition& definition_;
  SubscriberHost host_;
  std::string execution_id_;
  bool skipping_ = false;
  bool changed_ = false;  // its row
  std::uint64_t read_to_ = 1;
  std::uint64_t written_next_ = 0;
  std::uint64_t recovered_end_ = 1;  // events before it may have crashed the last process
  std::deque<Item> queue_;
  std::size_t queue_bytes_ = 0;
  std::set<std::uint64_t> open_;         // begun, without a row of their own
  std::map<std::uint64_t, bool> rows_;   // with one, which holds the event
  std::set<std::uint64_t> rows_needed_;  // of the log, for those whose row does not
  std::deque<Item> ready_;               // whose turn it is, before the queue
  std::map<std::uint64_t, Item> retrying_;
  std::set<std::pair<Timestamp, std::uint64_t>> retry_at_;
  std::map<std::uint64_t, Unit> units_;  // by the number of the first
  std::set<std::pair<Timestamp, std::uint64_t>> overdue_at_;
  std::unordered_map<std::string, KeyState> keys_;
  std::size_t in_lines_ = 0;
  std::uint64_t forming_ = 0;
  std::optional<Timestamp> batch_due_;
  std::optional<Timestamp> read_again_at_;
  std::uint64_t dead_letters_ = 0;
  bool told_stopped_ = false;
};

}  // namespace eventual::engine
