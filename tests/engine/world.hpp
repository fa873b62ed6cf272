// Drives the engine as a host does, on a memory store and a clock that moves only when told.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "eventual/eventual.hpp"
#include "store/memory/memory_store.hpp"

namespace eventual::engine {

/// One process on one store. `restart` is a SIGKILL: what was not committed is gone.
class World {
 public:
  explicit World(const Service& service, Options options = {}) : service_(service), options_(options) { boot(); }

  Timestamp now{};
  bool run_tasks = true;       ///< false: attempts wait in `attempts`
  std::deque<Attempt> attempts;
  std::vector<StopAttempt> stops;
  std::vector<std::string> log;
  std::size_t commits = 0;

  Engine& engine() { return *engine_; }
  ports::Store& store() { return *store_; }

  void restart() {
    engine_.reset();
    attempts.clear();
    boot();
  }

  /// Commits and performs effects until nothing is left to do at this instant.
  void settle() {
    for (;;) {
      engine_->tick(now);
      bool worked = false;
      while (engine_->has_output()) {
        commit();
        worked = true;
      }
      if (run_tasks && !attempts.empty()) {
        run_attempt();
        worked = true;
      }
      const auto due = engine_->next_due();
      if (!worked && !(due && *due <= now)) return;
    }
  }

  /// Moves the clock from one due time to the next.
  void advance(Duration duration) {
    const Timestamp until = now + duration;
    settle();
    for (;;) {
      const auto due = engine_->next_due();
      if (!due || *due > until) break;
      now = std::max(now, *due);
      settle();
    }
    now = until;
    settle();
  }

  void commit() {
    Output output = engine_->take_output();
    if (!output.batch.empty()) {
      ++commits;
      const auto outcome = store_->commit({&output.batch, 1});
      if (!outcome) throw outcome.error();
    }
    for (Attempt& attempt : output.attempts) attempts.push_back(std::move(attempt));
    for (StopAttempt& stop : output.stops) stops.push_back(std::move(stop));
    for (auto& reply : output.replies) reply();
    engine_->committed(output, now);
  }

  void run_attempt() {
    const Attempt attempt = std::move(attempts.front());
    attempts.pop_front();
    finish(attempt);
  }

  void finish(const Attempt& attempt) {
    AttemptResult result{attempt.execution_id, attempt.run, attempt.seq, attempt.attempt, std::nullopt, "null", {}};
    TaskContext context(attempt.execution_id, attempt.run, attempt.seq, attempt.attempt, attempt.idempotency_key, {});
    detail::HandlerScope scope;
    scope.task = &context;
    scope.provided = &service_.declarations().provided();
    try {
      result.result = attempt.definition->run(attempt.input, scope);
    } catch (...) {
      result.error = describe(std::current_exception());
    }
    engine_->attempt_finished(std::move(result), now);
  }

  template <class Input, class Output>
  std::string start(const Workflow<Input, Output>& workflow, const Input& input, std::string name = "one") {
    return start_json(std::string(workflow.name()), to_json(input), std::move(name)).value().execution_id;
  }

  Result<ports::StartReply> start_json(std::string workflow, std::string input, std::string name) {
    std::optional<Result<ports::StartReply>> reply;
    engine_->start({std::move(workflow), name.empty() ? std::nullopt : std::optional(name), std::move(input), {}},
                   [&](Result<ports::StartReply> given) { reply = std::move(given); }, now);
    settle();
    return std::move(reply).value();
  }

  Result<bool> signal(const std::string& id, std::string name, std::string payload = "null", std::string message_id = {}) {
    std::optional<Result<bool>> reply;
    engine_->signal({ports::parse_execution_id(id).value(), std::move(name), std::move(payload), std::move(message_id)},
                    [&](Result<bool> given) { reply = std::move(given); }, now);
    settle();
    return std::move(reply).value();
  }

  ports::ExecutionView view(const std::string& id) {
    std::optional<Result<ports::ExecutionView>> reply;
    engine_->describe(ports::parse_execution_id(id).value(),
                      [&](Result<ports::ExecutionView> given) { reply = std::move(given); }, now);
    settle();
    return std::move(reply).value().value();
  }

  std::vector<std::string> history_types(const std::string& id) {
    std::vector<std::string> types;
    const auto stored = read_execution(*store_, options_.shards, id, 0).value();
    for (const model::Turn& turn : stored.turns) {
      for (const auto& event : turn.events) types.emplace_back(model::type_of(event));
      for (const auto& call : turn.calls) types.emplace_back(model::type_of(call));
    }
    return types;
  }

 private:
  void boot() {
    options_.seed += 1;
    engine_ = std::make_unique<Engine>(service_.declarations(), *store_, nullptr, options_,
                                       [this](LogLevel, std::string_view id, std::string_view message) {
                                         log.push_back(std::string(id) + ": " + std::string(message));
                                       });
    engine_->recover(now).value();
    if (run_tasks) settle();
  }

  const Service& service_;
  Options options_;
  std::unique_ptr<ports::Store> store_ = std::make_unique<store::MemoryStore>();
  std::unique_ptr<Engine> engine_;
};

}  // namespace eventual::engine
