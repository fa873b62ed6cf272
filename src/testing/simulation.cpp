#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "base/hash.hpp"
#include "base/random.hpp"
#include "engine/verify.hpp"
#include "eventual/testing.hpp"
#include "gateway/execution_json.hpp"
#include "store/memory/memory_store.hpp"
#include "testing/checks.hpp"
#include "testing/random_input.hpp"
#include "testing/virtual_host.hpp"

namespace eventual {

namespace {

/// A request of a client that does not give up: it is sent again until it is answered.
struct Request {
  enum class Kind : std::uint8_t { start, signal };
  Kind kind = Kind::start;
  std::string execution_id;
  std::string name;  ///< of the workflow or the signal
  std::string json;
  std::string message_id;
  Timestamp at{};
  bool in_flight = false;
  bool answered = false;
  bool accepted = false;
  std::uint32_t tries = 0;
};

}  // namespace

/// One seed: the process, its store, the clients and the faults.
struct SimulatedRun::Core {
  Core(Service& simulated, const SimulationOptions& given, std::uint64_t run_seed)
      : service(simulated), options(given), seed(run_seed), random(base::mix64(run_seed)) {
    evicting = chance(options.faults.eviction);
    boot();
  }

  bool chance(double probability) { return probability > 0 && random.unit() < probability; }

  void boot() {
    testing::VirtualHostOptions host_options;
    host_options.seed = random.next_u64();
    host_options.engine.timer_window = k_forever;
    host_options.engine.schedules_until = Timestamp() + options.span;
    host_options.engine.live_executions_max = evicting ? 1 : 20'000;
    host_options.defect = static_cast<testing::PlantedDefect>(options.planted_defect);
    host_options.log = [](LogLevel, std::string_view, std::string_view) {};
    host = std::make_unique<testing::VirtualHost>(service, store, now, std::move(host_options));
    host->set_substitutes(
        [this](const engine::Attempt&) -> std::optional<testing::VirtualHost::Substitute> {
          if (calm) return std::nullopt;
          if (chance(options.faults.lost_attempt)) {
            ++faults;
            ++lost;
            return testing::VirtualHost::Substitute{true, nullptr};
          }
          if (chance(options.faults.task_failure)) {
            ++faults;
            return testing::VirtualHost::Substitute{false, [](std::string_view) -> std::string {
                                                      throw Error("SimulatedFailure",
                                                                  "a fault of the simulation");
                                                    }};
          }
          return std::nullopt;
        });
  }

  /// The process dies: what it had not committed is gone, clients get no answer.
  void crash() {
    host.reset();
    boot();
    ++crashes;
    lost = 0;
    for (Request& request : requests) request.in_flight = false;
  }

  void issue(std::size_t index) {
    Request& request = requests[index];
    request.in_flight = true;
    const std::uint32_t attempt = ++request.tries;
    // The run may have crashed when the answer comes: only the answer to the last try counts.
    const auto answered = [this, index, attempt, life = crashes](bool accepted) {
      Request& waiting = requests[index];
      if (life != crashes || waiting.tries != attempt) return;
      waiting.in_flight = false;
      waiting.answered = true;
      waiting.accepted = accepted;
    };
    const auto execution = ports::parse_execution_id(request.execution_id).value();
    if (request.kind == Request::Kind::start) {
      ports::StartRequest start{request.name, execution.name, request.json, std::nullopt};
      host->operations().start(
          std::move(start), [answered](Result<ports::StartReply> reply) { answered(reply.ok()); });
    } else {
      ports::SignalRequest signal{execution, request.name, request.json, request.message_id};
      host->operations().signal(std::move(signal),
                                [answered](Result<bool> reply) { answered(reply.ok()); });
    }
  }

  std::optional<Timestamp> next_request() const {
    std::optional<Timestamp> next;
    for (const Request& request : requests) {
      if (request.answered || request.in_flight) continue;
      if (!next || request.at < *next) next = request.at;
    }
    return next;
  }

