// Simulations: a whole service on the production engine, again and again, with the order of
// everything that is ready and the faults that it meets drawn from a seed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "eventual/command.hpp"
#include "eventual/event.hpp"
#include "eventual/json.hpp"
#include "eventual/query.hpp"
#include "eventual/schedule.hpp"
#include "eventual/schema.hpp"
#include "eventual/signal.hpp"
#include "eventual/time.hpp"
#include "eventual/update.hpp"
#include "eventual/workflow.hpp"

namespace eventual {

class Service;

/// Faults that a simulated run meets, each as a chance from 0 (never) to 1 per opportunity. A run
/// ends with a restart and a time without faults, in which everything has to come to rest.
struct Faults {
  /// Per step: the process dies. What it had not committed is gone, nobody gets an answer.
  double crash = 0.01;
  /// Per commit: it fails, before or after it was written; the same batch is given again.
  double write_failure = 0.02;
  /// Per commit: it takes up to ten seconds, and more work comes in meanwhile.
  double slow_write = 0.03;
  /// Per attempt: it throws Error("SimulatedFailure") instead of running.
  double task_failure = 0.05;
  /// Per attempt: its handler runs, and its result comes up to an hour late.
  double slow_task = 0.03;
  /// Per attempt: it begins and is never heard of again.
  double lost_attempt = 0.02;
  /// Per attempt: its result arrives a second time.
  double duplicate_result = 0.02;
  /// Per attempt: its handler leaves a token, by which somebody brings the result later.
  double async_result = 0.03;
  /// Per request: the client sends it twice.
  double duplicate_request = 0.05;
  /// Per request or result on its way to the engine: others overtake it, for up to two seconds.
  double late_message = 0.05;
  /// Per step with something ready: time moves all the same.
  double delay = 0.1;
  /// Per step: an open execution is paused, and resumed up to an hour later.
  double pause = 0.002;
  /// Per step: all executions are put out of memory and replayed when they are needed again. In
  /// half of the runs none is ever kept in memory.
  double eviction = 0.02;
  /// Per step: the machine's clock is set forward or back, by up to an hour.
  double clock_step = 0.002;

  /// All at zero.
  static Faults none();
};

class SimulatedRun;

struct SimulationOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 100;
  /// Of the machine's clock; no new seed is begun after it.
  std::chrono::seconds time_limit = std::chrono::seconds::max();
  Faults faults = {};
  std::uint32_t executions = 8;           ///< started in each run, when there is no scenario
  Duration span = std::chrono::hours(1);  ///< of virtual time over which requests arrive then
  std::uint64_t steps_max = 200'000;      ///< of one run; more is reported as a failure
  bool shrink = true;                     ///< look for a smaller run that fails too
  /// The requests of the scenario that are made, by their numbers from 0; nothing: all of them.
  std::optional<std::vector<std::uint32_t>> only = {};
  /// No fault happens after so many steps.
  std::uint64_t calm_after = ~std::uint64_t{0};
  /// Gets a line for each thing that happens; for one seed.
  std::function<void(std::string_view line)> trace = {};
  /// For the simulator's own tests: a defect of the host, by its number.
  std::uint8_t planted_defect = 0;
};

struct SimulationFailure {
  std::uint64_t seed = 0;
  std::string reason;
  std::string reproduce;  ///< the verb and its arguments that show it again, shrunk
};

struct SimulationReport {
  struct FaultCount {
    std::string name;
    std::uint64_t count = 0;
  };

  std::uint64_t seeds_run = 0;
  std::uint64_t steps = 0;
  std::uint64_t executions = 0;
  std::uint64_t requests = 0;  ///< of clients
  std::uint64_t crashes = 0;
  std::vector<FaultCount> faults;            ///< each kind that Faults has, in its order
  std::optional<SimulationFailure> failure;  ///< the first

  bool ok() const noexcept { return !failure.has_value(); }
  /// Faults of all kinds.
  std::uint64_t faults_total() const noexcept;
};

/// Runs a service on virtual time, one seed after the other. After each run it checks that nothing
/// acknowledged is lost, each call has one result, code and histories agree, open executions can be
/// woken, and timers fired in order and not early; then the user's invariants. The handlers of the
/// service run for real: what they reach must be in this process, and begin anew with each run.
///
/// Thread rule: one thread; handlers run on threads of its own, one at a time.
class Simulation {
 public:
  /// `service` must outlive it.
  explicit Simulation(Service& service, SimulationOptions options = {});
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// What the clients do in each run: called at its beginning, it makes requests and sets back what
  /// the handlers reach. Without one, random requests of every kind are made, with inputs from the
  /// schemas.
  Simulation& scenario(std::function<void(SimulatedRun&)> plan);
  /// Checked after each run, when nothing moves any more. Throws to report a violation.
  Simulation& invariant(std::string name, std::function<void(SimulatedRun&)> check);

  /// Runs the seeds until one fails, then shrinks it. `progress` is called after each. Throws
  /// InvalidInput when the service's declarations have defects.
  SimulationReport run(const std::function<void(const SimulationReport&)>& progress = {});

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

/// One run of a simulation, for scenarios and invariants.
///
/// Each request is made `after` so long, in virtual time; its client repeats it until it is
/// answered. A scenario must get all that it draws from random().
class SimulatedRun {
 public:
  struct Core;
  explicit SimulatedRun(Core& core) noexcept : core_(core) {}

