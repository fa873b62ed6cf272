#include "testing/delivery_witness.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/subscriber.hpp"
#include "model/event_filter.hpp"

namespace eventual::testing {

namespace keys = model::keys;
using engine::Subscriber;
using ports::Table;
using ports::Write;

namespace {

[[noreturn]] void violated(std::string what) { throw Error("Violated", std::move(what)); }

std::string name_of(std::uint64_t number, const model::StoredEvent& event) {
  return fmt::format("event {} ({} {}{}{})", number, event.name, event.id,
                     event.key.empty() ? "" : ", key ", event.key);
}

/// Which of the events up to where a subscription stands are done, as the rows say.
std::set<std::uint64_t> done_events(ports::Store& store, const std::string& subscription,
                                    const std::map<std::uint64_t, model::StoredEvent>& log) {
  std::set<std::uint64_t> done;
  const auto row = store.get(Table::deliveries, keys::subscription(subscription)).value();
  if (!row) return done;
  const model::SubscriptionRecord record = model::decode_subscription(*row).value();
  for (const auto& [number, event] : log) {
    if (number < record.next) done.insert(number);
  }
  for (const std::uint64_t open : model::decode_numbers(record.open).value()) done.erase(open);
  const std::string from = keys::deliveries(subscription);
  const std::string to = keys::deliveries_end(subscription);
  store
      .scan(Table::deliveries, {from, to},
            [&](std::string_view key, std::string_view) {
              done.erase(keys::last_number(key));
              return true;
            })
      .value();
  return done;
}

}  // namespace

DeliveryWitness::DeliveryWitness(const detail::Declarations& declarations, Duration ids_kept)
    : ids_kept_(ids_kept) {
  for (const detail::SubscriptionDefinition& definition : declarations.subscriptions())
    subscriptions_[definition.name].definition = &definition;
}

// --- what is stored ---

void DeliveryWitness::committed(const ports::Batch& batch) {
  for (const Write& write : batch.writes) {
    if (write.table == Table::events && write.kind == Write::Kind::put &&
        write.key != keys::event_log()) {
      model::StoredEvent event = model::decode_event(write.value).value();
      if (write.key >= keys::incoming_events() && write.key < keys::incoming_events_end()) {
        incoming_.push_back(std::move(event));
      } else {
        logged(keys::event_number(write.key), std::move(event));
      }
    }
    if (write.table != Table::dead_letters || write.kind == Write::Kind::remove_range) continue;
    const auto letter = keys::parse_dead_letter(write.key);
    if (!letter) continue;
    const bool redriven =
        write.kind == Write::Kind::remove &&
        std::any_of(batch.writes.begin(), batch.writes.end(), [&](const Write& other) {
          return other.table == Table::deliveries && other.kind == Write::Kind::put &&
                 other.key == keys::delivery(letter->subscription, letter->number);
        });
    letter_changed(letter->subscription, letter->number, redriven);
  }
}

bool DeliveryWitness::takes(const detail::SubscriptionDefinition& definition,
                            const model::StoredEvent& event) {
  return std::any_of(
      definition.sources.begin(), definition.sources.end(), [&](const detail::EventSource& source) {
        return source.name == event.name &&
               model::satisfies(source.filter, Json::parse(event.payload.text).value());
      });
}

void DeliveryWitness::logged(std::uint64_t number, model::StoredEvent event) {
  if (log_.contains(number)) return;  // a batch that was given to the store again
  for (auto& [name, subscription] : subscriptions_) {
    if (!takes(*subscription.definition, event)) continue;
    subscription.expected.insert(number);
    if (subscription.definition->options.order == EventOrder::per_key && !event.key.empty())
      subscription.ahead[event.key].insert(number);
  }
  numbers_[{event.source, event.id}].push_back(number);
  log_.emplace(number, std::move(event));
}

void DeliveryWitness::letter_changed(std::string_view name, std::uint64_t number, bool redriven) {
  const auto found = subscriptions_.find(name);
  if (found == subscriptions_.end()) return;
  Subscription& subscription = found->second;
  delivered(subscription, number);  // a dead letter frees what comes after it
  if (!redriven) return;
  subscription.expected.insert(number);
  subscription.done_before.erase(number);
  std::erase_if(subscription.begun, [&](const auto& attempt) { return attempt.first == number; });
}

void DeliveryWitness::delivered(Subscription& subscription, std::uint64_t number) {
  subscription.expected.erase(number);
  const auto event = log_.find(number);
  if (event == log_.end()) return;
  const auto ahead = subscription.ahead.find(event->second.key);
  if (ahead != subscription.ahead.end()) ahead->second.erase(number);
}

void DeliveryWitness::process_begins(ports::Store& store) {
  for (auto& [name, subscription] : subscriptions_) {
    subscription.begun.clear();
    subscription.done_before = done_events(store, name, log_);
  }
}

// --- what handlers do ---

/// Several events may have the same id, when the time that ids are kept lies between them: of those
/// after the first, which the attempt names, it is the first that may be meant.
std::vector<std::uint64_t> DeliveryWitness::numbers_of(const engine::Attempt& attempt) const {
  std::vector<std::uint64_t> numbers;
  std::string_view subscription;
  const std::uint64_t first = std::uint64_t{attempt.run} << 32 | attempt.seq;
  for (const detail::DeliveredEvent& event : detail::read_delivery(attempt.input, subscription)) {
    const auto known = numbers_.find({std::string(event.source), std::string(event.id)});
    const auto number =
        known == numbers_.end()
            ? std::vector<std::uint64_t>::const_iterator()
            : std::find_if(known->second.begin(), known->second.end(), [&](std::uint64_t each) {
                if (numbers.empty()) return each == first;
                return std::find(numbers.begin(), numbers.end(), each) == numbers.end();
              });
    if (known == numbers_.end() || number == known->second.end()) {
      violated(fmt::format("subscription {} gets event {} {}, which is not in the log",
                           subscription, event.name, event.id));
    }
    const model::StoredEvent& stored = log_.at(*number);
    if (stored.payload.text != event.payload || stored.key != event.key ||
        stored.name != event.name) {
      violated(
          fmt::format("subscription {} gets another {}", subscription, name_of(*number, stored)));
    }
    numbers.push_back(*number);
  }
  return numbers;
}

void DeliveryWitness::attempt_begins(const engine::Attempt& attempt) {
  if (!Subscriber::is_delivery(attempt.execution_id)) return;
  const std::string name(Subscriber::name_in(attempt.execution_id));
  const auto found = subscriptions_.find(name);
  if (found == subscriptions_.end()) return;
  Subscription& subscription = found->second;
  const std::vector<std::uint64_t> numbers = numbers_of(attempt);
  if (!subscription.begun.emplace(numbers.front(), attempt.attempt).second) {
    violated(fmt::format("subscription {} gets {} twice as attempt {}", name,
                         name_of(numbers.front(), log_.at(numbers.front())), attempt.attempt));
  }
  for (const std::uint64_t number : numbers) {
    const model::StoredEvent& event = log_.at(number);
    if (subscription.done_before.contains(number)) {
      violated(fmt::format("subscription {} gets {} again, though it was done", name,
                           name_of(number, event)));
    }
    const auto ahead = subscription.ahead.find(event.key);
    if (ahead == subscription.ahead.end()) continue;
    for (const std::uint64_t before : ahead->second) {
      if (before >= number) break;
      if (std::find(numbers.begin(), numbers.end(), before) != numbers.end()) continue;
      violated(fmt::format("subscription {} gets {} before {} is done", name,
                           name_of(number, event), name_of(before, log_.at(before))));
    }
  }
}

void DeliveryWitness::attempt_ended(const engine::Attempt& attempt,
                                    const engine::AttemptResult& result) {
  if (result.error || result.deferred) return;
  if (!Subscriber::is_delivery(attempt.execution_id)) {
    std::vector<std::string>& ids =
        emitted_by_tasks_[{attempt.execution_id, attempt.run, attempt.seq}][attempt.attempt];
    ids.clear();
    for (const model::StoredEvent& event : result.events) ids.push_back(event.id);
    return;
  }
  const auto found = subscriptions_.find(Subscriber::name_in(attempt.execution_id));
  if (found == subscriptions_.end()) return;
  for (const std::uint64_t number : numbers_of(attempt)) delivered(found->second, number);
}

// --- what must be so in the end ---

void DeliveryWitness::check_all_delivered(const std::vector<ports::SubscriptionView>& views) const {
  for (const ports::SubscriptionView& view : views) {
    const auto found = subscriptions_.find(view.name);
    if (found == subscriptions_.end() || !view.stopped.empty()) continue;
    if (!found->second.expected.empty()) {
      const std::uint64_t number = *found->second.expected.begin();
      violated(fmt::format("{} never reached subscription {} and is no dead letter of it",
                           name_of(number, log_.at(number)), view.name));
    }
    if (view.in_flight + view.retrying + view.waiting > 0) {
      violated(
          fmt::format("subscription {} still has {} deliveries under way, {} to try again and "
                      "{} that wait",
                      view.name, view.in_flight, view.retrying, view.waiting));
    }
  }
}

std::size_t DeliveryWitness::count(const std::string& source, const std::string& id) const {
  const auto found = numbers_.find({source, id});
  return found == numbers_.end() ? 0 : found->second.size();
}

void DeliveryWitness::check_log() const {
  std::uint64_t next = 1;
  Timestamp last{};
  for (const auto& [number, event] : log_) {
    if (number != next++) violated(fmt::format("the log has no event {}", next - 1));
    if (event.at < last)
      violated(fmt::format("{} is earlier than the one before", name_of(number, event)));
    last = event.at;
  }
  for (const auto& [id, numbers] : numbers_) {
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      const model::StoredEvent& first = log_.at(numbers[i - 1]);
      const model::StoredEvent& second = log_.at(numbers[i]);
      if (!first.id_kept || !second.id_kept || second.at - first.at >= ids_kept_) continue;
      violated(fmt::format("{} has the id of {}, which was kept still", name_of(numbers[i], second),
                           name_of(numbers[i - 1], first)));
    }
  }
  for (const model::StoredEvent& event : incoming_) {
    if (count(event.source, event.id) == 0) {
      violated(fmt::format("event {} {} was committed by a transaction and is not in the log",
                           event.name, event.id));
    }
  }
}

