// Drives the engine as a host does, on a memory store and a clock that moves only when told.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engine/errors.hpp"
#include "eventual/eventual.hpp"
#include "store/memory/memory_store.hpp"
#include "workflow/executor.hpp"

namespace eventual::engine {

/// Crashes as a test tells them. Keeps them over a restart.
class ScriptedMarker final : public ports::CallMarker {
 public:
  static std::string name_of(std::string_view id, std::uint32_t seq) {
    return std::string(id) + "#" + std::to_string(seq);
  }

  std::map<std::string, std::uint32_t> counts;  ///< by name_of
  int depth = 0;

  void begin(const ports::CallName&) noexcept override { ++depth; }
  void end() noexcept override { --depth; }
  std::uint32_t crashes(const ports::CallName& call) override {
    const auto found = counts.find(name_of(call.execution_id, call.seq));
    return found == counts.end() ? 0 : found->second;
  }
  void forgive(std::string_view execution_id) override {
    std::erase_if(counts, [&](const auto& entry) {
      return entry.first.starts_with(std::string(execution_id) + "#");
    });
  }
};

/// Passes everything on, or refuses to be read.
class UnreadableStore final : public ports::Store {
 public:
  explicit UnreadableStore(std::unique_ptr<ports::Store> inner) : inner_(std::move(inner)) {}

  bool failing = false;
  std::size_t refused = 0;

  Result<std::optional<std::string>> get(ports::Table table, std::string_view key) override {
    if (failing) return refuse();
    return inner_->get(table, key);
  }
  Result<void> scan(ports::Table table, ports::ScanRange range,
                    const ports::RowVisitor& visit) override {
    if (failing) return refuse();
    return inner_->scan(table, range, visit);
  }
  Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch> parts) override {
    return inner_->commit(parts);
  }
  Result<void> backup(const std::string& folder) override { return inner_->backup(folder); }
  ports::StoreFigures figures() const override { return inner_->figures(); }

 private:
  Error refuse() {
    ++refused;
    return Error(std::string(error_names::k_unavailable), "the disk does not answer");
  }
  std::unique_ptr<ports::Store> inner_;
};

/// One process on one store. `restart` is a SIGKILL: what was not committed is gone.
class World {
 public:
  explicit World(const Service& service, Options options = {}, ports::CallMarker* marker = nullptr)
      : service_(&service), options_(options), marker_(marker) {
    boot();
  }

  Timestamp now{};
  bool run_tasks = true;  ///< false: attempts wait in `attempts`
  std::deque<Attempt> attempts;
  std::vector<StopAttempt> stops;
  std::vector<std::string> log;
  std::size_t commits = 0;
  /// The process is killed with that commit: a request that waits gets no answer
  /// (std::bad_optional_access).
  std::size_t kill_at = 0;
  bool kill_before_write = false;

  Engine& engine() { return *engine_; }
  ports::Store& store() { return *store_; }
  UnreadableStore& unreadable() { return *store_; }

  void restart() {
    engine_.reset();
    attempts.clear();
    stops.clear();
    boot();
  }
  /// The next process runs other code.
  void restart(const Service& service) {
    service_ = &service;
    restart();
  }