  bool issue_due() {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const Request& request = requests[i];
      if (request.answered || request.in_flight || request.at > now) continue;
      issue(i);
      if (!calm && chance(options.faults.duplicate_request)) {
        ++faults;
        issue(i);
      }
      return true;
    }
    return false;
  }

  bool commit() {
    if (!calm && chance(options.faults.write_failure)) {
      ++faults;
      store_fault = random.one_in(2) ? StoreFault::before : StoreFault::after;
    }
    const bool written = host->commit().ok();
    store_fault = StoreFault::none;
    return written;
  }

  void run_attempt() {
    const std::size_t position = static_cast<std::size_t>(random.below(host->attempts_ready()));
    if (!calm && chance(options.faults.duplicate_result)) {
      ++faults;
      host->repeat_attempt(position);
    }
    host->run_attempt(position);
  }

  /// One step of whatever is ready, drawn at random. False when nothing is.
  bool step() {
    enum class Choice : std::uint8_t { request, mail, commit, attempt, handler, time };
    std::vector<Choice> ready;
    const auto due_request = next_request();
    if (due_request && *due_request <= now) ready.push_back(Choice::request);
    if (host->has_mail()) ready.push_back(Choice::mail);
    if (host->has_output()) ready.push_back(Choice::commit);
    if (host->attempts_ready() > 0) ready.push_back(Choice::attempt);
    if (host->handler_ready()) ready.push_back(Choice::handler);
    std::optional<Timestamp> due = host->next_due();
    if (due_request && (!due || *due_request < *due)) due = due_request;
    if (due && (ready.empty() || *due <= now || (!calm && chance(options.faults.delay))))
      ready.push_back(Choice::time);
    if (ready.empty()) return false;
    if (!calm && chance(options.faults.crash)) {
      ++faults;
      crash();
      return true;
    }
    switch (ready[static_cast<std::size_t>(random.below(ready.size()))]) {
      case Choice::request:
        issue_due();
        break;
      case Choice::mail:
        host->take_mail();
        break;
      case Choice::commit:
        commit();
        break;
      case Choice::attempt:
        run_attempt();
        break;
      case Choice::handler:
        host->resume_handler();
        break;
      case Choice::time:
        now = std::max(now, *due);
        host->set_now(now);
        host->fire_due();
        break;
    }
    return true;
  }

  void run_until_quiet() {
    while (step()) {
      if (++steps > options.steps_max) {
        throw Error("NotQuiet", fmt::format("still moving after {} steps", options.steps_max));
      }
    }
  }

  /// Runs to its end: with faults, then a last restart without them, as an operator would see to.
  void run() {
    run_until_quiet();
    testing::check_nothing_undelivered(store);
    calm = true;
    crash();
    run_until_quiet();
  }

  Service& service;
  const SimulationOptions& options;
  std::uint64_t seed;
  base::Random random;
  Timestamp now{};
  enum class StoreFault : std::uint8_t { none, before, after };
  StoreFault store_fault = StoreFault::none;

  /// The memory store; its commits fail when the run says so.
  class FaultyMemory final : public ports::Store {
   public:
    explicit FaultyMemory(Core& core) : core_(core) {}
    Result<std::optional<std::string>> get(ports::Table table, std::string_view key) override {
      return inner_.get(table, key);
    }
    Result<void> scan(ports::Table table, ports::ScanRange range,
                      const ports::RowVisitor& visit) override {
      return inner_.scan(table, range, visit);
    }
    Result<std::vector<ports::PartOutcome>> commit(std::span<const ports::Batch> parts) override {
      if (core_.store_fault == StoreFault::before) return refused();
      auto outcome = inner_.commit(parts);
      if (core_.store_fault == StoreFault::after) return refused();
      return outcome;
    }
    Result<void> backup(const std::string& folder) override { return inner_.backup(folder); }
    ports::StoreFigures figures() const override { return inner_.figures(); }

   private:
    static Error refused() {
      return Error(std::string(error_names::k_unavailable), "a fault of the simulation");
    }
    Core& core_;
    store::MemoryStore inner_;
  };

