// The verb `sim`: the whole service on virtual time, under faults, seed after seed.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "eventual/json.hpp"
#include "eventual/simulation.hpp"
#include "program/verbs.hpp"
#include "testing/faults.hpp"

namespace eventual::program {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t k_seeds_usual = 1000;
constexpr std::uint64_t k_seeds_max = 1'000'000'000'000;
constexpr std::uint32_t k_executions_max = 10'000;
constexpr std::int64_t k_seconds_max = 1'000'000;
constexpr std::chrono::milliseconds k_between_progress{100};

/// As they stand on the command line.
struct Arguments {
  std::uint64_t seeds = k_seeds_usual;
  std::uint64_t seed = 1;
  std::string faults;
  std::int64_t seconds = 0;
  std::uint32_t executions = SimulationOptions().executions;
  std::string only;
  std::uint64_t calm_after = SimulationOptions().calm_after;
  bool trace = false;
  bool json = false;
  bool one_seed = false;
  bool some_requests = false;
};

Result<SimulationOptions> options_of(const Arguments& arguments) {
  SimulationOptions options;
  options.first_seed = arguments.seed;
  options.seeds = arguments.one_seed ? 1 : arguments.seeds;
  options.shrink = !arguments.one_seed;
  if (arguments.seconds > 0) options.time_limit = std::chrono::seconds(arguments.seconds);
  options.executions = arguments.executions;
  options.calm_after = arguments.calm_after;
  if (!arguments.faults.empty()) {
    auto faults = testing::parse_faults(arguments.faults);
    if (!faults) return faults.error();
    options.faults = *faults;
  }
  if (arguments.some_requests) {
    auto only = testing::parse_numbers(arguments.only);
    if (!only) return only.error();
    options.only = std::move(*only);
  }
  if (arguments.trace && !arguments.one_seed)
    return Error(std::string(error_names::k_invalid_input), "--trace is for one seed: --seed S");
  return options;
}

// --- a process that dies ---

// The line that runs the current seed again, for a service whose code ends the process.
char g_current[512];
std::size_t g_current_size = 0;

void on_fatal_signal(int number) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, g_current, g_current_size);
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void remember_seed(std::string_view program, std::uint64_t seed, SimulationOptions options) {
  const std::string text = fmt::format("\nthe process died in seed {}\nreproduce: {} {}\n", seed,
                                       program, testing::reproduction(seed, options));
  g_current_size = std::min(text.size(), sizeof g_current);
  std::memcpy(g_current, text.data(), g_current_size);
}

// --- what people and programs read ---

class Progress {
 public:
  Progress(const SimulationOptions& options, bool shown) : options_(options), shown_(shown) {}

