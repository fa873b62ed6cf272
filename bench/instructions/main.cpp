// eventual-instructions: the hot path without threads, disk and clock, so that counting its
// instructions under callgrind gives the same number on every run.
//
// Each workload runs on an engine of its own over a store in memory. The counts of callgrind are
// cleared when it begins, and written under its name when it ends; standard output tells how many
// pieces of work that was.
#include <fmt/format.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name)
#endif

#include <cstdint>
#include <deque>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/assert.hpp"
#include "bench/service.hpp"
#include "engine/engine.hpp"
#include "eventual/eventual.hpp"
#include "model/history.hpp"
#include "store/memory/memory_store.hpp"
#include "workflow/executor.hpp"

namespace eventual::bench {
namespace {

using namespace std::chrono_literals;

/// In flight at once: what one commit of a busy service may hold.
constexpr std::uint64_t k_together = 16;

/// Drives an engine as a host does. Any failure ends the process: then the counts mean nothing.
class Machine {
 public:
  Machine()
      : engine_(declarations(), store_, nullptr, engine::Options(),
                [](LogLevel, std::string_view, std::string_view) {}) {
    engine_.recover(now_).value();
  }

  void start(std::string_view workflow, std::uint64_t index) {
    engine_.start(
        {.workflow = std::string(workflow),
         .name = fmt::format("{}", index),
         .input_json = payload_json(index),
         .timeout = {}},
        [](Result<ports::StartReply> reply) { static_cast<void>(reply.value()); }, now_);
  }

  void signal(std::string_view workflow, std::uint64_t index) {
    engine_.signal(
        {.execution = {std::string(workflow), fmt::format("{}", index), 0},
         .signal = std::string(names::k_go),
         .payload_json = payload_json(index),
         .message_id = {}},
        [](Result<bool> sent) { static_cast<void>(sent.value()); }, now_);
  }

  /// Until nothing is left to do at this instant.
  void settle() {
    for (;;) {
      engine_.tick(now_);
      bool worked = false;
      while (engine_.has_output()) {
        commit();
        worked = true;
      }
      while (!attempts_.empty()) {
        run_attempt();
        worked = true;
      }
      const auto due = engine_.next_due();
      if (!worked && !(due && *due <= now_)) return;
    }
  }

  void sleep(Duration duration) {
    now_ += duration;
    settle();
  }

  engine::Figures figures() const { return engine_.figures(); }
  ports::Store& store() { return store_; }

 private:
  void commit() {
    engine::Output output = engine_.take_output();
    engine::commit_output(store_, output, false).value();
    for (engine::Attempt& attempt : output.attempts) attempts_.push_back(std::move(attempt));
    for (const auto& reply : output.replies) reply();
    engine_.committed(output, now_);
  }

  void run_attempt() {
    const engine::Attempt attempt = std::move(attempts_.front());
    attempts_.pop_front();
    engine::AttemptResult result;
    result.execution_id = attempt.execution_id;
    result.run = attempt.run;
    result.seq = attempt.seq;
    result.attempt = attempt.attempt;
    TaskContext context(attempt.execution_id, attempt.run, attempt.seq, attempt.attempt,
                        attempt.idempotency_key, {});
    detail::HandlerScope scope;
    scope.task = &context;
    scope.provided = &declarations().provided();
    result.result = attempt.definition->run(attempt.input, scope);
    engine_.attempt_finished(std::move(result), now_);
  }

  store::MemoryStore store_;
  Timestamp now_{Duration(1'000'000)};
  engine::Engine engine_;
  std::deque<engine::Attempt> attempts_;
};

/// `each(machine, first)` takes the executions from `first` on, k_together of them, through what is
/// counted.
template <class Each>
void count(const char* name, std::uint64_t executions, std::uint64_t pieces_each,
           const Each& each) {
  Machine machine;
  each(machine, 1'000'000);  // warms what grows only once
  CALLGRIND_ZERO_STATS;
  for (std::uint64_t first = 0; first < executions; first += k_together) each(machine, first);
  CALLGRIND_DUMP_STATS_AT(name);
  fmt::print("{} {}\n", name, executions * pieces_each);
}

void start_some(Machine& machine, std::string_view workflow, std::uint64_t first) {
  for (std::uint64_t i = 0; i < k_together; ++i) machine.start(workflow, first + i);
  machine.settle();
}

void expect_closed(const Machine& machine, std::uint64_t executions) {
  const engine::Figures figures = machine.figures();
  EVENTUAL_ASSERT(figures.closed >= executions && figures.closed == figures.started,
                  "an execution has not ended");
}

void count_executions(const char* name, std::string_view workflow, std::uint64_t executions,
                      std::uint64_t pieces_each) {
  count(name, executions, pieces_each, [&](Machine& machine, std::uint64_t first) {
    start_some(machine, workflow, first);
    expect_closed(machine, k_together);
  });
}

void count_replay() {
  constexpr std::uint64_t k_replays = 4;
  Machine machine;
  machine.start(names::k_fanout, 1);
  machine.settle();
  const std::string id = std::string(names::k_fanout) + "/1";
  const auto stored =
      engine::read_execution(machine.store(), engine::Options().shards, id, 0).value();
  const auto& began = std::get<model::ExecutionStarted>(stored.turns.front().events.front());
  const auto* definition = declarations().find_workflow(names::k_fanout);
  std::uint64_t events = 0;
  CALLGRIND_ZERO_STATS;
  for (std::uint64_t i = 0; i < k_replays; ++i) {
    workflow::Executor executor(declarations(), *definition, {id, 1, began.derivation},
                                [](LogLevel, std::string_view) {});
    for (const model::Turn& turn : stored.turns) {
      executor.begin_replay(turn.at, turn.calls);
      for (const model::Event& event : turn.events) executor.apply(event);
      executor.end_turn();
      events += turn.events.size() + turn.calls.size();
    }
    EVENTUAL_ASSERT(!executor.stuck(), "the replay ended elsewhere");
  }
  CALLGRIND_DUMP_STATS_AT("replay");
  fmt::print("replay {}\n", events);
}

void run() {
  count_executions("start", names::k_start, 320, 1);
  count_executions("step", names::k_seq, 64, k_seq_steps);
  count_executions("pure_step", names::k_seq_pure, 64, k_seq_steps);
  count_executions("fanout_step", names::k_fanout, 16, k_fanout_steps);
  count("signal", 160, 1, [](Machine& machine, std::uint64_t first) {
    start_some(machine, names::k_receiver, first);
    for (std::uint64_t i = 0; i < k_together; ++i) machine.signal(names::k_receiver, first + i);
    machine.settle();
    expect_closed(machine, k_together);
  });
  count("sleep", 160, 1, [](Machine& machine, std::uint64_t first) {
    start_some(machine, names::k_sleeper, first);
    machine.sleep(1h);
    expect_closed(machine, k_together);
  });
  count_replay();
}

}  // namespace
}  // namespace eventual::bench

int main() {
  try {
    eventual::bench::run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "eventual-instructions: {}\n", error.what());
    return 1;
  }
  return 0;
}