void DeliveryWitness::check_emitted(const Story& story) const {
  for (const engine::StoredExecution& run : story.runs) {
    std::uint64_t last = 0;
    for (const model::Turn& turn : run.turns) {
      for (const model::Event& call : turn.calls) {
        const auto* emitted = std::get_if<model::EventEmitted>(&call);
        if (emitted == nullptr) continue;
        const auto known = numbers_.find({std::string(), emitted->id});
        if (known == numbers_.end()) {
          violated(fmt::format("{} emitted {} {} in call {}, which is not in the log", story.id,
                               emitted->event, emitted->id, emitted->seq));
        }
        if (emitted->own_id) continue;
        if (known->second.size() > 1) {
          violated(fmt::format("{} emitted {} once in call {}, and the log has it {} times",
                               story.id, emitted->event, emitted->seq, known->second.size()));
        }
        if (known->second.front() < last)
          violated(fmt::format("{} emitted call {} before it", story.id, emitted->seq));
        last = known->second.front();
      }
      for (const model::Event& event : turn.events) {
        const auto* done = std::get_if<model::TaskSucceeded>(&event);
        if (done == nullptr) continue;
        const auto attempts = emitted_by_tasks_.find({story.id, run.record.run, done->seq});
        if (attempts == emitted_by_tasks_.end()) continue;
        const auto ids = attempts->second.find(done->attempt);
        if (ids == attempts->second.end()) continue;
        for (const std::string& id : ids->second) {
          if (count({}, id) == 0) {
            violated(
                fmt::format("attempt {} of call {} of {} emitted event {}, which is not in "
                            "the log",
                            done->attempt, done->seq, story.id, id));
          }
        }
      }
    }
  }
}

void DeliveryWitness::check_answer(const Request& request) const {
  const bool received = request.kind == Request::Kind::receive;
  if (!request.accepted || (request.kind != Request::Kind::emit && !received)) return;
  const auto known = received ? numbers_.find({std::string(k_other_service), request.message_id})
                              : numbers_.find({std::string(), request.result.value_or("")});
  if (known == numbers_.end())
    violated(fmt::format("'{}' was acknowledged, but it is not in the log", to_text(request)));
  if (request.duplicate || received) return;
  const bool same =
      std::any_of(known->second.begin(), known->second.end(), [&](std::uint64_t number) {
        const model::StoredEvent& event = log_.at(number);
        return event.name == request.name && event.key == request.key;
      });
  if (!same) violated(fmt::format("'{}' is another event in the log", to_text(request)));
}

}  // namespace eventual::testing