  FaultyMemory store{*this};
  bool evicting = false;
  bool calm = false;  ///< no more faults
  std::uint64_t steps = 0;
  std::uint64_t crashes = 0;
  std::uint64_t faults = 0;
  std::uint64_t lost = 0;
  std::vector<Request> requests;
  std::unique_ptr<testing::VirtualHost> host;
};

// --- SimulatedRun ---

std::uint64_t SimulatedRun::seed() const noexcept { return core_.seed; }
std::uint64_t SimulatedRun::random(std::uint64_t n) { return core_.random.below(n); }
Timestamp SimulatedRun::now() const noexcept { return core_.now; }

std::string SimulatedRun::start_json(std::string_view workflow, std::string input_json,
                                     std::string name, Duration after) {
  Request request;
  request.kind = Request::Kind::start;
  request.execution_id = std::string(workflow) + "/" + name;
  request.name = workflow;
  request.json = std::move(input_json);
  request.at = core_.now + after;
  core_.requests.push_back(std::move(request));
  return core_.requests.back().execution_id;
}

void SimulatedRun::send_json(const std::string& execution_id, std::string_view signal,
                             std::string payload_json, Duration after) {
  Request request;
  request.kind = Request::Kind::signal;
  request.execution_id = execution_id;
  request.name = signal;
  request.json = std::move(payload_json);
  request.message_id = fmt::format("signal-{}", core_.requests.size());
  request.at = core_.now + after;
  core_.requests.push_back(std::move(request));
}

std::vector<std::string> SimulatedRun::executions() { return testing::all_executions(core_.store); }

Json SimulatedRun::view(const std::string& execution_id) {
  auto answer = std::make_shared<std::optional<Result<ports::ExecutionView>>>();
  core_.host->operations().describe(
      ports::parse_execution_id(execution_id).value(),
      [answer](Result<ports::ExecutionView> given) { *answer = std::move(given); });
  core_.host->settle();
  return Json::parse(gateway::execution_json((*answer)->value(), true)).value();
}

std::vector<Json> SimulatedRun::history(const std::string& execution_id) {
  ports::HistoryRequest request;
  request.execution = ports::parse_execution_id(execution_id).value();
  request.limit = 1'000'000;
  return engine::read_history(core_.store, engine::Options().shards, request).value().events;
}

// --- Simulation ---

struct Simulation::Core {
  Core(Service& simulated, SimulationOptions given) : service(simulated), options(given) {}

  struct Outcome {
    std::optional<std::string> failure;
    std::uint64_t steps = 0;
    std::uint64_t executions = 0;
    std::uint64_t crashes = 0;
    std::uint64_t faults = 0;
  };

  Outcome run_seed(std::uint64_t seed, const SimulationOptions& run_options) {
    Outcome outcome;
    SimulatedRun::Core core(service, run_options, seed);
    SimulatedRun run(core);
    try {
      if (plan) {
        plan(run);
      } else {
        plan_at_random(run, run_options);
      }
      core.run();
      check(core, run);
    } catch (const std::exception& error) {
      outcome.failure = error.what();
    }
    outcome.steps = core.steps;
    outcome.crashes = core.crashes;
    outcome.faults = core.faults;
    outcome.executions = core.requests.size();
    return outcome;
  }

  void plan_at_random(SimulatedRun& run, const SimulationOptions& run_options) {
    const detail::Declarations& declarations = service.declarations();
    if (declarations.workflows().empty()) return;
    const std::uint64_t span =
        static_cast<std::uint64_t>(std::max<std::int64_t>(run_options.span.count(), 1));
    for (std::uint32_t i = 0; i < run_options.executions; ++i) {
      const auto& workflow = declarations.workflows()[run.random(declarations.workflows().size())];
      const Duration at(static_cast<std::int64_t>(run.random(span)));
      const std::string input =
          testing::random_input(workflow.input, [&](std::uint64_t n) { return run.random(n); });
      const std::string id = run.start_json(workflow.name, input, fmt::format("sim-{}", i), at);
      if (declarations.signals().empty()) continue;
      for (std::uint64_t count = run.random(3); count > 0; --count) {
        const auto& signal = declarations.signals()[run.random(declarations.signals().size())];
        const std::string payload =
            testing::random_input(signal.input, [&](std::uint64_t n) { return run.random(n); });
        run.send_json(id, signal.name, payload,
                      at + Duration(static_cast<std::int64_t>(run.random(span))));
      }
    }
  }