  std::uint64_t seed() const noexcept;
  /// Uniform in [0, n); n is at least 1.
  std::uint64_t random(std::uint64_t n);
  /// Uniform in [0, longest).
  Duration random_duration(Duration longest);
  Timestamp now() const noexcept;

  // --- scenarios ---

  /// Starts an execution. Returns its id.
  template <class Input, class Output>
  std::string start(const Workflow<Input, Output>& workflow, const detail::Stored<Input>& input,
                    std::string name, Duration after = Duration(0)) {
    return start_json(workflow.name(), to_json(input), std::move(name), after);
  }
  /// Sends a signal, with an id of its own.
  template <class Payload, class Body>
    requires(!std::is_void_v<Payload>)
  void send(const std::string& execution_id, const Signal<Payload>& signal, const Body& payload,
            Duration after = Duration(0)) {
    send_json(execution_id, signal.name(), to_json(static_cast<Payload>(payload)), after);
  }
  void send(const std::string& execution_id, const Signal<void>& signal,
            Duration after = Duration(0)) {
    send_json(execution_id, signal.name(), "null", after);
  }
  /// Starts an execution and sends it a signal at once, or sends it alone where it runs already.
  template <class Input, class Output, class Payload, class Body>
  std::string send_with_start(const Workflow<Input, Output>& workflow,
                              const detail::Stored<Input>& input, std::string name,
                              const Signal<Payload>& signal, const Body& payload,
                              Duration after = Duration(0)) {
    return send_with_start_json(workflow.name(), to_json(input), std::move(name), signal.name(),
                                to_json(static_cast<Payload>(payload)), after);
  }
  /// Asks for an update, with an id of its own.
  template <class Input, class Output>
  void update(const std::string& execution_id, const Update<Input, Output>& update,
              const detail::Stored<Input>& input, Duration after = Duration(0)) {
    update_json(execution_id, update.name(), to_json(input), after);
  }
  /// Calls a command.
  template <class Input, class Output>
  void call(const Command<Input, Output>& command, const detail::Stored<Input>& input,
            Duration after = Duration(0)) {
    call_json(command.name(), to_json(input), after);
  }
  /// Reads the view that an execution published.
  void read_view(const std::string& execution_id, Duration after = Duration(0));
  void cancel(const std::string& execution_id, Duration after = Duration(0));
  void terminate(const std::string& execution_id, Duration after = Duration(0));
  /// It is resumed at the end at the latest.
  void pause(const std::string& execution_id, Duration after = Duration(0));
  void resume(const std::string& execution_id, Duration after = Duration(0));
  void retry(const std::string& execution_id, Duration after = Duration(0));
  void fork(const std::string& execution_id, std::uint32_t seq, std::string name,
            Duration after = Duration(0));
  void trigger(const Schedule& schedule, Duration after = Duration(0));
  /// Emits an event from outside, once: with an id of its own where the options give none. Returns
  /// its id. An event that another service declares comes from there.
  template <class T>
  std::string emit(const Event<T>& event, const std::type_identity_t<T>& payload,
                   const EmitOptions& options = {}, Duration after = Duration(0)) {
    return emit_json(event.name(), to_json(payload), options, after);
  }
  /// Delivers its dead letters again.
  void redrive(const Subscription& subscription, Duration after = Duration(0));
  void discard(const Subscription& subscription, Duration after = Duration(0));
  void pause(const Schedule& schedule, Duration after = Duration(0));
  void resume(const Schedule& schedule, Duration after = Duration(0));
  /// Both times count from the beginning of the run.
  void backfill(const Schedule& schedule, Duration from, Duration to, Duration after = Duration(0));

  std::string start_json(std::string_view workflow, std::string input_json, std::string name,
                         Duration after);
  void send_json(const std::string& execution_id, std::string_view signal, std::string payload_json,
                 Duration after);
  std::string send_with_start_json(std::string_view workflow, std::string input_json,
                                   std::string name, std::string_view signal,
                                   std::string payload_json, Duration after);
  void update_json(const std::string& execution_id, std::string_view update, std::string input_json,
                   Duration after);
  void call_json(std::string_view command, std::string input_json, Duration after);
  std::string emit_json(std::string_view event, std::string payload_json,
                        const EmitOptions& options, Duration after);

  // --- invariants ---

  /// The ids of all executions, oldest first.
  std::vector<std::string> executions();
  /// What GET /_eventual/executions/<id> gives. Throws NotFound.
  Json view(const std::string& execution_id);
  /// Of its latest run.
  std::vector<Json> history(const std::string& execution_id);
  /// All events that were taken, in the order of the log, forgotten ones too: number, name, id,
  /// key, at, payload.
  std::vector<Json> events();
  /// As GET /_eventual/dead-letters gives them.
  std::vector<Json> dead_letters();

 private:
  void act_on_dead_letters(const Subscription& subscription, bool redriven, Duration after);

  Core& core_;
};

}  // namespace eventual