  void update(const SimulationReport& report) {
    const SteadyClock::time_point now = SteadyClock::now();
    if (!shown_ || now - last_ < k_between_progress) return;
    last_ = now;
    fmt::print(stderr, "\r\x1b[K{} of {} seeds, {:.0f} seeds/s", report.seeds_run, options_.seeds,
               static_cast<double>(report.seeds_run) / elapsed_s());
    std::fflush(stderr);
  }
  void end() const {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  double elapsed_s() const {
    return std::max(1e-3, std::chrono::duration<double>(SteadyClock::now() - begun_).count());
  }

 private:
  const SimulationOptions& options_;
  const bool shown_;
  const SteadyClock::time_point begun_ = SteadyClock::now();
  SteadyClock::time_point last_ = begun_;
};

void print_json(const std::string& service, const SimulationOptions& options,
                const SimulationReport& report, const std::string& reproduce, double elapsed_s) {
  Json faults = Json::object({});
  for (const auto& fault : report.faults) faults.set(fault.name, fault.count);
  Json json = Json::object({});
  json.set("service", service);
  json.set("ok", report.ok());
  json.set("first_seed", options.first_seed);
  json.set("seeds", report.seeds_run);
  json.set("steps", report.steps);
  json.set("executions", report.executions);
  json.set("requests", report.requests);
  json.set("crashes", report.crashes);
  json.set("faults", std::move(faults));
  json.set("elapsed_s", elapsed_s);
  json.set("seeds_per_s", static_cast<double>(report.seeds_run) / elapsed_s);
  if (report.failure) {
    Json failure = Json::object({});
    failure.set("seed", report.failure->seed);
    failure.set("reason", report.failure->reason);
    failure.set("reproduce", reproduce);
    json.set("failure", std::move(failure));
  }
  fmt::print("{}\n", json.dump());
}

void print_text(const SimulationReport& report, const std::string& reproduce, double elapsed_s) {
  fmt::print("{:<12}{:>12}   {:.0f} seeds/s\n", "seeds", report.seeds_run,
             static_cast<double>(report.seeds_run) / elapsed_s);
  fmt::print("{:<12}{:>12}\n", "steps", report.steps);
  fmt::print("{:<12}{:>12}\n", "executions", report.executions);
  fmt::print("{:<12}{:>12}\n", "requests", report.requests);
  fmt::print("{:<12}{:>12}\n", "crashes", report.crashes);
  fmt::print("{:<12}{:>12}\n", "faults", report.faults_total());
  for (const auto& fault : report.faults) {
    if (fault.count > 0) fmt::print("  {:<20}{:>12}\n", fault.name, fault.count);
  }
  if (!report.failure) {
    fmt::print("OK\n");
    return;
  }
  fmt::print("FAILED in seed {}: {}\nreproduce: {}\n", report.failure->seed, report.failure->reason,
             reproduce);
}

int simulate(Service& service, const std::string& program, const Arguments& arguments) {
  Result<SimulationOptions> options = options_of(arguments);
  if (!options) return complain(options.error().message(), k_exit_usage);
  const detail::Declarations& declared = service.declarations();
  if (declared.workflows().empty() && declared.commands().empty() && declared.events().empty() &&
      !service.simulation()) {
    return complain("the service declares no workflow, command or event: nothing to simulate",
                    k_exit_usage);
  }
  if (arguments.trace) {
    options->trace = [](std::string_view line) { fmt::print(stderr, "{}\n", line); };
  }
  Simulation simulation(service, *options);
  if (service.simulation()) service.simulation()(simulation);

  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    ::signal(number, &on_fatal_signal);
  remember_seed(program, options->first_seed, *options);
  Progress progress(*options, ::isatty(STDERR_FILENO) != 0 && !arguments.trace);
  const SimulationReport report = simulation.run([&](const SimulationReport& so_far) {
    remember_seed(program, options->first_seed + so_far.seeds_run, *options);
    progress.update(so_far);
  });
  const double elapsed_s = progress.elapsed_s();
  progress.end();

  const std::string reproduce =
      report.failure ? program + " " + report.failure->reproduce : std::string();
  if (arguments.json) {
    print_json(service.name(), *options, report, reproduce, elapsed_s);
  } else {
    print_text(report, reproduce, elapsed_s);
  }
  return report.ok() ? k_exit_done : k_exit_failed;
}

std::string faults_help() {
  std::string names;
  for (const testing::FaultKind& kind : testing::fault_kinds())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", kind.name);
  return fmt::format(
      "none, default, or a list such as crash=0.02,delay=0: each fault's chance from 0 to 1, of {}",
      names);
}

}  // namespace

Verb add_sim(CLI::App& program, std::string name) {
  CLI::App* app = program.add_subcommand(
      "sim", "Runs the service on virtual time under faults, from many seeds");
  auto arguments = std::make_shared<Arguments>();
  app->add_option("--seeds", arguments->seeds, "how many seeds [1000; with --seed alone: 1]")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, k_seeds_max));
  app->add_option("--seed", arguments->seed, "the first seed [1]")->type_name("S");
  app->add_option("--faults", arguments->faults, faults_help())->type_name("LIST");
  app->add_option("--seconds", arguments->seconds, "begin no new seed after so long")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, k_seconds_max));
  app->add_option("--executions", arguments->executions,
                  "how many a run starts when the service has no scenario [8]")
      ->type_name("N")
      ->check(CLI::Range(std::uint32_t{1}, k_executions_max));
  app->add_option("--only", arguments->only,
                  "the requests of the scenario that are made, as in 0,4-6 (-: none)")
      ->type_name("NUMBERS");
  app->add_option("--calm-after", arguments->calm_after, "no faults after so many steps")
      ->type_name("STEPS");
  app->add_flag("--trace", arguments->trace, "print each step; for one seed");
  app->add_flag("--json", arguments->json, "print one JSON document");
  return {app, [app, arguments, name = std::move(name)](Service& service) {
            arguments->one_seed = app->count("--seed") > 0 && app->count("--seeds") == 0;
            arguments->some_requests = app->count("--only") > 0;
            return simulate(service, name, *arguments);
          }};
}

}  // namespace eventual::program