  void check(SimulatedRun::Core& core, SimulatedRun& run) {
    std::set<std::string> accepted_signals;
    for (const Request& request : core.requests) {
      if (!request.answered) {
        throw Error("Unanswered", "a request to " + request.execution_id + " was never answered");
      }
      if (!request.accepted) continue;
      if (request.kind == Request::Kind::signal) {
        testing::check_signal_kept(core.store, request.execution_id, request.message_id);
      } else {
        testing::check_exists(core.store, request.execution_id);
      }
    }
    for (const std::string& id : run.executions()) {
      testing::check_history(service.declarations(), core.store, id);
      const Json view = run.view(id);
      if (!gateway::is_closed(view["status"].as_string()) && view["waiting_for"].size() == 0) {
        throw Error("Stuck", "execution " + id + " is " + view["status"].as_string() +
                                 " and nothing can wake it");
      }
      testing::check_can_wake(core.store, id, view);
    }
    for (const auto& [name, checks] : invariants) {
      try {
        checks(run);
      } catch (const std::exception& error) {
        throw Error("Invariant", "invariant '" + name + "' does not hold: " + error.what());
      }
    }
  }

  /// Makes the run that shows a failure smaller, as long as it still shows one.
  std::pair<SimulationOptions, std::string> shrink(std::uint64_t seed, std::string reason) {
    SimulationOptions best = options;
    const auto still_fails = [&](const SimulationOptions& candidate) {
      const Outcome outcome = run_seed(seed, candidate);
      if (!outcome.failure) return false;
      reason = *outcome.failure;
      best = candidate;
      return true;
    };
    for (double Faults::* fault : testing::all_faults()) {
      SimulationOptions candidate = best;
      if (candidate.faults.*fault == 0) continue;
      candidate.faults.*fault = 0;
      still_fails(candidate);
    }
    while (best.executions > 1 && !plan) {
      SimulationOptions candidate = best;
      candidate.executions = best.executions / 2;
      if (still_fails(candidate)) continue;
      candidate.executions = best.executions - 1;
      if (!still_fails(candidate)) break;
    }
    return {best, reason};
  }

  Service& service;
  SimulationOptions options;
  std::function<void(SimulatedRun&)> plan;
  std::vector<std::pair<std::string, std::function<void(SimulatedRun&)>>> invariants;
};

Simulation::Simulation(Service& service, SimulationOptions options)
    : core_(std::make_unique<Core>(service, options)) {}
Simulation::~Simulation() = default;

Simulation& Simulation::scenario(std::function<void(SimulatedRun&)> plan) {
  core_->plan = std::move(plan);
  return *this;
}

Simulation& Simulation::invariant(std::string name, std::function<void(SimulatedRun&)> check) {
  core_->invariants.emplace_back(std::move(name), std::move(check));
  return *this;
}

SimulationReport Simulation::run(const std::function<void(const SimulationReport&)>& progress) {
  SimulationReport report;
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < core_->options.seeds; ++i) {
    const auto spent =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
    if (spent >= core_->options.time_limit) break;
    const std::uint64_t seed = core_->options.first_seed + i;
    const Core::Outcome outcome = core_->run_seed(seed, core_->options);
    ++report.seeds_run;
    report.steps += outcome.steps;
    report.executions += outcome.executions;
    report.crashes += outcome.crashes;
    report.faults += outcome.faults;
    if (outcome.failure) {
      auto [smallest, reason] = core_->shrink(seed, *outcome.failure);
      report.failure = SimulationFailure{seed, reason, testing::reproduction(seed, smallest)};
    }
    if (progress) progress(report);
    if (report.failure) break;
  }
  return report;
}

}  // namespace eventual