  /// The next process runs under another limit.
  void restart_with_payload_limit(std::size_t bytes) {
    options_.payload_bytes_max = bytes;
    restart();
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
    const bool killed = !output.batch.empty() && commits + 1 == kill_at;
    if (killed) kill_at = 0;
    if (killed && kill_before_write) return restart();
    if (!output.batch.empty()) {
      ++commits;
      const auto outcome = store_->commit({&output.batch, 1});
      if (!outcome) throw outcome.error();
    }
    if (killed) return restart();
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

  void finish(const Attempt& attempt) { engine_->attempt_finished(result_of(attempt), now); }

  /// Runs the handler; the engine does not learn of it.
  AttemptResult result_of(const Attempt& attempt) {
    AttemptResult result{attempt.execution_id, attempt.run, attempt.seq, attempt.attempt,
                         std::nullopt,         "null",      {}};
    TaskContext context(attempt.execution_id, attempt.run, attempt.seq, attempt.attempt,
                        attempt.idempotency_key, {});
    detail::HandlerScope scope;
    scope.task = &context;
    scope.provided = &service_->declarations().provided();
    try {
      result.result = attempt.definition->run(attempt.input, scope);
    } catch (...) {
      result.error = describe(std::current_exception());
    }
    return result;
  }

  template <class Input, class Output>
  std::string start(const Workflow<Input, Output>& workflow, const Input& input,
                    std::string name = "one") {
    return start_json(std::string(workflow.name()), to_json(input), std::move(name))
        .value()
        .execution_id;
  }

  Result<ports::StartReply> start_json(std::string workflow, std::string input, std::string name) {
    std::optional<Result<ports::StartReply>> reply;
    engine_->start(
        {std::move(workflow),
         name.empty() ? std::nullopt : std::optional(name),
         std::move(input),
         {}},
        [&](Result<ports::StartReply> given) { reply = std::move(given); }, now);
    settle();
    return std::move(reply).value();
  }

  Result<bool> signal(const std::string& id, std::string name, std::string payload = "null",
                      std::string message_id = {}) {
    std::optional<Result<bool>> reply;
    engine_->signal(
        {ports::parse_execution_id(id).value(), std::move(name), std::move(payload),
         std::move(message_id)},
        [&](Result<bool> given) { reply = std::move(given); }, now);
    settle();
    return std::move(reply).value();
  }

  /// cancel, terminate and resume.
  template <class Act>
  Result<bool> act(Act&& act) {
    std::optional<Result<bool>> reply;
    act(*engine_, [&](Result<bool> given) { reply = std::move(given); });
    settle();
    return std::move(reply).value();
  }
  Result<bool> cancel(const std::string& id) {
    return act([&](Engine& e, auto done) {
      e.cancel(ports::parse_execution_id(id).value(), std::move(done), now);
    });
  }
  Result<bool> terminate(const std::string& id, std::string reason = {}) {
    return act([&](Engine& e, auto done) {
      e.terminate(ports::parse_execution_id(id).value(), reason, std::move(done), now);
    });
  }
  Result<bool> resume(const std::string& id) {
    return act([&](Engine& e, auto done) {
      e.resume(ports::parse_execution_id(id).value(), std::move(done), now);
    });
  }

  Result<bool> pause(const std::string& id, std::string reason = {}) {
    return act([&](Engine& e, auto done) {
      e.pause(ports::parse_execution_id(id).value(), reason, std::move(done), now);
    });
  }
  Result<ports::StartReply> retry(const std::string& id) {
    std::optional<Result<ports::StartReply>> reply;
    engine_->retry(
        ports::parse_execution_id(id).value(),
        [&](Result<ports::StartReply> given) { reply = std::move(given); }, now);
    settle();
    return std::move(reply).value();
  }
  Result<ports::StartReply> fork(const std::string& id, std::uint32_t seq, std::string name) {
    std::optional<Result<ports::StartReply>> reply;
    engine_->fork(
        {ports::parse_execution_id(id).value(), seq, std::move(name)},
        [&](Result<ports::StartReply> given) { reply = std::move(given); }, now);
    settle();
    return std::move(reply).value();
  }

  using Rows = std::map<std::string, std::string>;
  Rows rows(ports::Table table) {
    Rows all;
    store_
        ->scan(table, {},
               [&](std::string_view key, std::string_view value) {
                 all.emplace(key, value);
                 return true;
               })
        .value();
    return all;
  }
  /// Writes behind the engine's back.
  void put_row(ports::Table table, std::string key, std::string value) {
    ports::Batch batch;
    batch.put(table, std::move(key), std::move(value));
    store_->commit({&batch, 1}).value();
  }
  void remove_row(ports::Table table, std::string key) {
    ports::Batch batch;
    batch.remove(table, std::move(key));
    store_->commit({&batch, 1}).value();
  }
  std::uint16_t shard(const std::string& id) const { return shard_of_id(id, options_.shards); }

  StoredExecution stored(const std::string& id) {
    return read_execution(*store_, options_.shards, id, 0).value();
  }
  std::size_t count(const std::string& id, std::string_view type) {
    std::size_t n = 0;
    for (const std::string& each : history_types(id)) n += each == type ? 1 : 0;
    return n;
  }

  /// Replays a history cold. Empty, or how it differs from what was recorded.
  std::string replay_difference(const std::string& id) {
    const StoredExecution execution = stored(id);
    const auto* definition = service_->declarations().find_workflow(id.substr(0, id.find('/')));
    const auto& started = std::get<model::ExecutionStarted>(execution.turns.at(0).events.at(0));
    workflow::Executor executor(service_->declarations(), *definition,
                                {id, execution.record.run, started.derivation}, {});
    for (const model::Turn& turn : execution.turns) {
      executor.begin_replay(turn.at, turn.calls);
      for (const model::Event& event : turn.events) executor.apply(event);
      executor.end_turn();
    }
    return executor.stuck() ? executor.stuck()->message() : std::string();
  }

  ports::ExecutionView view(const std::string& id) {
    std::optional<Result<ports::ExecutionView>> reply;
    engine_->describe(
        ports::parse_execution_id(id).value(),
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
    engine_ =
        std::make_unique<Engine>(service_->declarations(), *store_, marker_, options_,
                                 [this](LogLevel, std::string_view id, std::string_view message) {
                                   log.push_back(std::string(id) + ": " + std::string(message));
                                 });
    engine_->recover(now).value();
    if (run_tasks) settle();
  }

  const Service* service_;
  Options options_;
  ports::CallMarker* marker_;
  std::unique_ptr<UnreadableStore> store_ =
      std::make_unique<UnreadableStore>(std::make_unique<store::MemoryStore>());
  std::unique_ptr<Engine> engine_;
};

}  // namespace eventual::engine
