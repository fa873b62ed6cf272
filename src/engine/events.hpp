// Events of a node: who emits appends to the log, and every subscription takes from it on its own.
//
// All that an input decides goes into the output of its round; attempts that it begins start once
// that is durable.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "engine/attempt.hpp"
#include "engine/event_log.hpp"
#include "engine/event_rows.hpp"
#include "engine/part.hpp"
#include "engine/subscriber.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/error.hpp"
#include "eventual/time.hpp"
#include "model/events.hpp"
#include "ports/call_marker.hpp"
#include "ports/operations.hpp"
#include "ports/store.hpp"

namespace eventual::engine {

/// All of it outlives the events.
struct EventsHost {
  ports::Store& store;
  Output& output;  ///< of the round
  ports::CallMarker* marker;
  std::uint32_t crashes_max;
  base::Random& random;
  const LogSink& log;
  std::uint16_t shards;
  EventLogOptions options;
  const Duration& stood_still;  ///< of the process, in all
};

/// An event as those see it who read the log.
ports::EventView view_of(std::uint64_t number, const model::StoredEvent& event);

class Events {
 public:
  Events(const detail::Declarations& declarations, EventsHost host);
  ~Events();

  /// Takes up what was under way. Fails as the store does.
  Result<void> recover(Timestamp now);

  // --- inputs ---
  /// The events are declared, their payloads in their normal form. LimitExceeded for a backlog,
  /// Unavailable where the store cannot be read.
  void emit(ports::EmitRequest request, ports::Callback<ports::EmitReply> done, Timestamp now);
  /// Takes one whatever waits; drops it where its id is kept and known.
  void append(model::StoredEvent event, Timestamp now);
  void append_all(std::vector<model::StoredEvent> events, Timestamp now);
  /// Puts the rows of a part's events into its batch. LimitExceeded for a backlog.
  Result<void> place(Part& part);
  /// Those of a batch that is durable.
  void take_incoming(std::vector<IncomingEvent> events, Timestamp now);
  void read_events(ports::EventsRequest request, ports::Callback<ports::EventsReply> done,
                   Timestamp now);
  void receive(ports::ReceiveRequest request, ports::Callback<bool> done, Timestamp now);
  void source_position(const std::string& url, ports::Callback<ports::SourcePosition> done);
  void subscriptions(ports::Callback<std::vector<ports::SubscriptionView>> done);
  void dead_letters(const ports::DeadLettersRequest& request,
                    ports::Callback<ports::DeadLettersReply> done);
  void act_on_dead_letters(const ports::DeadLetterAct& act,
                           ports::Callback<ports::DeadLetterActReply> done, Timestamp now);
  /// Whether it counts: what it emitted is appended, what it signals is left to the caller.
  bool attempt_finished(AttemptResult& result, Timestamp now);
  void tick(Timestamp now);
  std::optional<Timestamp> next_due() const;
  /// Without what only forgets.
  std::optional<Timestamp> next_due_of_deliveries() const;
  /// Answers whoever waits, at shutdown.
  void abandon_waiters();

  // --- for tests ---
  /// `definition` must outlive this object.
  Result<void> add_subscription(const detail::SubscriptionDefinition& definition, Timestamp now);
  void remove_subscription(std::string_view name);
  /// The service's own pass over events while they are switched off. The framework's own ('~…')
  /// go on.
  void switch_service_subscriptions(bool on);
  /// "subscription <name>: …", for people.
  std::vector<std::string> waiting_for() const;

  // --- the round ---
  bool has_work() const noexcept { return has_work_; }
  /// Begins deliveries, and writes where the subscriptions stand; then the output is taken.
  void finish_round(std::uint64_t output);
  void committed(std::uint64_t output, Timestamp now);

 private:
  struct Entry {
    std::unique_ptr<Subscriber> subscriber;
    bool touched = false;  ///< in this round
  };
  struct Waiter {
    ports::EventsRequest request;
    ports::Callback<ports::EventsReply> done;
    Timestamp until{};
  };

  template <class T>
  void reply(ports::Callback<T> done, Result<T> result) {
    // shared: a std::function is copied
    host_.output.replies.push_back(
        [done = std::move(done), result = std::make_shared<Result<T>>(std::move(result))] {
          done(std::move(*result));
        });
  }
  Entry* find(std::string_view name) noexcept;
  Error unknown_subscription(std::string_view name) const;
  void touch(Entry& entry) noexcept { entry.touched = has_work_ = true; }
  void append_new(model::StoredEvent event, Timestamp now);
  Result<bool> knows(const model::StoredEvent& event, Timestamp now);
  Result<void> check_backlog(std::string_view event);
  Result<ports::EmitReply> take(ports::EmitRequest& request, Timestamp now);
  Result<ports::EventsReply> read(ports::EventsRequest& request);
  Result<bool> act_on_dead_letter(ports::DeadLetterAct::Kind kind, const std::string& row);
  SubscriberHost subscriber_host() {
    return {log_,         host_.store, host_.output,     host_.marker, host_.crashes_max,
            host_.random, host_.log,   host_.stood_still};
  }

  const detail::Declarations& declarations_;
  EventsHost host_;
  EventLog log_;
  std::vector<Entry> subscribers_;  // in the order of their declarations
  std::unordered_map<std::string_view, std::size_t> places_;
  bool has_work_ = false;
  std::list<Waiter> waiters_;
  std::unordered_map<std::string, model::EventSourceRecord> sources_;
  std::vector<std::pair<std::uint64_t, std::string>>
      acted_;  // dead letters whose end is not durable yet, with their output
  std::uint64_t outputs_taken_ = 0;
  std::uint64_t next_incoming_ = 0;
  bool service_subscriptions_on_ = true;
  Timestamp latest_{};
};

}  // namespace eventual::engine
