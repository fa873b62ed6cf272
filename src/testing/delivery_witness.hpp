// What became of the events of a simulated run: what the store took of the log, and what the
// handlers of subscriptions did about it.
//
// It knows nothing of the engine but its rows: an event counts as delivered when a handler that got
// it has ended well, whatever the engine made of that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/attempt.hpp"
#include "eventual/detail/definitions.hpp"
#include "eventual/time.hpp"
#include "model/events.hpp"
#include "ports/operations.hpp"
#include "ports/store.hpp"
#include "testing/checks.hpp"
#include "testing/clients.hpp"

namespace eventual::testing {

/// What is wrong is thrown as Error("Violated").
class DeliveryWitness {
 public:
  /// `declarations` must outlive it. Ids of events are kept for `ids_kept`.
  DeliveryWitness(const detail::Declarations& declarations, Duration ids_kept);

  /// The store has taken a batch.
  void committed(const ports::Batch& batch);
  /// A process begins with what is stored.
  void process_begins(ports::Store& store);
  /// An attempt of any kind is about to run. Of a subscription: none of its events is done, it does
  /// not run already, and what came before it for its keys is done.
  void attempt_begins(const engine::Attempt& attempt);
  void attempt_ended(const engine::Attempt& attempt, const engine::AttemptResult& result);

  // When nothing moves any more:

  /// Each event has reached each subscription that takes it, or is a dead letter.
  void check_all_delivered(const std::vector<ports::SubscriptionView>& views) const;
  /// What was emitted is in the log, in its order, and each id once within the time that ids are
  /// kept.
  void check_log() const;
  /// What the history says was emitted is in the log.
  void check_emitted(const Story& story) const;
  /// What a client was told was taken is in the log.
  void check_answer(const Request& request) const;

  /// By number.
  const std::map<std::uint64_t, model::StoredEvent>& log() const noexcept { return log_; }

 private:
  struct Subscription {
    const detail::SubscriptionDefinition* definition = nullptr;
    std::set<std::uint64_t> expected;  ///< not delivered yet
    /// The same by key, where the order counts, without those that have once been dead letters.
    std::map<std::string, std::set<std::uint64_t>, std::less<>> ahead;
    std::set<std::uint64_t> done_before;  ///< this process began, as its rows said
    /// Attempts that have begun in this process: the number of the first event and the attempt.
    std::set<std::pair<std::uint64_t, std::uint32_t>> begun;
  };
  using CallKey = std::tuple<std::string, std::uint32_t, std::uint32_t>;
  using IdKey = std::pair<std::string, std::string>;  // source and id

  void logged(std::uint64_t number, model::StoredEvent event);
  void letter_changed(std::string_view subscription, std::uint64_t number, bool redriven);
  void delivered(Subscription& subscription, std::uint64_t number);
  static bool takes(const detail::SubscriptionDefinition& definition,
                    const model::StoredEvent& event);
  std::vector<std::uint64_t> numbers_of(const engine::Attempt& attempt) const;
  std::size_t count(const std::string& source, const std::string& id) const;

  const Duration ids_kept_;
  std::map<std::uint64_t, model::StoredEvent> log_;
  std::map<IdKey, std::vector<std::uint64_t>> numbers_;  ///< ascending
  std::vector<model::StoredEvent> incoming_;             ///< that transactions committed
  std::map<std::string, Subscription, std::less<>> subscriptions_;
  /// Ids of what tasks emitted with their success, once for each attempt that succeeded.
  std::map<CallKey, std::map<std::uint32_t, std::vector<std::string>>> emitted_by_tasks_;
};

}  // namespace eventual::testing
